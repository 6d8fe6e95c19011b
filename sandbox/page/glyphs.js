/** Show the name of an emoji, in a small badge, where the machine has no font that draws it. */

import { h } from "./dom.js";
import { EMOJI } from "./emoji.js";

const ONE = /\p{Regional_Indicator}{2}|\p{Extended_Pictographic}[\uFE0F\p{Emoji_Modifier}]*(?:\u200D\p{Extended_Pictographic}\uFE0F?)*/gu;
const LEFT_ALONE = "textarea, input, script, style, option, .glyph";
const SIZE = 24;
const NOTHING = "\u{10FFFE}";

const names = new Map([...EMOJI].map(([name, character]) => [bare(character), name]).reverse());
const known = new Map();
const canvas = document.createElement("canvas");
canvas.width = canvas.height = SIZE * 2;
const brush = canvas.getContext("2d", { willReadFrequently: true });

function bare(character) {
  return character.replaceAll("\uFE0F", "");
}

function drawn(character) {
  brush.clearRect(0, 0, canvas.width, canvas.height);
  brush.font = `${SIZE}px ${getComputedStyle(document.body).fontFamily}`;
  brush.textBaseline = "top";
  brush.fillText(character, 2, 2);
  return brush.getImageData(0, 0, canvas.width, canvas.height).data.join();
}

/** Tell whether a character is drawn as something else than the box of a character that is in no font. */
export function hasGlyph(character) {
  const first = String.fromCodePoint(character.codePointAt(0));
  if (!known.has(first)) known.set(first, drawn(first) !== drawn(NOTHING));
  return known.get(first);
}

function badge(character) {
  const code = character.codePointAt(0).toString(16).toUpperCase();
  return h("span", { class: "glyph", data: { name: names.get(bare(character)) ?? `U+${code}` }, text: character });
}

function mend(node) {
  const text = node.data;
  const lacking = [...text.matchAll(ONE)].filter((found) => !hasGlyph(found[0]));
  if (!lacking.length || node.parentElement?.closest(LEFT_ALONE)) return;
  const parts = [];
  let at = 0;
  for (const found of lacking) {
    parts.push(text.slice(at, found.index), badge(found[0]));
    at = found.index + found[0].length;
  }
  node.replaceWith(...parts.filter((part) => part !== ""), text.slice(at));
}

function mendAll(root) {
  if (root.nodeType === Node.TEXT_NODE) return mend(root);
  const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walk.nextNode()) found.push(walk.currentNode);
  found.forEach(mend);
}

/** Put badges in the place of boxes, now and whenever something is drawn. */
export function watchGlyphs() {
  mendAll(document.body);
  new MutationObserver((changes) => {
    for (const change of changes) change.addedNodes.forEach((node) => node.isConnected && mendAll(node));
  }).observe(document.body, { childList: true, subtree: true });
}
