/** Write times as the reader's clock shows them. */

import { myZone } from "./store.js";

const clocks = new Map();

/** Return a formatter in my zone; making one takes longer than drawing a message, so each is made once. */
function clock(options) {
  const timeZone = myZone();
  const key = `${timeZone}/${JSON.stringify(options)}`;
  if (!clocks.has(key)) clocks.set(key, new Intl.DateTimeFormat("en-US", { timeZone, ...options }));
  return clocks.get(key);
}

function dateOf(ts) {
  return new Date(Number(ts) * 1000);
}

/** Return "9:41 AM". */
export function timeOf(ts) {
  return clock({ hour: "numeric", minute: "2-digit" }).format(dateOf(ts));
}

/** Return "9:41", for the margin of a message that continues the one above. */
export function shortTimeOf(ts) {
  return timeOf(ts).replace(/\s?[AP]M/, "");
}

/** Return the full date and time, for a tooltip. */
export function momentOf(ts) {
  return clock({ dateStyle: "full", timeStyle: "medium" }).format(dateOf(ts));
}

/** Return the day as a sortable key, in the reader's zone. */
export function dayKey(ts) {
  return clock({ year: "numeric", month: "2-digit", day: "2-digit" }).format(dateOf(ts));
}

function ordinal(day) {
  const ending = { 1: "st", 2: "nd", 3: "rd" }[day % 10];
  return `${day}${ending && Math.floor((day % 100) / 10) !== 1 ? ending : "th"}`;
}

function daysFromNow(ts) {
  const midnight = (one) => Date.parse(`${dayKey(one / 1000)} UTC`);
  return Math.round((midnight(Number(ts) * 1000) - midnight(Date.now())) / 86_400_000);
}

/** Return "Today", "Yesterday" or "Monday, June 3rd". */
export function dayOf(ts) {
  const near = { 0: "Today", [-1]: "Yesterday" }[daysFromNow(ts)];
  if (near) return near;
  const date = dateOf(ts);
  const day = ordinal(Number(clock({ day: "numeric" }).format(date)));
  const year = clock({ year: "numeric" }).format(date);
  const rest = clock({ weekday: "long", month: "long" }).formatToParts(date);
  const part = (type) => rest.find((one) => one.type === type).value;
  const thisYear = year === clock({ year: "numeric" }).format(new Date());
  return `${part("weekday")}, ${part("month")} ${day}${thisYear ? "" : `, ${year}`}`;
}

/** Return "5 minutes ago" or "in 2 days". */
export function agoOf(ts) {
  const seconds = Number(ts) - Date.now() / 1000;
  const [size, unit] = [[86_400, "day"], [3_600, "hour"], [60, "minute"]].find(([one]) => Math.abs(seconds) >= one) ?? [1, "second"];
  return new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(Math.trunc(seconds / size), unit);
}

const DATE_FORMS = {
  date_num: { year: "numeric", month: "2-digit", day: "2-digit" },
  date_slash: { year: "numeric", month: "2-digit", day: "2-digit" },
  date: { year: "numeric", month: "long", day: "numeric" },
  date_short: { year: "numeric", month: "short", day: "numeric" },
  date_long: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
  day_divider_pretty: { weekday: "long", month: "long", day: "numeric" },
  time: { hour: "numeric", minute: "2-digit" },
  time_secs: { hour: "numeric", minute: "2-digit", second: "2-digit" },
};

function nearDay(ts) {
  return { 0: "today", [-1]: "yesterday", 1: "tomorrow" }[daysFromNow(ts)];
}

/** Fill the tokens of Slack's `<!date^...>`: "{date_short_pretty} at {time}". */
export function dateToken(ts, template, fallback) {
  if (!/^\d{1,11}$/.test(ts)) return fallback;
  return template.replace(/\{(\w+)\}/g, (whole, token) => {
    if (token === "ago") return agoOf(ts);
    const plain = token.replace(/_pretty$/, "");
    const form = DATE_FORMS[token] ?? DATE_FORMS[plain];
    if (!form) return whole;
    return (token.endsWith("_pretty") && nearDay(ts)) || clock(form).format(dateOf(ts));
  });
}
