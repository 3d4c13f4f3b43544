// Every time on the page is the rehearsal's time, on the London clock.

const ZONE = "Europe/London";
const format = (options) => new Intl.DateTimeFormat("en-GB", { timeZone: ZONE, ...options });

const CLOCK = format({ hour: "2-digit", minute: "2-digit" });
const DAY = format({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
const SHORT_DAY = format({ weekday: "short", day: "numeric", month: "short" });
const DATE = format({ day: "2-digit", month: "2-digit", year: "numeric" });
const LONG_DATE = format({ day: "numeric", month: "long", year: "numeric" });
const SECONDS = format({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
const WEEKDAY = format({ weekday: "short" });

export const clock = (when) => CLOCK.format(when);
export const day = (when) => DAY.format(when).replace(",", "");
export const full = (when) => `${day(when)}, ${clock(when)}`;
export const brief = (when) => `${WEEKDAY.format(when)} ${clock(when)}`;
export const short = (when) => `${SHORT_DAY.format(when).replace(",", "")}, ${clock(when)}`;
export const sameDay = (a, b) => DATE.format(a) === DATE.format(b);

/** What a message's time looks like, seen from the rehearsal's present. */
export const stamp = (when, now) => (sameDay(when, now) ? clock(when) : short(when));

/** Discord's <t:...:style>. */
export function styled(when, style, now) {
  switch (style) {
    case "t": return clock(when);
    case "T": return SECONDS.format(when);
    case "d": return DATE.format(when);
    case "D": return LONG_DATE.format(when);
    case "F": return `${day(when)} ${clock(when)}`;
    case "R": return relative(when, now);
    default: return `${LONG_DATE.format(when)} ${clock(when)}`;
  }
}

// A unit, its seconds, and from how many seconds on Discord speaks in it: 59 minutes are "an hour".
const STEPS = [["year", 31557600, 27648000], ["month", 2629800, 2246400], ["day", 86400, 79200], ["hour", 3600, 2700], ["minute", 60, 45]];

function relative(when, now) {
  const seconds = (when - now) / 1000;
  const [unit, size] = STEPS.find(([, , from]) => Math.abs(seconds) >= from) ?? ["second", 1];
  const count = Math.max(1, Math.round(Math.abs(seconds) / size));
  const one = unit === "hour" ? "an hour" : `a ${unit}`;
  const span = unit === "second" ? "a few seconds" : count === 1 ? one : `${count} ${unit}s`;
  return seconds >= 0 ? `in ${span}` : `${span} ago`;
}

/** The value of a date-time field: London wall time. */
export function wall(when) {
  const parts = Object.fromEntries(
    format({ year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" })
      .formatToParts(when).map((part) => [part.type, part.value]),
  );
  return `${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}`;
}
