// The page as a whole: what is shown, to whom, and what happens when something is pressed.

import { dialog, pick } from "./choose.js";
import { drawComposer, replyTo, startCommand, startComposer } from "./composer.js";
import { $, fill, h, say } from "./dom.js";
import { openForm } from "./form.js";
import { act, connect, look } from "./link.js";
import { drawMessages, followEnd, waiting } from "./messages.js";
import { drawPlaces } from "./places.js";
import { drawTools, startTools } from "./tools.js";

const EMOJI = ["👍", "❤️", "👏", "🙏", "☕", "😊"];
const EMOJI_NAMES = ["Thumbs up", "Heart", "Applause", "Thank you", "Coffee", "Smile"];

const state = {
  view: null, // the last view
  person: sessionStorage.getItem("person"),
  channel: sessionStorage.getItem("channel"),
  limit: 60,
  failures: new Map(), // message id -> what went wrong under it
  notices: [], // things only this page says, at the end of a channel
  busy: new Map(), // message id -> custom id of the button that is being answered
  replying: null,
  toDm: false, // after becoming somebody else in one's private messages: stay in private messages
  became: false, // somebody else, whose view is on its way
};

function lookAgain() {
  const wanted = { limit: state.limit, seen: document.visibilityState === "visible" };
  if (state.person) wanted.person = state.person;
  if (state.channel) wanted.channel = state.channel;
  look(wanted);
}

function keep(name, value) {
  state[name] = value;
  if (value) sessionStorage.setItem(name, value);
  else sessionStorage.removeItem(name);
}

// ---------------------------------------------------------------- what is shown

function show(view) {
  // A view that was on its way while somebody turned elsewhere is out of date.
  const asked = (name) => (view.asked[name] ?? null) === state[name];
  if (!asked("person") || !asked("channel")) return;
  const before = state.view;
  state.view = view;
  if (state.person !== view.me.id) keep("person", view.me.id);
  if (view.conversation) keep("channel", view.conversation.id);
  else keep("channel", (state.toDm && view.dm.id) || view.places[0]?.channels.find((channel) => channel.kind === "text")?.id || view.dm.id);
  state.toDm = false;
  if (!asked("person") || !asked("channel")) lookAgain();
  if (!view.conversation && state.channel) return; // the view of the place just chosen is on its way
  draw();
  if (state.became) say(`You are now ${view.me.name}`);
  else if (before && before.me.id === view.me.id) announce(before, view);
  state.became = false;
}

function draw() {
  const { view } = state;
  const { conversation } = view;
  const title = !conversation ? "Nowhere yet" : conversation.kind === "dm" ? conversation.name : `#${conversation.name}`;
  $("where").textContent = title;
  $("topic").textContent = conversation ? (conversation.kind === "dm" ? `Private messages between ${view.me.name} and the bot` : conversation.topic || conversation.place) : "";
  $("log").setAttribute("aria-label", `Messages in ${title}`);
  const unread = unreadOf(view);
  document.title = `${unread ? `(${unread}) ` : ""}${title} · Really OK: a rehearsal`;
  $("elsewhere").hidden = !unread;
  $("open-places-name").textContent = unread ? `Channels and who I am, ${unread} unread` : "Channels and who I am";
  $("away").hidden = view.bot.here;
  drawPlaces(state, { go, openDm });
  drawMessages(state, hands);
  drawComposer();
  drawTools();
}

function spots(view) {
  return [{ id: view.dm.id, name: view.dm.name, unread: view.dm.unread }, ...view.places.flatMap((place) => place.channels.map((channel) => ({ ...channel, name: `#${channel.name}` })))];
}
const unreadOf = (view) => spots(view).reduce((sum, spot) => sum + spot.unread, 0);

/** News from a channel that is not open, for those who do not see the marks. */
function announce(before, view) {
  const had = new Map(spots(before).map((spot) => [spot.id, spot.unread]));
  const fresh = spots(view).filter((spot) => spot.id !== view.conversation?.id && spot.unread > (had.get(spot.id) ?? 0));
  if (fresh.length) say(`New in ${fresh.map((spot) => spot.name).join(", ")}`);
}

// -------------------------------------------------------------- what is done

let noticeCount = 0;
function notice(text) {
  state.notices.push({ id: `notice-${++noticeCount}`, person: state.view.me.id, channel: state.view.conversation.id, text });
  draw();
  $("log").scrollTop = $("log").scrollHeight;
}

/** Do something as the present person; open a form if the bot answers with one. */
async function perform(deed, body, name = "") {
  const person = state.view.me.id;
  const answer = await act(person, deed, body);
  if (answer.ok && answer.failed && name) notice(`${name}: the bot did not answer. ${answer.failed}`);
  if (answer.ok && answer.modal) showForm(person, answer);
  return answer;
}

function showForm(person, answer) {
  openForm(answer.modal, { view: state.view, names: state.view.names, now: new Date(state.view.clock.now) }, async (values) => {
    const outcome = await act(person, "submit", { exchange: answer.exchange, values });
    if (outcome.ok && outcome.modal) showForm(person, outcome);
    return outcome;
  });
}

async function useComponent(message, component, deed, extra) {
  if (state.busy.has(message.id)) return;
  state.busy.set(message.id, component.custom_id);
  state.failures.delete(message.id);
  draw();
  const answer = await perform(deed, { message: message.id, customId: component.custom_id, ...extra });
  state.busy.delete(message.id);
  if (!answer.ok) state.failures.set(message.id, answer.reason);
  else if (answer.failed) state.failures.set(message.id, `This interaction failed. ${answer.failed}`);
  draw();
}

function go(channel) {
  keep("channel", channel);
  state.limit = 60;
  closeDrawers();
  lookAgain();
  if (matchMedia("(hover: hover)").matches) $("text").focus();
}

async function openDm() {
  // Whoever one has just become, even if what is on the screen is still somebody else's.
  const person = state.person;
  const answer = await act(person, "open-dm");
  if (person !== state.person) return;
  if (answer.ok) go(answer.channel);
  else notice(answer.reason);
}

function become(person) {
  keep("person", person);
  state.limit = 60;
  state.became = true;
  // One's own messages with the bot are nobody else's: go there as the new person, if there are any.
  if (state.view.conversation?.kind === "dm") {
    state.toDm = true;
    keep("channel", null);
  }
  lookAgain();
}

async function setReaction(message, emoji, on) {
  const answer = await act(state.view.me.id, "react", { channel: message.channel_id, message: message.id, emoji, on });
  if (!answer.ok) { state.failures.set(message.id, answer.reason); draw(); }
}

function react(message) {
  const { node, body, open } = dialog("React");
  fill(body, h("div", { class: "row wrap" }, EMOJI.map((emoji, index) => h("button", {
    type: "button", class: "secondary emoji", "aria-label": EMOJI_NAMES[index],
    onclick: () => { node.close(); setReaction(message, emoji, true); },
  }, emoji))));
  open();
}

function edit(message) {
  const field = { type: 4, style: 2, custom_id: "text", label: "What it says", value: message.content, max_length: 2000 };
  openForm({ title: "Change my message", components: [{ type: 1, components: [field] }] }, { view: state.view },
    (values) => act(state.view.me.id, "edit", { channel: message.channel_id, message: message.id, text: values.text }));
}

async function remove(message) {
  const answer = await act(state.view.me.id, "delete", { channel: message.channel_id, message: message.id });
  if (!answer.ok) { state.failures.set(message.id, answer.reason); draw(); }
  $("log").focus();
}

const hands = {
  go,
  react,
  setReaction,
  edit,
  remove,
  dismiss: remove,
  command: (path) => startCommand(path),
  earlier: () => { state.limit += 100; lookAgain(); },
  forget: (id) => { state.notices = state.notices.filter((item) => item.id !== id); draw(); $("log").focus(); },
  press: (message, component) => useComponent(message, component, "press", {}),
  choose: async (message, component) => {
    const values = await pick(component, state.view);
    if (values) await useComponent(message, component, "choose", { values });
  },
  reply: (message, name) => replyTo({ id: message.id, name, words: (message.content || "a message").replace(/\s+/g, " ").slice(0, 60) }),
};

// ------------------------------------------------------------------- drawers

const drawers = { places: $("places"), tools: $("tools") };
const openers = { places: $("open-places"), tools: $("open-tools") };

// A drawer that is out of sight must be out of reach of the Tab key too.
const narrow = { places: matchMedia("(max-width: 759px)"), tools: matchMedia("(max-width: 1099px)") };

function setDrawer(name, on) {
  drawers[name].classList.toggle("open", on);
  openers[name].setAttribute("aria-expanded", String(on));
  settleDrawers();
  if (on) drawers[name].querySelector("[data-close]").focus();
}

function settleDrawers() {
  let over = false;
  for (const name of Object.keys(drawers)) {
    const open = drawers[name].classList.contains("open");
    drawers[name].inert = narrow[name].matches && !open;
    over ||= narrow[name].matches && open;
  }
  $("shade").hidden = !over;
  $("main").inert = over;
}

function closeDrawers(focus = false) {
  for (const name of Object.keys(drawers)) {
    const was = drawers[name].classList.contains("open");
    if (was) setDrawer(name, false);
    if (was && focus) openers[name].focus();
  }
}

function startDrawers() {
  for (const name of Object.keys(drawers)) {
    openers[name].addEventListener("click", () => setDrawer(name, true));
    drawers[name].querySelector("[data-close]").addEventListener("click", () => closeDrawers(true));
    narrow[name].addEventListener("change", settleDrawers);
  }
  $("shade").addEventListener("click", () => closeDrawers(true));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented && !document.querySelector("dialog[open]")) closeDrawers(true);
  });
  settleDrawers();
}

// --------------------------------------------------------------------- start

waiting();
startDrawers();
startComposer(state, { perform });
startTools(state, {
  become,
  openDm,
  openTools: () => setDrawer("tools", true),
  allowDms: async (allowed) => { const answer = await act(state.view.me.id, "allow-dms", { allowed }); say(answer.ok && allowed ? "Direct messages are accepted" : "Direct messages are refused"); },
  beginJoin: () => { closeDrawers(); startCommand("join"); },
  afterMove: (text) => { if (narrow.tools.matches && !drawers.tools.classList.contains("open")) say(text); },
});
$("skip").addEventListener("click", (event) => { event.preventDefault(); $("text").focus(); });
$("to-newest").addEventListener("click", () => { $("log").scrollTop = $("log").scrollHeight; $("to-newest").hidden = true; });
followEnd();
document.addEventListener("visibilitychange", lookAgain);
connect({ view: show, connected: (on) => { $("lost").hidden = on; } });
lookAgain();
