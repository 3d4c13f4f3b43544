// A message's own furniture: buttons, menus, layouts, embeds, files.

import { add, avatar, emojiText, h, isOwn, link, webAddress } from "./dom.js";
import { markdown } from "./markdown.js";
import { full } from "./time.js";

const BUTTON = { 1: "primary", 2: "secondary", 3: "success", 4: "danger" };
const SELECTS = { 3: "an answer", 5: "a person", 6: "a role", 7: "a person or a role", 8: "a channel" };
const BARS = 24;

/**
 * `context` has message, names, now, press(component), choose(component), busy (a custom id or null). While one is busy
 * nothing else of its message can be pressed, as in Discord.
 */
export function components(list, context) {
  return (list ?? []).map((component) => one(component, context));
}

function one(component, context) {
  switch (component.type) {
    case 1: return h("div", { class: "row wrap" }, components(component.components, context));
    case 2: return button(component, context);
    case 3: case 5: case 6: case 7: case 8: return menu(component, context);
    case 9:
      return h("div", { class: "section" },
        h("div", { class: "grow" }, components(component.components, context)),
        component.accessory && one(component.accessory, context));
    case 10: return h("div", { class: "md" }, markdown(component.content, context));
    case 11: return picture(component.media, component.description, "thumb", context);
    case 12: return gallery(component.items ?? [], context);
    case 13: return fileOf(component, context);
    case 14: return separator(component);
    case 17: return container(component, context);
    default: return h("p", { class: "quiet" }, "A part of this message that this rehearsal cannot show.");
  }
}

function button(component, context) {
  const emoji = emojiText(component.emoji);
  const inside = [emoji && h("span", { class: component.label ? "before" : null, "aria-hidden": component.label ? "true" : null }, emoji), component.label];
  if (component.style === 5) {
    const url = webAddress(component.url);
    if (!url || component.disabled) return h("button", { type: "button", class: "secondary", disabled: true }, inside);
    const node = link(url, inside, h("span", { class: "hush" }, " (opens a new tab)"), h("span", { "aria-hidden": "true", class: "out" }, "↗"));
    node.className = "button secondary";
    return node;
  }
  const busy = context.busy === component.custom_id;
  return h("button", {
    type: "button",
    class: `${BUTTON[component.style] ?? "secondary"}${busy ? " busy" : ""}`,
    disabled: component.disabled || component.style === 6 || (context.busy && !busy),
    "aria-busy": busy ? "true" : null,
    "aria-label": !component.label && !emoji ? "A button without words" : null,
    data: { custom: component.custom_id ?? "" },
    onclick: () => context.press(component),
  }, inside);
}

function menu(component, context) {
  const chosen = (component.options ?? []).filter((option) => option.default).map((option) => option.label);
  const prompt = component.placeholder || `Choose ${SELECTS[component.type]}`;
  const busy = context.busy === component.custom_id;
  return h("button", {
    type: "button",
    class: `menu${busy ? " busy" : ""}`,
    disabled: component.disabled || (context.busy && !busy),
    "aria-haspopup": "dialog",
    "aria-busy": busy ? "true" : null,
    data: { custom: component.custom_id },
    onclick: () => context.choose(component),
  }, h("span", {}, chosen.length ? `${prompt}: ${chosen.join(", ")}` : prompt), h("span", { "aria-hidden": "true" }, "▾"));
}

function container(component, context) {
  const node = h("div", { class: "container" }, components(component.components, context));
  if (component.accent_color != null) node.style.setProperty("--accent-line", colour(component.accent_color));
  return component.spoiler ? covered(node) : node;
}

function separator(component) {
  const wide = component.spacing === 2 ? " large" : "";
  return component.divider === false ? h("div", { class: `space${wide}` }) : h("hr", { class: wide.trim() || null });
}

const colour = (number) => `#${Number(number).toString(16).padStart(6, "0")}`;

/** Where a file of this message is, also when it is named the way a bot names its own uploads. */
function source(url, context) {
  if (typeof url === "string" && url.startsWith("attachment://")) {
    const wanted = url.slice("attachment://".length);
    return context.message.attachments?.find((file) => file.filename === wanted)?.url;
  }
  return url;
}

function picture(media, words, kind, context) {
  const url = source(media?.url, context);
  if (!isOwn(url)) {
    const outside = webAddress(url);
    return h("p", { class: "quiet" }, words ? `${words}. ` : "", outside ? ["Picture not loaded in a rehearsal: ", link(outside, outside.hostname)] : "A picture that is not here.");
  }
  return h("img", { class: kind, src: url, alt: words ?? "", loading: "lazy" });
}

function gallery(items, context) {
  return h("div", { class: `gallery n${Math.min(items.length, 4)}` }, items.map((item) => {
    const shown = picture(item.media, item.description, "shot", context);
    return item.spoiler ? covered(shown) : shown;
  }));
}

function fileOf(component, context) {
  const url = source(component.file?.url, context);
  const file = context.message.attachments?.find((item) => item.url === url);
  const node = download(url, component.name ?? file?.filename ?? "file", component.size ?? file?.size);
  return component.spoiler ? covered(node) : node;
}

function covered(node) {
  const cover = h("button", { type: "button", class: "cover", "aria-label": "Hidden: press to show" }, "Show what is hidden");
  cover.addEventListener("click", () => cover.replaceWith(node), { once: true });
  return cover;
}

function download(url, name, size) {
  const label = [h("span", { "aria-hidden": "true", class: "sheet" }), h("span", {}, name), size ? h("span", { class: "quiet" }, bytes(size)) : ""];
  return isOwn(url) ? h("a", { class: "file", href: url, download: name }, label) : h("span", { class: "file" }, label);
}

const bytes = (size) => (size < 1024 ? `${size} B` : size < 1048576 ? `${Math.round(size / 1024)} kB` : `${(size / 1048576).toFixed(1)} MB`);

/** The files of an ordinary message; a voice note shows as one. */
export function attachments(message, context) {
  const voice = Boolean(message.flags & (1 << 13));
  // What an embed or a layout shows already is not shown a second time.
  const used = JSON.stringify([message.embeds, message.components]);
  const rest = (message.attachments ?? []).filter((file) => !used.includes(JSON.stringify(file.url)) && !used.includes(JSON.stringify(`attachment://${file.filename}`)));
  return rest.map((file) => {
    if (voice) return voiceNote(file);
    if (/^image\/(png|jpeg|gif|webp)/.test(file.content_type ?? "") && isOwn(file.url)) {
      return picture(file, file.description ?? "", "shot", context);
    }
    return download(file.url, file.filename, file.size);
  });
}

function voiceNote(file) {
  const seconds = Math.max(1, Math.round(file.duration_secs ?? 1));
  const wave = h("span", { class: "wave", "aria-hidden": "true" });
  for (let i = 0; i < BARS; i++) {
    const bar = h("i");
    bar.style.setProperty("--tall", `${30 + Math.round(60 * Math.abs(Math.sin(i * 1.7)))}%`);
    wave.append(bar);
  }
  return h("p", { class: "voice" }, wave, `Voice note, ${seconds} s`);
}

export function stickers(message) {
  return (message.sticker_items ?? []).map((item) => h("p", { class: "sticker" }, avatar(item.id, item.name, "square"), `Sticker: ${item.name}`));
}

export function embeds(message, context) {
  return (message.embeds ?? []).map((embed) => {
    const title = embed.title && h("p", { class: "h3", role: "heading", "aria-level": 4 }, webAddress(embed.url) ? link(webAddress(embed.url), embed.title) : embed.title);
    const node = h("div", { class: "embed" },
      embed.author?.name && h("p", { class: "quiet" }, embed.author.name),
      embed.thumbnail?.url && picture(embed.thumbnail, embed.thumbnail.description, "thumb", context),
      title,
      embed.description && h("div", { class: "md" }, markdown(embed.description, context)),
      embed.fields?.length && h("dl", { class: "fields" }, embed.fields.map((field) => h("div", { class: field.inline ? "inline" : "" }, h("dt", {}, add(h("span"), [markdown(field.name, context)])), h("dd", { class: "md" }, markdown(field.value, context))))),
      embed.image?.url && picture(embed.image, embed.image.description, "shot", context),
      (embed.footer?.text || embed.timestamp) && h("p", { class: "quiet" }, [embed.footer?.text, embed.timestamp && full(new Date(embed.timestamp))].filter(Boolean).join(" · ")));
    if (embed.color) node.style.setProperty("--accent-line", colour(embed.color));
    return node;
  });
}

export function poll(message) {
  if (!message.poll) return null;
  return h("div", { class: "embed" }, h("p", { class: "h3" }, message.poll.question?.text), h("ul", {}, message.poll.answers.map((answer) => h("li", {}, answer.poll_media?.text))));
}
