// The left side: servers with their channels, and the messages with the bot.

import { $, avatar, fill, h } from "./dom.js";
import { full, short } from "./time.js";

let last = "";

/** Draw the places; `go(channelId)` and `openDm()` are what they lead to. */
export function drawPlaces(state, { go, openDm }) {
  const { view } = state;
  const here = view.conversation?.id;
  const signature = JSON.stringify([view.places, view.dm, here, view.me.id]);
  if (signature === last) return; // a click between two drawings must not be lost
  last = signature;
  const list = $("places-list");
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.place : null;
  fill(list,
    h("h2", {}, "Direct messages"),
    h("ul", {}, h("li", {}, entry({
      id: view.dm.id ?? "dm", here, unread: view.dm.unread, go: openDm,
      label: [avatar(view.bot.id, view.dm.name, "small app"), h("span", { class: "grow" }, view.dm.name)],
    }))),
    view.places.map((place) => server(place, here, go)),
    !view.places.length && h("p", { class: "quiet" }, "You are in no server."));
  if (focused) [...list.querySelectorAll("[data-place]")].find((node) => node.dataset.place === focused)?.focus();
}

function server(place, here, go) {
  const groups = new Map([["", []]]); // channels under no heading come first, as in Discord
  for (const channel of place.channels) {
    if (!groups.has(channel.category)) groups.set(channel.category, []);
    groups.get(channel.category).push(channel);
  }
  return [
    h("h2", {}, place.name),
    [...groups].filter(([, channels]) => channels.length).map(([category, channels]) => [
      category && h("h3", {}, category),
      h("ul", {}, channels.map((channel) => h("li", { class: channel.kind === "thread" ? "inner" : null }, entry({
        id: channel.id, here, unread: channel.unread, go: () => go(channel.id),
        label: [h("span", { class: "mark", "aria-hidden": "true" }, channel.kind === "voice" ? "♪" : channel.kind === "thread" ? "↳" : "#"),
          h("span", { class: "grow" }, channel.name), channel.kind === "voice" && h("span", { class: "hush" }, " (voice)")],
      })))),
    ]),
    place.events.length ? [h("h3", {}, "Coming up"), h("ul", { class: "events" }, place.events.map((event) => h("li", { title: full(new Date(event.starts)) },
      h("strong", {}, event.name), h("span", { class: "quiet" }, short(new Date(event.starts))))))] : null,
  ];
}

function entry({ id, here, unread, go, label }) {
  return h("button", {
    type: "button", class: `place${unread ? " unread" : ""}`, "aria-current": id === here ? "page" : null, data: { place: id }, onclick: go,
  }, label, unread ? h("span", { class: "count" }, String(unread), h("span", { class: "hush" }, " new")) : null);
}
