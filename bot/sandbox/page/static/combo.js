// Suggestions under (or rather above) a field, driven by arrows, Enter, Tab and Escape.

import { fill, h, say, unique } from "./dom.js";

/**
 * Attach suggestions to a text field. `source(text)` gives (a promise of) items {label, description, ...} or null
 * for none; `onPick(item)` gets the chosen one. Returns {refresh, close, isOpen}.
 */
export function combo(input, { source, onPick, label, wait = 0, list = null }) {
  const box = list ?? h("ul", { class: "suggestions", hidden: true });
  box.id ||= unique("suggestions");
  box.setAttribute("role", "listbox");
  box.setAttribute("aria-label", label);
  if (!list) input.after(box);
  if (input.tagName === "INPUT") input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", box.id);
  input.setAttribute("aria-expanded", "false");

  let items = [];
  let active = -1;
  let timer = 0;
  let asked = 0;

  const isOpen = () => !box.hidden;

  function close() {
    clearTimeout(timer);
    asked++;
    box.hidden = true;
    items = [];
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function mark(index) {
    active = index;
    [...box.children].forEach((node, i) => node.setAttribute("aria-selected", String(i === index)));
    const node = box.children[index];
    if (node) {
      input.setAttribute("aria-activedescendant", node.id);
      node.scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  }

  function show(found) {
    items = found ?? [];
    if (!items.length) return close();
    fill(box, items.map((item, index) => h("li", {
      id: unique("suggestion"), role: "option", "aria-selected": "false",
      onpointerdown: (event) => event.preventDefault(), // the field keeps the focus
      onclick: () => choose(index),
    }, h("strong", {}, item.label), item.description && h("span", {}, item.description))));
    box.hidden = false;
    input.setAttribute("aria-expanded", "true");
    mark(0);
    say(items.length === 1 ? "1 suggestion" : `${items.length} suggestions`);
    return undefined;
  }

  function choose(index) {
    const item = items[index];
    close();
    if (item) onPick(item);
  }

  function refresh() {
    clearTimeout(timer);
    const turn = ++asked;
    timer = setTimeout(async () => {
      const found = await source(input.value);
      if (turn === asked) show(found); // an answer to what is no longer typed is dropped
    }, wait);
  }

  input.addEventListener("input", refresh);
  input.addEventListener("blur", () => setTimeout(() => { if (document.activeElement !== input) close(); }, 120));
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (!isOpen()) {
      if (event.key === "ArrowDown" && input.tagName === "INPUT") { event.preventDefault(); refresh(); }
      return;
    }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      mark((active + (event.key === "ArrowDown" ? 1 : -1) + items.length) % items.length);
    } else if (event.key === "Enter" || event.key === "Tab") {
      if (event.key === "Enter" || input.tagName !== "INPUT") event.preventDefault();
      event.stopImmediatePropagation();
      choose(active);
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopImmediatePropagation();
      close();
    }
  });
  return { refresh, close, isOpen };
}
