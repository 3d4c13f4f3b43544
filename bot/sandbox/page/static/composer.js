// Where one writes: words, files, replies, small extras, and the way into commands.

import { dialog } from "./choose.js";
import { combo } from "./combo.js";
import { commandsIn, fillIn, matching } from "./command.js";
import { $, fill, h, say } from "./dom.js";
import { readFiles } from "./form.js";

const LARGEST = 8 * 1024 * 1024;

let state;
let ask; // (deed, body) => answers, through app.js, so that failures are shown in one way
let files = [];
let palette;
let writingIn = ""; // "person/channel": drafts stay where they were written
const drafts = new Map();

/** Wire the composer up. */
export function startComposer(given, { perform }) {
  state = given;
  ask = perform;
  const text = $("text");
  palette = combo(text, {
    label: "Commands", list: commandList(), source: suggestions,
    onPick: (item) => begin(item.command),
  });
  text.addEventListener("input", grow);
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); send(); }
    if (event.key === "Escape" && state.replying) { event.preventDefault(); replyTo(null); }
  });
  text.addEventListener("paste", (event) => { if (event.clipboardData?.files.length) attach(event.clipboardData.files); });
  $("composer").addEventListener("submit", (event) => { event.preventDefault(); if ($("command").hidden) send(); });
  $("file").addEventListener("change", () => { attach($("file").files); $("file").value = ""; });
  $("extras").addEventListener("click", extras);
  $("replying").querySelector("button").addEventListener("click", () => replyTo(null));
}

function commandList() {
  const list = h("ul", { class: "suggestions palette", hidden: true });
  $("composer").prepend(list);
  return list;
}

async function suggestions(text) {
  if (!text.startsWith("/") || text.includes("\n")) return null;
  const found = await commandsIn(state.view.me.id, state.view.conversation?.id);
  return matching(found, text.slice(1));
}

/** Redraw what depends on the view: where one writes, and whether one may. */
export function drawComposer() {
  const { conversation, me } = state.view;
  const here = `${me.id}/${conversation?.id}`;
  const text = $("text");
  if (here !== writingIn) {
    drafts.set(writingIn, text.value);
    text.value = drafts.get(here) ?? "";
    writingIn = here;
    files = [];
    leaveCommand(false);
    replyTo(null, false);
    drawFiles();
    complain("");
    grow();
  }
  const may = Boolean(conversation?.canSend);
  const name = conversation ? (conversation.kind === "dm" ? conversation.name : `#${conversation.name}`) : "";
  $("text-label").textContent = `Message ${name}`;
  text.placeholder = may ? `Message ${name}` : "You cannot write here";
  text.disabled = !may;
  $("send").disabled = !may;
  $("extras").disabled = !may;
}

function grow() {
  const text = $("text");
  text.style.height = "auto";
  text.style.height = `${Math.min(text.scrollHeight + 2, 180)}px`;
}

function complain(words) {
  $("trouble").textContent = words ?? "";
  $("trouble").hidden = !words;
}

async function send() {
  const text = $("text");
  const words = text.value;
  if (text.disabled || text.readOnly) return;
  if (words.startsWith("/") && !words.includes("\n")) {
    const found = await commandsIn(state.view.me.id, state.view.conversation.id);
    const exact = found.find((command) => command.path === words.slice(1).trim().toLowerCase());
    if (exact) { begin(exact); return; }
    if (/^\/[\w-]+/.test(words)) { complain("There is no such command here. Type a slash alone to see what there is."); return; }
  }
  if (!words.trim() && !files.length) return;
  // Held, not cleared: the words are gone from here only once they have arrived there.
  text.readOnly = true;
  const answer = await ask("send", { channel: state.view.conversation.id, text: words, files, replyTo: state.replying?.id });
  text.readOnly = false;
  if (!answer.ok) { complain(answer.reason); return; }
  text.value = "";
  files = [];
  replyTo(null);
  drawFiles();
  complain("");
  grow();
}

/** Put the beginning of a command into the field, as if it had been typed. */
export async function startCommand(path) {
  const { view } = state;
  const found = await commandsIn(view.me.id, view.conversation?.id);
  const exact = found.find((command) => command.path === path);
  if (exact) { begin(exact); return; }
  const text = $("text");
  text.value = `/${path}`;
  text.focus();
  palette.refresh();
}

function begin(command) {
  const text = $("text");
  text.value = "";
  grow();
  complain("");
  palette.close();
  $("writing").hidden = true;
  fillIn(command, state, {
    done: () => leaveCommand(true),
    run: async (options) => {
      const answer = await ask("slash", { channel: state.view.conversation.id, command: command.path, options }, `/${command.path}`);
      if (answer.ok) leaveCommand(true);
      return answer.ok ? null : answer.reason;
    },
  });
}

function leaveCommand(focus) {
  fill($("command"));
  $("command").hidden = true;
  $("writing").hidden = false;
  // A form that the command opened keeps the focus.
  if (focus && !document.querySelector("dialog[open]")) $("text").focus();
}

/** Answer one message; null for none. */
export function replyTo(message, focus = true) {
  state.replying = message;
  $("replying").hidden = !message;
  if (message) $("replying").querySelector("span").textContent = `Replying to ${message.name}: ${message.words}`;
  if (message && focus) { $("text").focus(); say(`Replying to ${message.name}`); }
}

async function attach(list) {
  const large = [...list].find((file) => file.size > LARGEST);
  if (large) { complain(`“${large.name}” is larger than 8 MB, which is more than this rehearsal takes.`); return; }
  try {
    files = [...files, ...(await readFiles(list))].slice(0, 10);
    complain("");
  } catch {
    complain("That file could not be read.");
  }
  drawFiles();
  $("text").focus();
}

function drawFiles() {
  const list = $("attached");
  list.hidden = !files.length;
  fill(list, files.map((file, index) => h("li", {}, file.file, " ", h("button", {
    type: "button", class: "plain", "aria-label": `Do not send ${file.file}`,
    onclick: () => { files = files.filter((_, i) => i !== index); drawFiles(); $("text").focus(); },
  }, "Remove"))));
}

function extras() {
  const { node, body, open } = dialog("Send something else");
  const button = $("extras");
  button.setAttribute("aria-expanded", "true");
  node.addEventListener("close", () => button.setAttribute("aria-expanded", "false"));
  const small = (body_) => async () => {
    node.close();
    const answer = await ask("send", { channel: state.view.conversation.id, text: "", replyTo: state.replying?.id, ...body_ });
    complain(answer.ok ? "" : answer.reason);
    if (answer.ok) replyTo(null);
  };
  fill(body, h("div", { class: "choices" },
    h("button", { type: "button", class: "choice", onclick: () => { node.close(); $("file").click(); } }, h("span", { class: "grow" }, "A file or a picture", h("small", {}, "It stays on this computer."))),
    h("button", { type: "button", class: "choice", onclick: small({ voiceNote: true }) }, h("span", { class: "grow" }, "A voice note", h("small", {}, "A pretend one: nothing is recorded."))),
    h("button", { type: "button", class: "choice", onclick: small({ sticker: true }) }, h("span", { class: "grow" }, "A sticker", h("small", {}, "A wave.")))));
  open();
}

