// Slash commands: finding one, filling in its options, sending it.

import { entities } from "./choose.js";
import { combo } from "./combo.js";
import { $, fill, h, unique } from "./dom.js";
import { readFiles } from "./form.js";
import { act } from "./link.js";

const KINDS = { 6: ["user"], 7: ["channel"], 8: ["role"], 9: ["user", "role"] };
const FRESH = 4000;
const cache = { key: "", at: 0, leaves: [] };

/** Every command a person sees in a channel, subcommands written out: {path, description, options}. */
export async function commandsIn(person, channel) {
  const key = `${person}/${channel}`;
  if (cache.key === key && Date.now() - cache.at < FRESH) return cache.leaves;
  const answer = await act(person, "commands", { channel });
  if (!answer.ok) return [];
  Object.assign(cache, { key, at: Date.now(), leaves: answer.commands.filter((c) => (c.type ?? 1) === 1).flatMap((c) => leaves(c, [])) });
  cache.leaves.sort((a, b) => a.path.localeCompare(b.path));
  return cache.leaves;
}

function leaves(node, above) {
  const path = [...above, node.name];
  const children = (node.options ?? []).filter((option) => option.type === 1 || option.type === 2);
  if (children.length) return children.flatMap((child) => leaves(child, path));
  return [{ path: path.join(" "), description: node.description, options: node.options ?? [] }];
}

/** The commands that fit what has been typed, best first, as suggestions. */
export function matching(found, typed) {
  const wanted = typed.toLowerCase().trim();
  return found
    .map((command) => ({ command, rank: command.path.startsWith(wanted) ? 0 : command.path.includes(wanted) ? 1 : command.description.toLowerCase().includes(wanted) ? 2 : 3 }))
    .filter((item) => item.rank < 3)
    .sort((a, b) => a.rank - b.rank)
    .slice(0, 25)
    .map(({ command }) => ({ label: `/${command.path}`, description: command.description, command }));
}

/** Show the fields of a command. `done()` leaves, `run(values)` sends and tells whether it was taken. */
export function fillIn(command, state, { done, run }) {
  const box = $("command");
  const trouble = h("p", { class: "trouble", role: "alert", hidden: true });
  const fields = command.options.map((option) => optionField(option, command, state, () => values()));
  const send = h("button", { type: "button", class: "primary", onclick: submit }, "Send command");

  function values() {
    const out = {};
    for (const field of fields) {
      const value = field.now();
      if (value !== undefined && value !== "") out[field.name] = value;
    }
    return out;
  }

  async function submit() {
    if (send.disabled) return;
    const wrong = fields.map((field) => [field, field.wrong()]).find(([, words]) => words);
    if (wrong) {
      trouble.textContent = wrong[1];
      trouble.hidden = false;
      wrong[0].focus();
      return;
    }
    send.disabled = true;
    trouble.hidden = true;
    const filled = {};
    for (const field of fields) {
      const value = await field.read();
      if (value !== undefined && value !== "") filled[field.name] = value;
    }
    const refusal = await run(filled);
    send.disabled = false;
    if (!refusal) return;
    trouble.textContent = refusal;
    trouble.hidden = false;
  }

  box.onkeydown = (event) => {
    if (event.key === "Escape") { event.preventDefault(); done(); }
    if (event.key === "Enter" && event.target instanceof HTMLInputElement && !event.isComposing) { event.preventDefault(); submit(); }
  };
  fill(box,
    h("div", { class: "command-name" }, h("strong", {}, `/${command.path}`), h("span", { class: "quiet" }, command.description)),
    fields.length ? h("div", { class: "options" }, fields.map((field) => field.node)) : null,
    trouble,
    h("div", { class: "row end" }, h("button", { type: "button", class: "secondary", onclick: done }, "Cancel"), send));
  box.hidden = false;
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", `The command /${command.path}`);
  const first = fields.find((field) => field.required) ?? fields[0];
  if (first) first.focus();
  else send.focus();
}

function optionField(option, command, state, others) {
  const id = unique("option");
  const help = unique("option-help");
  const kit = make(option, { id, help, command, state, others });
  const node = h("div", { class: "option" },
    h("label", { for: id }, option.name, option.required ? "" : h("span", { class: "quiet" }, " (optional)")),
    h("div", { class: "with-suggestions" }, kit.input, kit.extra),
    h("small", { id: help }, option.description));
  kit.afterPlacing?.();
  return {
    node, name: option.name, required: option.required, focus: () => kit.input.focus(), now: kit.now, read: kit.read ?? kit.now,
    wrong: () => {
      const value = kit.now();
      if (option.required && (value === undefined || value === "")) return `Please fill in “${option.name}”.`;
      return kit.wrong?.() ?? null;
    },
  };
}

function make(option, kit) {
  const shared = { id: kit.id, "aria-describedby": kit.help, "aria-required": option.required ? "true" : null };
  if (option.type === 11) {
    const input = h("input", { ...shared, type: "file" });
    return { input, now: () => (input.files.length ? input.files[0].name : undefined), read: async () => (input.files.length ? (await readFiles(input.files))[0] : undefined) };
  }
  if (option.type === 5 || KINDS[option.type]) {
    const place = kit.state.view.conversation?.placeId;
    const found = option.type === 5
      ? [{ value: "true", label: "Yes" }, { value: "false", label: "No" }]
      : KINDS[option.type].flatMap((kind) => entities(kind, kit.state.view, place, option.channel_types));
    const input = h("select", shared, h("option", { value: "" }, "Choose"), found.map((item) => h("option", { value: item.value }, item.label)));
    return { input, now: () => (option.type === 5 && input.value ? input.value === "true" : input.value || undefined) };
  }
  const number = option.type === 4 || option.type === 10;
  const input = h("input", { ...shared, type: "text", placeholder: option.name, inputmode: number ? (option.type === 4 ? "numeric" : "decimal") : null, maxlength: option.max_length ?? 6000 });
  if (!option.autocomplete && !option.choices?.length) {
    return { input, now: () => input.value.trim() || undefined, wrong: () => (number && input.value.trim() && Number.isNaN(Number(input.value)) ? `“${option.name}” takes a number.` : null) };
  }
  return suggested(option, kit, input, number);
}

function suggested(option, kit, input, number) {
  let picked = null; // {label, value}, while the field still shows its label
  const list = h("ul", { class: "suggestions", hidden: true });
  const search = async (text) => {
    if (picked && picked.label === text) return null;
    if (!option.autocomplete) {
      const wanted = text.toLowerCase();
      return option.choices.filter((choice) => choice.name.toLowerCase().includes(wanted)).map((choice) => ({ label: choice.name, value: choice.value }));
    }
    const filled = kit.others();
    delete filled[option.name];
    const answer = await act(kit.state.view.me.id, "autocomplete", {
      channel: kit.state.view.conversation.id, command: kit.command.path, option: option.name, value: text, filled,
    });
    return answer.ok ? answer.choices.map((choice) => ({ label: choice.name, value: choice.value })) : null;
  };
  return {
    input, extra: list,
    afterPlacing: () => {
      const suggestions = combo(input, {
        source: search, label: `Suggestions for ${option.name}`, wait: option.autocomplete ? 220 : 0, list,
        onPick: (item) => { picked = item; input.value = item.label; },
      });
      input.addEventListener("focus", () => suggestions.refresh());
    },
    now: () => {
      if (picked && picked.label === input.value) return picked.value;
      const typed = input.value.trim();
      return option.choices?.find((choice) => choice.name.toLowerCase() === typed.toLowerCase())?.value ?? (typed || undefined);
    },
    wrong: () => {
      const typed = input.value.trim();
      if (!typed || option.autocomplete || (picked && picked.label === input.value)) return number && typed && !picked && Number.isNaN(Number(typed)) ? `“${option.name}” takes a number.` : null;
      return option.choices.some((choice) => choice.name.toLowerCase() === typed.toLowerCase()) ? null : `Choose one of the suggestions for “${option.name}”.`;
    },
  };
}
