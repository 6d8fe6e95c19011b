/** Draw the `markdown` block: headings, lists, tables, code and inline styles of common Markdown. */

import { h } from "./dom.js";
import { EMOJI } from "./emoji.js";
import { emoji, link } from "./mrkdwn.js";

const INLINE = new RegExp(
  [
    "`(?<code>[^`]+)`",
    "\\*\\*(?<bold>[^*]+(?:\\*[^*]+\\*[^*]*)*)\\*\\*",
    "__(?<bold2>[^_]+)__",
    "~~(?<strike>[^~]+)~~",
    "\\*(?<italic>[^*\\s][^*]*)\\*",
    "(?<![\\p{L}\\p{N}])_(?<italic2>[^_\\s][^_]*)_(?![\\p{L}\\p{N}])",
    "\\[(?<label>[^\\]]+)\\]\\((?<url>[^()\\s]+)\\)",
    "(?<bare>https?://[^\\s<>)]*[^\\s<>).,;:!?])",
    ":(?<emoji>[a-z0-9_+-]+):",
  ].join("|"),
  "u",
);

function inline(text) {
  const nodes = [];
  let rest = text;
  while (rest) {
    const found = INLINE.exec(rest);
    if (!found) break;
    nodes.push(document.createTextNode(rest.slice(0, found.index)));
    const one = found.groups;
    if (one.code) nodes.push(h("code", { text: one.code }));
    else if (one.bold ?? one.bold2) nodes.push(h("strong", {}, ...inline(one.bold ?? one.bold2)));
    else if (one.strike) nodes.push(h("del", {}, ...inline(one.strike)));
    else if (one.italic ?? one.italic2) nodes.push(h("em", {}, ...inline(one.italic ?? one.italic2)));
    else if (one.label) nodes.push(link(one.url, one.label));
    else if (one.bare) nodes.push(link(one.bare, one.bare));
    else nodes.push(EMOJI.has(one.emoji) ? emoji(one.emoji) : document.createTextNode(found[0]));
    rest = rest.slice(found.index + found[0].length);
  }
  if (rest) nodes.push(document.createTextNode(rest));
  return nodes;
}

function cells(line) {
  return line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());
}

function table(lines) {
  const [head, , ...rows] = lines.map(cells);
  const row = (tag) => (line) => h("tr", {}, ...line.map((cell) => h(tag, {}, ...inline(cell))));
  return h("div", { class: "table-scroll" }, h("table", {}, h("thead", {}, row("th")(head)), h("tbody", {}, ...rows.map(row("td")))));
}

function listItem(line) {
  const task = /^\[([ xX])\] /.exec(line);
  if (!task) return h("li", {}, ...inline(line));
  return h("li", { class: "task" }, h("input", { type: "checkbox", disabled: true, checked: task[1] !== " " }), ...inline(line.slice(4)));
}

const KINDS = [
  ["table", /^\s*\|.*\|\s*$/, (lines) => (lines.length > 1 && /^[\s|:-]+$/.test(lines[1]) ? table(lines) : h("p", {}, ...inline(lines.join("\n"))))],
  ["quote", /^> ?/, (lines) => h("blockquote", {}, ...markdown(lines.map((line) => line.replace(/^> ?/, "")).join("\n")))],
  ["bullet", /^\s*[-*+] /, (lines) => h("ul", {}, ...lines.map((line) => listItem(line.replace(/^\s*[-*+] /, ""))))],
  ["number", /^\s*\d+[.)] /, (lines) => h("ol", {}, ...lines.map((line) => listItem(line.replace(/^\s*\d+[.)] /, ""))))],
  ["text", /\S/, (lines) => h("p", {}, ...inline(lines.join("\n")))],
];

function oneLine(line) {
  const heading = /^(#{1,6}) +(.+)$/.exec(line);
  if (heading) return h(`h${Math.min(heading[1].length + 2, 6)}`, {}, ...inline(heading[2]));
  return /^\s*([-*_])\s*(?:\1\s*){2,}$/.test(line) ? h("hr") : null;
}

function kindOf(line) {
  return oneLine(line) ? null : KINDS.find(([, pattern]) => pattern.test(line));
}

function flow(text) {
  const lines = text.split("\n");
  const nodes = [];
  for (let at = 0; at < lines.length; ) {
    const single = oneLine(lines[at]);
    const kind = kindOf(lines[at]);
    let end = at + 1;
    if (single) nodes.push(single);
    else if (kind) {
      while (end < lines.length && kindOf(lines[end])?.[0] === kind[0]) end += 1;
      nodes.push(kind[2](lines.slice(at, end)));
    }
    at = end;
  }
  return nodes;
}

/** Return the nodes of a Markdown text. */
export function markdown(text) {
  return text.split(/(```[\s\S]*?```)/).flatMap((part, index) => {
    if (index % 2) return [h("pre", { text: part.slice(3, -3).replace(/^\w*\n|\n$/g, "") })];
    return flow(part);
  });
}
