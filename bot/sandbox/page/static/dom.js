// Building elements out of plain data. Text only ever becomes text: there is no way here to pass markup.

export const $ = (id) => document.getElementById(id);

/** h("button", {type: "button", class: "x", onclick: f, data: {id: 1}}, "text", node, [more]) */
export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name === "value" || name === "checked") node[name] = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  add(node, children);
  return node;
}

export function add(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false || child === "") continue;
    node.append(child);
  }
  return node;
}

/** Replace everything inside a node. */
export function fill(node, ...children) {
  node.replaceChildren();
  return add(node, children);
}

/** Say something to screen readers, without showing it. */
export function say(text) {
  const region = $("say");
  region.textContent = "";
  // A reader notices a change, so the same words twice need a moment of nothing between them.
  setTimeout(() => { region.textContent = text; }, 60);
}

let counter = 0;
export const unique = (stem) => `${stem}-${++counter}`;

/** Initials on a colour that stays the same for the same person. Decorative: names stand beside it. */
export function avatar(id, name, extra = "") {
  const letters = name.split(/[^\p{L}\p{N}]+/u).filter(Boolean).map((word) => [...word][0]).slice(0, 2).join("").toUpperCase();
  const node = h("span", { class: `avatar ${extra}`, "aria-hidden": "true" }, letters || "?");
  let hash = 7;
  for (const c of String(id) + name) hash = (hash * 31 + c.codePointAt(0)) % 100003;
  node.style.setProperty("--hue", String(hash % 360));
  return node;
}

export const emojiText = (emoji) => (emoji ? (emoji.id ? `:${emoji.name}:` : emoji.name || "") : "");

/** A web address that may be shown as a link, or null. */
export function webAddress(url) {
  try {
    const parsed = new URL(url);
    return ["http:", "https:"].includes(parsed.protocol) ? parsed : null;
  } catch {
    return null;
  }
}

/** A file that this page itself serves. */
export const isOwn = (url) => typeof url === "string" && url.startsWith("/api/file?");

export function link(url, ...children) {
  return h("a", { href: url.href, target: "_blank", rel: "noopener noreferrer nofollow" }, ...children);
}
