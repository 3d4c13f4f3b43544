// The right side: who I am, the clock, and the guide for somebody new.

import { $, fill, h } from "./dom.js";
import { moveClock } from "./link.js";
import { brief, full, short, wall } from "./time.js";

const SEEN = "reallyok-guide-seen";

let state;
let hands;
let moving = false; // this page is moving the clock
let typed = false; // somebody wrote a date of their own

export function startTools(given, theHands) {
  state = given;
  hands = theHands;
  $("who").addEventListener("change", (event) => hands.become(event.target.value));
  $("allow").addEventListener("change", (event) => hands.allowDms(event.target.checked));
  $("jumps").addEventListener("click", (event) => {
    const button = event.target.closest("button[data-jump]");
    if (button) jump(button.dataset.jump);
  });
  $("jump-form").addEventListener("submit", (event) => {
    event.preventDefault();
    // From here on the field is free again, for the next date as much as for the clock.
    const date = $("jump-date").value;
    typed = false;
    jump(date).then((went) => { if (!went && !typed) { $("jump-date").value = date; typed = true; } });
  });
  $("jump-date").addEventListener("input", () => { typed = true; });
  startGuide();
}

function startGuide() {
  const show = (on) => {
    $("guide").hidden = !on;
    $("guide-again").hidden = on;
    $("hint").hidden = !on || sessionStorage.getItem("hint") === "closed";
    remember(on);
  };
  $("guide-close").addEventListener("click", () => { show(false); $("guide-again").focus(); });
  $("guide-again").addEventListener("click", () => { show(true); $("guide").scrollIntoView({ block: "start" }); $("step-join").focus(); });
  // Once seen it has done its work: on a telephone its line is wanted for the conversation.
  const dismiss = () => { sessionStorage.setItem("hint", "closed"); $("hint").hidden = true; };
  $("hint-open").addEventListener("click", () => { hands.openTools(); dismiss(); });
  $("hint-close").addEventListener("click", () => { dismiss(); $("text").focus(); });
  $("step-join").addEventListener("click", () => hands.beginJoin());
  $("step-clock").addEventListener("click", () => jump("wednesday"));
  $("step-answer").addEventListener("click", () => hands.openDm());
  show(read() !== "seen");
}

// Private windows may refuse storage; then the guide is simply shown again.
function read() {
  try { return localStorage.getItem(SEEN); } catch { return null; }
}
function remember(on) {
  try { if (on) localStorage.removeItem(SEEN); else localStorage.setItem(SEEN, "seen"); } catch { /* shown again next time */ }
}

/** Move the clock; whether it went there. */
async function jump(to) {
  if (moving) return false;
  busy(true);
  fill($("journey"), h("p", {}, "The clock is moving…"));
  const answer = await moveClock(to);
  busy(false);
  if (!answer.ok) { fill($("journey"), h("p", { class: "trouble" }, answer.reason)); return false; }
  const told = tell(answer.journey);
  fill($("journey"), told.nodes);
  setTimeout(() => $("journey").scrollIntoView({ block: "nearest" }), 150); // once the card has its new height
  hands.afterMove(told.text);
  return true;
}

function busy(on) {
  moving = on;
  for (const button of document.querySelectorAll("#jumps button, #jump-form button, #step-clock")) button.disabled = on;
  $("time").classList.toggle("moving", on);
}

/** What a journey of the clock brought, in words. */
function tell(journey) {
  const { view } = state;
  const arrived = `It is now ${full(new Date(journey.to))}.`;
  if (!journey.total) return { text: `${arrived} Nothing new was written.`, nodes: [h("p", {}, arrived, " Nothing new was written.")] };
  const mine = journey.private.includes(view.me.id);
  const others = journey.private.filter((id) => id !== view.me.id);
  const parts = [];
  if (mine) parts.push("a private message to you");
  const inChannels = Object.values(journey.channels).reduce((sum, count) => sum + count, 0);
  const oneEach = journey.total - inChannels === journey.private.length;
  if (others.length) parts.push(`${others.length === 1 && oneEach ? "a private message" : "private messages"} to ${others.length === 1 ? (view.names.users[others[0]] ?? "one other person") : `${others.length} ${mine ? "other " : ""}people`}`);
  for (const [id, count] of Object.entries(journey.channels)) parts.push(`${count} in #${view.names.channels[id] ?? "a channel"}`);
  const summary = `${journey.total} new ${journey.total === 1 ? "message" : "messages"}: ${parts.join("; ")}.`;
  return {
    text: `${arrived} ${summary}`,
    nodes: [h("p", {}, arrived, " ", summary), mine && h("button", { type: "button", class: "primary", onclick: () => hands.openDm() }, "Open my message")],
  };
}

let offered = "";

export function drawTools() {
  const { view } = state;
  const now = new Date(view.clock.now);
  $("time").textContent = full(now);
  $("time").setAttribute("datetime", view.clock.now);
  $("time-short").textContent = brief(now);
  const due = view.clock.due && new Date(view.clock.due);
  $("due").textContent = view.clock.moving ? "The clock is moving…" : due ? `Next: ${view.clock.what ?? "something is due"}, ${short(due)}.` : "Nothing is waiting to happen yet.";
  $("jump-due").disabled = !due || moving || view.clock.moving;
  const field = $("jump-date");
  // It follows the clock until somebody types into it; what they typed is theirs until the clock has gone there.
  if (!typed && document.activeElement !== field) field.value = wall(now);
  field.min = wall(now);
  if (view.conversation?.kind === "dm") $("journey").querySelector("button")?.remove();
  drawWho(view);
  if (view.greeting) $("greeting").textContent = view.greeting;
}

function drawWho(view) {
  const who = $("who");
  const signature = JSON.stringify([view.people, view.me]);
  if (signature !== offered) {
    offered = signature;
    fill(who, view.people.map((person) => h("option", { value: person.id }, person.unread && person.id !== view.me.id ? `${person.name} (${person.unread} new)` : person.name)));
  }
  who.value = view.me.id;
  $("about").textContent = view.people.find((person) => person.id === view.me.id)?.about ?? "";
  $("allow").checked = view.me.allowDms;
}

