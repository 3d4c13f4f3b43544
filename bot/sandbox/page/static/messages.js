// The conversation: what has been said, drawn once and redrawn only where it changed.

import { attachments, components, embeds, poll, stickers } from "./components.js";
import { $, avatar, emojiText, fill, h } from "./dom.js";
import { markdown } from "./markdown.js";
import { day, full, sameDay, stamp, styled } from "./time.js";

const EPHEMERAL = 1 << 6;
const THINKING = 1 << 7;
const TOGETHER = 7 * 60 * 1000;
const NEAR = 120;

const drawn = new Map(); // key -> {signature, node}
let shown = null; // "person/channel"
let newestId = "";
let atEnd = true; // whether the reader is following along at the end

/** Keep the end in sight when a picture arrives or the window changes, if that is where the reader was. */
export function followEnd() {
  const log = $("log");
  const settle = () => { if (atEnd) log.scrollTop = log.scrollHeight; };
  log.addEventListener("load", settle, true);
  new ResizeObserver(settle).observe(log);
  log.addEventListener("scroll", () => {
    atEnd = distance(log) < NEAR;
    if (atEnd) $("to-newest").hidden = true;
  });
}

const distance = (log) => log.scrollHeight - log.scrollTop - log.clientHeight;

/** Draw the conversation of `state.view`. `hands` are the things messages can ask for. */
export function drawMessages(state, hands) {
  const log = $("log");
  const { view } = state;
  const conversation = view.conversation;
  const here = `${view.me.id}/${conversation?.id}`;
  const switched = here !== shown;
  const nearEnd = distance(log) < NEAR;
  if (switched) {
    drawn.clear();
    log.setAttribute("aria-live", "off"); // opening a channel is not news
    log.replaceChildren();
  }
  const heldFocus = focusKey(log);
  const wanted = rows(state, hands);
  place(log, wanted);
  tellRelativeTimes(log, new Date(view.clock.now));
  restoreFocus(log, heldFocus);
  const last = conversation?.messages.at(-1)?.id ?? "";
  const arrived = last !== newestId;
  if (switched || nearEnd || (arrived && mine(conversation, view))) log.scrollTop = log.scrollHeight;
  atEnd = distance(log) < NEAR;
  $("to-newest").hidden = atEnd || !arrived;
  if (switched) setTimeout(() => log.setAttribute("aria-live", "polite"), 200);
  shown = here;
  newestId = last;
}

const mine = (conversation, view) => conversation?.messages.at(-1)?.author.id === view.me.id;

/** Put the wanted rows in order, keeping every node that has not changed. */
function place(log, wanted) {
  const keep = new Set(wanted.map((row) => row.key));
  for (const [key, entry] of drawn) {
    if (!keep.has(key)) { entry.node.remove(); drawn.delete(key); }
  }
  let before = log.firstElementChild;
  for (const row of wanted) {
    let entry = drawn.get(row.key);
    if (!entry || entry.signature !== row.signature) {
      const node = row.draw();
      node.dataset.key = row.key;
      if (entry) {
        if (before === entry.node) before = node;
        entry.node.replaceWith(node);
      }
      entry = { signature: row.signature, node };
      drawn.set(row.key, entry);
    }
    if (entry.node === before) before = before.nextElementSibling;
    else log.insertBefore(entry.node, before);
  }
}

/** "In an hour" is only true for a while. Its words alone change: a message drawn anew would be read out again. */
function tellRelativeTimes(log, now) {
  for (const node of log.querySelectorAll("time[data-relative]")) {
    const words = styled(new Date(node.dateTime), "R", now);
    if (node.textContent !== words) node.textContent = words;
  }
}

function focusKey(log) {
  const node = document.activeElement;
  const row = node instanceof HTMLElement && log.contains(node) ? node.closest("[data-key]") : null;
  return row && { row: row.dataset.key, custom: node.dataset.custom };
}

function restoreFocus(log, held) {
  if (!held || log.contains(document.activeElement)) return;
  const row = drawn.get(held.row)?.node;
  const same = held.custom && [...(row?.querySelectorAll("[data-custom]") ?? [])].find((node) => node.dataset.custom === held.custom && !node.disabled);
  (same ?? row ?? log).focus({ preventScroll: true });
}

function rows(state, hands) {
  const { view } = state;
  const conversation = view.conversation;
  const now = new Date(view.clock.now);
  const today = day(now);
  const out = [];
  if (!conversation) {
    return [{ key: "nothing", signature: "", draw: () => h("p", { class: "empty" }, "Choose a channel, or your messages with the bot, on the left.") }];
  }
  if (conversation.earlier) {
    out.push({ key: "earlier", signature: String(conversation.earlier), draw: () => h("button", { type: "button", class: "plain", onclick: hands.earlier }, `Show earlier messages (${conversation.earlier})`) });
  } else {
    out.push({ key: "start", signature: conversation.name, draw: () => beginning(conversation) });
  }
  let previous = null;
  for (const message of conversation.messages) {
    const when = new Date(message.timestamp);
    const before = previous && new Date(previous.timestamp);
    if (!before || !sameDay(before, when)) {
      out.push({ key: `day-${day(when)}-${previous?.id ?? 0}`, signature: "", draw: () => h("p", { class: "day" }, h("span", {}, day(when))) });
      previous = null;
    }
    const together = previous && previous.author.id === message.author.id && Math.abs(when - before) < TOGETHER && message.type === 0 && previous.type !== 7
      && !message.interaction_metadata && Boolean(previous.flags & EPHEMERAL) === Boolean(message.flags & EPHEMERAL);
    const failure = state.failures.get(message.id);
    const busy = state.busy.get(message.id) ?? null;
    out.push({
      key: message.id,
      signature: JSON.stringify([message, together, failure, busy, conversation.canSend, today]),
      draw: () => article(message, { together, failure, busy, now, view, hands }),
    });
    previous = message;
  }
  for (const notice of state.notices) {
    if (notice.person === view.me.id && notice.channel === conversation.id) {
      out.push({ key: notice.id, signature: notice.text, draw: () => aside(notice, hands) });
    }
  }
  return out;
}

function beginning(conversation) {
  const private_ = conversation.kind === "dm";
  return h("div", { class: "beginning" },
    h("p", { class: "h2" }, private_ ? conversation.name : `#${conversation.name}`),
    h("p", { class: "quiet" }, private_ ? `The beginning of your private messages with ${conversation.name}.` : conversation.topic || "The beginning of this channel."));
}

function aside(notice, hands) {
  return h("div", { class: "msg own-notice", tabindex: "-1" }, h("div", { class: "body" }, h("p", {}, notice.text),
    h("p", { class: "quiet" }, "Only you can see this. ", h("button", { type: "button", class: "plain", onclick: () => hands.forget(notice.id) }, "Dismiss"))));
}

function article(message, kit) {
  const { view, hands, now } = kit;
  const author = view.names.users[message.author.id] && !message.webhook_id ? view.names.users[message.author.id] : message.author.global_name || message.author.username;
  const when = new Date(message.timestamp);
  const ephemeral = Boolean(message.flags & EPHEMERAL);
  const context = {
    message, now, names: view.names, busy: kit.busy,
    onPlace: (id) => hands.go(id), onCommand: (name) => hands.command(name),
    press: (component) => hands.press(message, component), choose: (component) => hands.choose(message, component),
  };
  if (message.type === 7) {
    return h("article", { class: "msg joined", tabindex: "-1" }, h("p", { class: "quiet" }, `${author} joined. `, time(when, now)));
  }
  const node = h("article", { class: `msg${kit.together ? " together" : ""}${ephemeral ? " ephemeral" : ""}`, tabindex: "-1", "aria-label": `${author}, ${stamp(when, now)}${ephemeral ? ", only you can see this" : ""}` },
    replied(message, view),
    kit.together ? h("span", { class: "avatar none", "aria-hidden": "true" }) : avatar(message.author.id, author, message.author.bot ? "app" : ""),
    h("div", { class: "body" },
      !kit.together && h("header", {}, h("h2", { class: "author" }, author), message.author.bot && h("span", { class: "badge" }, "App"), time(when, now)),
      content(message, context, author, hands),
      ephemeral && h("p", { class: "quiet only" }, "Only you can see this. ",
        h("button", { type: "button", class: "plain", onclick: () => hands.dismiss(message) }, "Dismiss message")),
      kit.failure && h("p", { class: "trouble", role: "alert" }, kit.failure)),
    !ephemeral && !(message.flags & THINKING) && deeds(message, kit, author));
  return node;
}

function content(message, context, author, hands) {
  if (message.flags & THINKING) return h("p", { class: "thinking" }, `${author} is thinking`, h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")));
  return [
    message.content && h("div", { class: "md" }, markdown(message.content, context), message.edited_timestamp && h("small", { class: "quiet edited" }, "(edited)")),
    stickers(message), attachments(message, context), embeds(message, context), poll(message),
    message.components?.length ? h("div", { class: "parts" }, components(message.components, context)) : null,
    message.reactions?.length ? h("div", { class: "row wrap reactions" }, message.reactions.map((reaction) => reacted(reaction, message, hands))) : null,
  ];
}

function reacted(reaction, message, hands) {
  const text = emojiText(reaction.emoji);
  const wire = reaction.emoji.id ? `${reaction.emoji.name}:${reaction.emoji.id}` : reaction.emoji.name;
  return h("button", {
    type: "button", class: "reaction", "aria-pressed": String(reaction.me), data: { custom: `reaction ${wire}` },
    onclick: () => hands.setReaction(message, wire, !reaction.me),
  }, text, " ", h("span", {}, String(reaction.count)), h("span", { class: "hush" }, reaction.count === 1 ? " person reacted" : " people reacted"));
}

function time(when, now) {
  return h("time", { datetime: when.toISOString(), title: full(when) }, stamp(when, now));
}

function replied(message, view) {
  const command = message.interaction_metadata;
  if (message.type === 20 && command?.user) {
    const who = command.user.id === view.me.id ? "You" : view.names.users[command.user.id] ?? command.user.username;
    return h("p", { class: "context" }, `${who} used ${command.name ? `/${command.name}` : "a command"}`);
  }
  if (message.type !== 19 && !message.message_reference) return null;
  const original = message.referenced_message;
  if (!original) return h("p", { class: "context" }, "Replying to a message that is gone");
  const name = original.author.id === view.me.id ? "you" : view.names.users[original.author.id] ?? original.author.username;
  const words = (original.content || "a message").replace(/\s+/g, " ").slice(0, 90);
  return h("p", { class: "context" }, `Replying to ${name}: ${words}`);
}

function deeds(message, kit, author) {
  const { view, hands } = kit;
  if (!view.conversation.canSend) return null;
  return h("div", { class: "deeds" },
    h("button", { type: "button", class: "plain", "aria-label": `Reply to ${author}`, onclick: () => hands.reply(message, author) }, "Reply"),
    h("button", { type: "button", class: "plain", "aria-label": `React to ${author}'s message`, onclick: () => hands.react(message) }, "React"),
    message.author.id === view.me.id && message.content && h("button", { type: "button", class: "plain", "aria-label": "Change my message", onclick: () => hands.edit(message) }, "Change"),
    message.author.id === view.me.id && h("button", { type: "button", class: "plain", "aria-label": "Delete my message", onclick: () => hands.remove(message) }, "Delete"));
}

/** An empty log, for the moment before the first view. */
export function waiting() {
  fill($("log"), h("p", { class: "empty" }, "Opening the rehearsal…"));
}
