// Discord's markdown, turned into elements. Whatever it does not understand stays text.

import { h, link, webAddress } from "./dom.js";
import { styled } from "./time.js";

const DEEPEST = 8;

/** `context` has names {users, channels, roles}, now (a Date), and onCommand(name). */
export function markdown(text, context) {
  const out = document.createDocumentFragment();
  out.append(...blocks(String(text ?? "").split("\n"), context, 0));
  return out;
}

function blocks(lines, context, depth) {
  const nodes = [];
  let plain = [];
  const flush = () => {
    while (plain.length && !plain[0].trim()) plain.shift();
    while (plain.length && !plain.at(-1).trim()) plain.pop();
    if (plain.length) nodes.push(h("p", {}, inline(plain.join("\n"), context, 0)));
    plain = [];
  };
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i];
    let match;
    if (line.startsWith("```")) {
      const end = fenceEnd(lines, i);
      if (end >= 0) {
        flush();
        nodes.push(fence(lines.slice(i, end + 1)));
        i = end;
        continue;
      }
    }
    if ((match = /^(#{1,3}) +(.+)$/.exec(line))) {
      flush();
      // Real headings belong to the page; a message's own come below them.
      nodes.push(h("p", { class: `h${match[1].length}`, role: "heading", "aria-level": match[1].length + 3 }, inline(match[2], context, 0)));
    } else if ((match = /^-# +(.+)$/.exec(line))) {
      flush();
      nodes.push(h("p", { class: "subtext" }, inline(match[1], context, 0)));
    } else if (depth < DEEPEST && line.startsWith(">>> ")) {
      flush();
      nodes.push(h("blockquote", {}, blocks([line.slice(4), ...lines.slice(i + 1)], context, depth + 1)));
      return nodes;
    } else if (depth < DEEPEST && line.startsWith("> ")) {
      flush();
      const quoted = [];
      while (i < lines.length && (lines[i].startsWith("> ") || lines[i] === ">")) quoted.push(lines[i++].slice(2));
      i--;
      nodes.push(h("blockquote", {}, blocks(quoted, context, depth + 1)));
    } else if (/^ *([-*]|\d{1,9}\.) +\S/.test(line)) {
      flush();
      const items = [];
      while (i < lines.length && (/^ *([-*]|\d{1,9}\.) +\S/.test(lines[i]) || (/^ {2,}\S/.test(lines[i]) && items.length))) items.push(lines[i++]);
      i--;
      nodes.push(...list(items, context));
    } else if (!line.trim()) {
      flush();
    } else {
      plain.push(line);
    }
  }
  flush();
  return nodes;
}

function fenceEnd(lines, start) {
  if (lines[start].length > 5 && lines[start].slice(3).includes("```")) return start;
  for (let i = start + 1; i < lines.length; i++) if (lines[i].includes("```")) return i;
  return -1;
}

function fence(lines) {
  let text = lines.join("\n").slice(3);
  text = text.slice(0, text.lastIndexOf("```"));
  text = text.replace(/^[a-zA-Z0-9+#-]*\n/, "").replace(/\n$/, "");
  return h("pre", { tabindex: "0", "aria-label": "Fixed text" }, h("code", {}, text));
}

function list(lines, context) {
  const roots = [];
  const stack = []; // {indent, node}
  for (const line of lines) {
    const match = /^( *)([-*]|\d{1,9}\.) +(.*)$/.exec(line);
    if (!match) {
      stack.at(-1)?.node.lastElementChild?.append(h("br"), ...inline(line.trim(), context, 0));
      continue;
    }
    const indent = match[1].length;
    while (stack.length && stack.at(-1).indent > indent) stack.pop();
    const ordered = match[2].endsWith(".");
    let here = stack.at(-1);
    if (!here || (here.indent < indent && stack.length < DEEPEST) || (here.indent === indent && here.ordered !== ordered)) {
      const node = h(ordered ? "ol" : "ul", ordered ? { start: parseInt(match[2], 10) } : {});
      const nested = here && here.indent < indent;
      if (here && !nested) stack.pop();
      const parent = nested ? here : stack.at(-1);
      if (parent?.node.lastElementChild) parent.node.lastElementChild.append(node);
      else roots.push(node);
      here = { indent, node, ordered };
      stack.push(here);
    }
    here.node.append(h("li", {}, inline(match[3], context, 0)));
  }
  return roots;
}

// In order of preference; each pattern is anchored where the text stands.
const RULES = [
  [/^\\([^\w\s])/, (m) => m[1]],
  [/^(`+)([^]*?[^`])\1(?!`)/, (m) => h("code", {}, m[2].replace(/^ (.*) $/, "$1"))],
  [/^\*\*([^]+?)\*\*(?!\*)/, (m, c, d) => h("strong", {}, inline(m[1], c, d))],
  [/^__([^]+?)__(?!_)/, (m, c, d) => h("u", {}, inline(m[1], c, d))],
  [/^\*(?=\S)((?:\*\*[^]+?\*\*|[^*])+?)\*(?!\*)/, (m, c, d) => h("em", {}, inline(m[1], c, d))],
  [/^_((?:__[^]+?__|[^_])+?)_(?![_\w])/, (m, c, d) => h("em", {}, inline(m[1], c, d))],
  [/^~~([^]+?)~~/, (m, c, d) => h("s", {}, inline(m[1], c, d))],
  [/^\|\|([^]+?)\|\|/, (m, c, d) => spoiler(inline(m[1], c, d))],
  [/^\[([^\]\n]+)\]\(<?([^\s<>)]+)>?(?: "[^"\n]*")?\)/, (m, c, d) => named(m, c, d)],
  [/^<t:(-?\d{1,12})(?::([tTdDfFsSR]))?>/, (m, c) => moment(m, c)],
  [/^<@!?(\d{1,20})>/, (m, c) => mention(`@${c.names.users[m[1]] ?? "somebody"}`)],
  [/^<@&(\d{1,20})>/, (m, c) => mention(`@${c.names.roles[m[1]]?.name ?? "a role"}`)],
  [/^<#(\d{1,20})>/, (m, c) => place(m[1], c)],
  [/^<\/([^:>\n]{1,100}):\d{1,20}>/, (m, c) => command(m[1], c)],
  [/^<a?:(\w{1,32}):\d{1,20}>/, (m) => `:${m[1]}:`],
  [/^<(https?:\/\/[^\s<>]+)>/, (m) => bare(m[1])],
  [/^https?:\/\/[^\s<>]+[^\s<>.,:;"'\])!?]/, (m) => bare(m[0])],
  [/^@(?:everyone|here)\b/, (m) => mention(m[0])],
];
const SPECIAL = /[\\`*_~|[<@]|https?:\/\//;

export function inline(text, context, depth) {
  const out = [];
  let rest = text;
  let run = "";
  const words = () => {
    run.split("\n").forEach((part, index) => {
      if (index) out.push(h("br"));
      if (part) out.push(part);
    });
    run = "";
  };
  while (rest) {
    const found = SPECIAL.exec(rest);
    if (!found || depth > DEEPEST) { run += rest; break; }
    run += rest.slice(0, found.index);
    rest = rest.slice(found.index);
    const insideWord = rest[0] === "_" && /\w$/.test(run);
    const hit = insideWord ? null : firstRule(rest);
    if (hit) {
      const made = hit.make(hit.match, context, depth + 1);
      if (typeof made === "string") run += made;
      else { words(); out.push(made); }
      rest = rest.slice(hit.match[0].length);
    } else {
      run += rest[0];
      rest = rest.slice(1);
    }
  }
  words();
  return out;
}

function firstRule(rest) {
  for (const [pattern, make] of RULES) {
    const match = pattern.exec(rest);
    if (match) return { match, make };
  }
  return null;
}

const mention = (text) => h("span", { class: "mention" }, text);

function place(id, context) {
  const name = `#${context.names.channels[id] ?? "a channel"}`;
  if (!context.onPlace || !(id in context.names.channels)) return mention(name);
  return h("button", { type: "button", class: "mention", onclick: () => context.onPlace(id) }, name);
}

function command(name, context) {
  if (!context.onCommand) return mention(`/${name}`);
  return h("button", { type: "button", class: "mention", onclick: () => context.onCommand(name) }, `/${name}`);
}

function moment(match, context) {
  const when = new Date(Number(match[1]) * 1000);
  if (Number.isNaN(when.valueOf())) return match[0];
  return h("time", { datetime: when.toISOString(), title: styled(when, "F", context.now), data: match[2] === "R" ? { relative: "" } : {} }, styled(when, match[2], context.now));
}

function named(match, context, depth) {
  const url = webAddress(match[2]);
  return url ? link(url, inline(match[1], context, depth)) : match[0];
}

function bare(text) {
  const url = webAddress(text);
  return url ? link(url, text) : text;
}

function spoiler(children) {
  const node = h("button", { type: "button", class: "spoiler", "aria-expanded": "false", "aria-label": "Hidden words: press to show" });
  node.addEventListener("click", () => node.replaceWith(h("span", { class: "shown" }, children)), { once: true });
  return node;
}
