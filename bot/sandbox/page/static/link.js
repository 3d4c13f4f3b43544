// The connection to the rehearsal: one socket that brings views, and requests that do things.

const key = new URLSearchParams(location.search).get("k") || "";
const RETRY = [300, 700, 1500, 3000];

let socket = null;
let tries = 0;
let current = {};
let onView = () => {};
let onState = () => {};

/** Start; `view` gets every new view, `connected` gets true and false. */
export function connect({ view, connected }) {
  onView = view;
  onState = connected;
  open();
}

/** Tell the rehearsal who is looking at what. */
export function look(wanted) {
  current = wanted;
  if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(current));
}

function open() {
  socket = new WebSocket(`ws://${location.host}/api/live?k=${encodeURIComponent(key)}`);
  socket.addEventListener("open", () => {
    tries = 0;
    onState(true);
    socket.send(JSON.stringify(current));
  });
  socket.addEventListener("message", (event) => onView(JSON.parse(event.data)));
  socket.addEventListener("close", () => {
    onState(false);
    setTimeout(open, RETRY[Math.min(tries++, RETRY.length - 1)]);
  });
}

/** Ask for something. Gives {ok: true, ...} or {ok: false, reason}; it never throws. */
async function post(path, body) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Rehearsal-Token": key },
      body: JSON.stringify(body),
    });
    if (answer.status === 413) return { ok: false, reason: "That is more than this rehearsal takes at once. Try a smaller file." };
    if (!answer.ok) return { ok: false, reason: "The rehearsal could not do that. Its window in the terminal says why." };
    return await answer.json();
  } catch {
    return { ok: false, reason: "The rehearsal is not answering just now. Your words are still here; try again in a moment." };
  }
}

export const act = (person, deed, body = {}) => post("/api/act", { person, do: deed, ...body });
export const moveClock = (to) => post("/api/clock", { to });
