/** Draw people as coloured squares with their initials. */

import { h } from "./dom.js";

const COLOURS = 10;

function initials(name) {
  const words = name.replace(/[^\p{L}\p{N}\s]/gu, "").trim().split(/\s+/).filter(Boolean);
  if (!words.length) return "?";
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return letters.map((word) => [...word][0].toUpperCase()).join("");
}

function colourOf(id) {
  let sum = 7;
  for (const char of id) sum = (sum * 31 + char.codePointAt(0)) % 9973;
  return sum % COLOURS;
}

/** Return the avatar of a person, a bot or a team; `size` is tiny, small, or nothing. */
export function avatar(one, size = "") {
  const name = one.label ?? one.name ?? "";
  const kind = one.is_bot ? "bot" : `colour-${colourOf(one.id)}`;
  return h("span", { class: `avatar ${kind} ${size}`, "aria-hidden": "true", text: initials(name) });
}
