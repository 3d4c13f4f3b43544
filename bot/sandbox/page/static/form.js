// Discord's forms (modals): a dialog with labelled fields.

import { choiceList, dialog, optionsOf } from "./choose.js";
import { add, fill, h, unique } from "./dom.js";
import { markdown } from "./markdown.js";

const readFile = (file) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.addEventListener("load", () => resolve({ file: file.name, data: String(reader.result).split(",")[1] ?? "" }));
  reader.addEventListener("error", () => reject(reader.error));
  reader.readAsDataURL(file);
});

/** Files as the rehearsal takes them: [{file, data}]. */
export const readFiles = (files) => Promise.all([...files].map(readFile));

/** Show a form. `submit(values)` gives {ok, reason, failed}; the dialog closes when that went well. */
export function openForm(modal, context, submit) {
  const { node, body, open } = dialog(modal.title, { wide: true });
  const fields = [];
  const parts = (modal.components ?? []).map((component) => part(component, context, fields));
  const trouble = h("p", { class: "trouble", role: "alert", hidden: true });
  const send = h("button", { type: "submit", class: "primary" }, "Send");
  const form = h("form", { novalidate: true }, parts, trouble,
    h("div", { class: "row end footer" }, h("button", { type: "button", class: "secondary", onclick: () => node.close() }, "Cancel"), send));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (send.disabled) return;
    const wrong = fields.filter((field) => field.check());
    if (wrong.length) return wrong[0].focus();
    send.disabled = true;
    trouble.hidden = true;
    const values = {};
    for (const field of fields) {
      const value = await field.read();
      if (value !== undefined) values[field.id] = value;
    }
    const outcome = await submit(values);
    send.disabled = false;
    if (outcome.ok && !outcome.failed) return node.close();
    trouble.textContent = outcome.reason ?? `${outcome.failed} Your words are still here.`;
    trouble.hidden = false;
    return undefined;
  });
  fill(body, form);
  open();
  (form.querySelector("input:not([type=hidden]), textarea, select") ?? send).focus();
  return node;
}

function part(component, context, fields) {
  switch (component.type) {
    case 1: return (component.components ?? []).map((inner) => labelled(inner, inner.label ?? "", null, context, fields));
    case 10: return h("div", { class: "md" }, markdown(component.content, context));
    case 18: return component.component ? labelled(component.component, component.label, component.description, context, fields) : null;
    default: return labelled(component, component.label ?? "", component.description, context, fields);
  }
}

function labelled(component, label, description, context, fields) {
  const kit = {
    id: unique("field"), help: unique("help"), wrong: unique("wrong"),
    label, optional: component.required === false || (component.required === undefined && [21, 22, 23].includes(component.type)),
  };
  const field = make(component, kit, context);
  const complaint = h("small", { id: kit.wrong, class: "trouble", hidden: true });
  field.id = component.custom_id;
  const verdict = field.check;
  field.check = () => {
    const words = verdict();
    complaint.textContent = words ?? "";
    complaint.hidden = !words;
    for (const target of field.targets) {
      if (words) target.setAttribute("aria-invalid", "true");
      else target.removeAttribute("aria-invalid");
    }
    return words;
  };
  fields.push(field);
  const name = [label, !kit.optional && h("span", { class: "star", "aria-hidden": "true" }, "*")];
  const notes = [description && h("small", { id: kit.help }, description), field.node, complaint];
  return field.grouped
    ? add(h("fieldset", { class: "question" }), [h("legend", {}, name), notes])
    : h("div", { class: "question" }, h("label", { for: kit.id }, name), notes);
}

function make(component, kit, context) {
  const described = `${kit.help} ${kit.wrong}`;
  switch (component.type) {
    case 4: return words(component, kit, described);
    case 19: return upload(component, kit, described);
    case 23: return tick(component, kit, described);
    default: return several(component, kit, described, context);
  }
}

function words(component, kit, described) {
  const node = h(component.style === 2 ? "textarea" : "input", {
    id: kit.id, type: component.style === 2 ? null : "text", rows: component.style === 2 ? 4 : null, value: component.value ?? "",
    placeholder: component.placeholder, maxlength: component.max_length ?? 4000, "aria-describedby": described, "aria-required": kit.optional ? null : "true",
  });
  return {
    node, targets: [node], focus: () => node.focus(), read: () => node.value,
    check: () => {
      if (!kit.optional && !node.value.trim()) return "Please fill this in.";
      if (node.value && node.value.length < (component.min_length ?? 0)) return `At least ${component.min_length} characters, please.`;
      return null;
    },
  };
}

function upload(component, kit, described) {
  const most = component.max_values ?? 1;
  const node = h("input", { type: "file", id: kit.id, multiple: most > 1, "aria-describedby": described });
  return {
    node, targets: [node], focus: () => node.focus(),
    read: async () => (node.files.length ? readFiles(node.files) : undefined),
    check: () => {
      if (!kit.optional && node.files.length < (component.min_values ?? 1)) return "Please choose a file.";
      return node.files.length > most ? `At most ${most} files, please.` : null;
    },
  };
}

function tick(component, kit, described) {
  const node = h("input", { type: "checkbox", id: kit.id, checked: Boolean(component.default), "aria-describedby": described });
  return { node, targets: [node], focus: () => node.focus(), read: () => node.checked, check: () => null };
}

/** A menu of which one thing is chosen, folded up as Discord folds it. */
function menu(options, kit, described) {
  const chosen = options.find((option) => option.default);
  const node = h("select", { id: kit.id, "aria-describedby": described, "aria-required": kit.optional ? null : "true" },
    h("option", { value: "" }, "Choose"),
    options.map((option) => h("option", { value: option.value, selected: option === chosen }, option.description ? `${option.label}: ${option.description}` : option.label)));
  return {
    node, targets: [node], focus: () => node.focus(),
    read: () => (node.value ? [node.value] : undefined),
    check: () => (node.value || kit.optional ? null : "Please choose."),
  };
}

function several(component, kit, described, context) {
  const options = optionsOf(component, context.view);
  if (component.type === 3 && (component.max_values ?? 1) === 1 && (kit.optional || options.length > 5)) return menu(options, kit, described);
  const most = component.type === 21 ? 1 : component.max_values ?? (component.type === 22 ? options.length : 1);
  const least = component.min_values ?? 1;
  const list = choiceList(options, { multiple: component.type === 22 || most > 1 || kit.optional, name: kit.id, describedBy: described });
  return {
    node: list.node, targets: [list.node], grouped: true,
    focus: () => list.node.querySelector("input")?.focus(),
    read: () => {
      const values = list.read();
      if (component.type === 21) return values[0];
      return values.length ? values : undefined;
    },
    check: () => {
      const count = list.read().length;
      if (!count) return kit.optional ? null : "Please choose.";
      if (count < least) return `Please choose at least ${least}.`;
      return count > most ? `Please choose at most ${most}.` : null;
    },
  };
}
