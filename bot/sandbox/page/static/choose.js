// Lists of choices, in forms and behind menus, and the dialog that asks for one.

import { avatar, emojiText, fill, h, unique } from "./dom.js";

const ENTITIES = { 5: ["user"], 6: ["role"], 7: ["user", "role"], 8: ["channel"] };

/** The options of any select component, as {value, label, description, emoji, default}. */
export function optionsOf(component, view) {
  if (component.options) return component.options;
  const place = view.conversation?.placeId;
  const wanted = new Set((component.default_values ?? []).map((item) => item.id));
  const out = [];
  for (const kind of ENTITIES[component.type] ?? []) out.push(...entities(kind, view, place, component.channel_types));
  return out.map((option) => ({ ...option, default: wanted.has(option.value) }));
}

/** People, roles or channels that can be named from this place. */
export function entities(kind, view, place, channelTypes) {
  if (kind === "user") {
    const ids = place ? view.names.members[place] ?? [] : Object.keys(view.names.users);
    return ids.map((id) => ({ value: id, label: view.names.users[id] ?? "somebody", kind }));
  }
  if (kind === "role") {
    return Object.entries(view.names.roles).filter(([id, role]) => role.place === place && id !== place)
      .map(([id, role]) => ({ value: id, label: `@${role.name}`, kind }));
  }
  const there = view.places.find((item) => item.id === place);
  return (there?.channels ?? [])
    .filter((channel) => !channelTypes?.length || channelTypes.includes({ text: 0, voice: 2, thread: 11 }[channel.kind]))
    .map((channel) => ({ value: channel.id, label: `#${channel.name}`, kind }));
}

/** A list of radio buttons or ticks. `read()` gives the chosen values. */
export function choiceList(options, { multiple, name, describedBy }) {
  const group = unique(name ?? "choice");
  const rows = options.map((option) => {
    const input = h("input", { type: multiple ? "checkbox" : "radio", name: group, value: option.value, checked: Boolean(option.default) });
    return h("label", { class: "choice" }, input,
      option.kind === "user" && avatar(option.value, option.label, "small"),
      h("span", { class: "grow" }, option.emoji && h("span", { "aria-hidden": "true" }, `${emojiText(option.emoji)} `), option.label,
        option.description && h("small", {}, option.description)));
  });
  const node = h("div", { class: "choices", role: multiple ? "group" : "radiogroup", "aria-describedby": describedBy }, rows);
  return { node, read: () => [...node.querySelectorAll("input:checked")].map((input) => input.value) };
}

/** A dialog of our own. Closing it gives focus back to where it was. */
export function dialog(title, { wide = false } = {}) {
  const heading = unique("dialog");
  const body = h("div", { class: "dialog-body" });
  const node = h("dialog", { "aria-labelledby": heading, class: wide ? "wide" : null },
    h("header", {}, h("h2", { id: heading }, title),
      h("button", { type: "button", class: "icon", "aria-label": "Close", onclick: () => node.close() }, h("span", { "aria-hidden": "true" }, "×"))),
    body);
  let opener = null;
  node.addEventListener("close", () => {
    node.remove();
    returnFocus(opener);
  });
  // A press on the dimmed page behind is a press on the dialog element itself.
  node.addEventListener("pointerdown", (event) => { if (event.target === node) node.close(); });
  document.body.append(node);
  const open = () => {
    const from = document.activeElement;
    opener = { from, row: from?.closest("[data-key]")?.dataset.key, custom: from?.dataset.custom };
    node.showModal();
  };
  return { node, body, open };
}

/** The browser gives focus back to what had it; a message drawn anew meanwhile has another node for the same button. */
function returnFocus(opener) {
  if (!opener || opener.from?.isConnected || document.querySelector("dialog[open]")) return;
  const row = opener.row && document.querySelector(`[data-key="${CSS.escape(opener.row)}"]`);
  const same = row && opener.custom && row.querySelector(`[data-custom="${CSS.escape(opener.custom)}"]`);
  (same || row || document.getElementById("text")).focus({ preventScroll: true });
}

/** Ask for the values of a menu in a message. Gives an array, or null when closed. */
export function pick(component, view) {
  const options = optionsOf(component, view);
  const low = component.min_values ?? 1;
  const high = component.max_values ?? 1;
  const { node, body, open } = dialog(component.placeholder || "Choose");
  return new Promise((resolve) => {
    let result = null;
    node.addEventListener("close", () => resolve(result));
    const finish = (values) => { result = values; node.close(); };
    if (high === 1 && low === 1) {
      fill(body, h("div", { class: "choices" }, options.map((option) => h("button", {
        type: "button", class: `choice${option.default ? " chosen" : ""}`, "aria-pressed": option.default ? "true" : null, onclick: () => finish([option.value]),
      }, option.kind === "user" && avatar(option.value, option.label, "small"),
      h("span", { class: "grow" }, option.emoji && h("span", { "aria-hidden": "true" }, `${emojiText(option.emoji)} `), option.label, option.description && h("small", {}, option.description))))));
    } else {
      const trouble = h("p", { class: "trouble", role: "alert", hidden: true });
      const list = choiceList(options, { multiple: true });
      fill(body, h("p", { class: "quiet" }, low === high ? `Choose ${low}.` : `Choose ${low ? `between ${low} and` : "up to"} ${high}.`), list.node, trouble,
        h("div", { class: "row end" }, h("button", { type: "button", class: "primary", onclick: () => {
          const values = list.read();
          if (values.length >= low && values.length <= high) return finish(values);
          trouble.hidden = false;
          trouble.textContent = values.length < low ? `Choose at least ${low}.` : `Choose at most ${high}.`;
          return undefined;
        } }, "Choose")));
    }
    if (!options.length) fill(body, h("p", {}, "There is nobody and nothing to choose from here."));
    open();
  });
}
