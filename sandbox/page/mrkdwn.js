/** Draw Slack's mrkdwn: as text nodes and a few elements, so that what people wrote can never become markup. */

import { h } from "./dom.js";
import { EMOJI, emojiOf } from "./emoji.js";
import { dateToken } from "./format.js";
import { channelName, channelOf, store, userOf } from "./store.js";

const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };
const STYLES = { "*": "strong", _: "em", "~": "del" };
const WORD = /[\p{L}\p{N}]/u;
const EMOJI_NAME = /^:([a-z0-9_+'-]+(?:::skin-tone-\d)?):/;
const MESSAGE = /^https?:\/\/[^/]+\/archives\/([A-Z0-9]+)\/p(\d+)(\d{6})(?:\?thread_ts=([\d.]+))?/;
const REFERENCE = /(?<![\p{L}\p{N}-])(\p{Lu}{1,4}-\d{1,9})(?![\p{L}\p{N}-])/u;
const SEEK_MS = 2000;
const BARE_LINK = /^https?:\/\/[^\s<>|]*[^\s<>|.,;:!?)\]}'"]/;

/** Undo the three escapes of Slack. */
export function unescape(text) {
  return text.replace(/&(?:amp|lt|gt);/g, (entity) => ENTITIES[entity]);
}

/** Bring a message into sight, once it is drawn: in its thread if it stands in one, which opens on the right. */
function seek(ts, until = Date.now() + SEEK_MS) {
  const found = [...document.querySelectorAll(`.message[data-ts="${CSS.escape(ts)}"]`)].at(-1);
  if (found) {
    found.scrollIntoView({ block: "center" });
    found.classList.add("sought");
    setTimeout(() => found.classList.remove("sought"), SEEK_MS);
  } else if (Date.now() < until) setTimeout(() => seek(ts, until), 50);
}

/** Return a link to a message that I can read here, null for any other address. */
function messageLink(url, label) {
  const [, channel, seconds, rest, thread] = MESSAGE.exec(url) ?? [];
  if (!channel || !channelOf(channel)) return null;
  const place = [store.me, channel, thread].filter(Boolean).map(encodeURIComponent).join("/");
  return h("a", { href: `#${place}`, text: label, on: { click: () => setTimeout(() => seek(`${seconds}.${rest}`), 0) } });
}

/** Return a link, or only its label when the address is not one to follow. */
export function link(url, label) {
  const there = messageLink(url, label);
  if (there) return there;
  if (!/^(https?:|mailto:|tel:)/i.test(url)) return document.createTextNode(label);
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer", text: label });
}

/** Return a mention of a person. */
export function mention(id, label = "") {
  const known = store.state?.users[id];
  const mine = id === store.me ? " mention-me" : "";
  return h("span", { class: `mention${mine}`, text: `@${known ? userOf(id).label : label || id}` });
}

/** Return a link to a channel, or its name when I cannot see it. */
export function channelMention(id, label = "") {
  const known = channelOf(id);
  if (!known) return h("span", { class: "mention", text: label ? `#${label}` : "#private-channel" });
  return h("a", { class: "mention", href: `#${store.me}/${id}`, text: `#${channelName(known)}` });
}

/** Return @here, @channel or @everyone. */
export function broadcast(range) {
  return h("span", { class: "mention mention-me", text: `@${range}` });
}

/** Return an emoji that reads its name aloud. */
export function emoji(name) {
  if (!EMOJI.has(name.split("::")[0])) return document.createTextNode(`:${name}:`);
  return h("span", { class: "emoji", role: "img", title: `:${name}:`, "aria-label": `:${name}:`, text: emojiOf(name) });
}

function control(body) {
  const [target, label] = body.includes("|") ? [body.slice(0, body.indexOf("|")), body.slice(body.indexOf("|") + 1)] : [body, ""];
  const shown = unescape(label);
  if (target.startsWith("@")) return mention(target.slice(1), shown);
  if (target.startsWith("#")) return channelMention(target.slice(1), shown);
  if (target.startsWith("!date^")) {
    const [, ts, template = "", url = ""] = target.split("^");
    const text = dateToken(ts, unescape(template), shown);
    return url ? link(unescape(url), text) : h("time", { text });
  }
  if (target.startsWith("!subteam^")) return h("span", { class: "mention", text: shown || "@group" });
  if (target.startsWith("!")) return broadcast(shown || target.slice(1));
  const url = unescape(target);
  return link(url, shown || url.replace(/^mailto:/, ""));
}

/** Return where the style that opens at `start` ends, or -1. */
function closing(text, start, mark) {
  for (let at = start + 1; at < text.length; at += 1) {
    const char = text[at];
    if (char === "\n") return -1;
    const pair = { "<": ">", "`": "`" }[char];
    if (pair) {
      const end = text.indexOf(pair, at + 1);
      if (end > 0) at = end;
    } else if (char === mark && at > start + 1 && !/\s/.test(text[at - 1]) && !WORD.test(text[at + 1] ?? " ")) {
      return at;
    }
  }
  return -1;
}

/** Return the nodes of plain text in which no line ends inside a short reference such as C-4. */
export function whole(text) {
  const parts = text.split(REFERENCE).filter(Boolean);
  return parts.map((part) => (REFERENCE.test(part) ? h("span", { class: "reference", text: part }) : document.createTextNode(part)));
}

/** Return the nodes of one stretch of mrkdwn without paragraphs. */
export function inline(text, { links = false } = {}) {
  const nodes = [];
  let plain = "";
  const flush = () => {
    nodes.push(...whole(plain));
    plain = "";
  };
  const push = (node, next) => {
    flush();
    nodes.push(node);
    return next;
  };
  let at = 0;
  while (at < text.length) {
    const char = text[at];
    const rest = () => text.slice(at, at + 3000);
    const opens = at === 0 || !WORD.test(text[at - 1]);
    if (char === "`") {
      const end = text.indexOf("`", at + 1);
      const code = end > 0 ? text.slice(at + 1, end) : "";
      if (code.trim() && !code.includes("\n")) {
        at = push(h("code", {}, ...raw(code)), end + 1);
        continue;
      }
    } else if (char === "<") {
      const end = text.indexOf(">", at);
      if (end > at + 1) {
        at = push(control(text.slice(at + 1, end)), end + 1);
        continue;
      }
    } else if (char === "&") {
      const entity = /^&(?:amp|lt|gt);/.exec(rest())?.[0];
      if (entity) {
        plain += ENTITIES[entity];
        at += entity.length;
        continue;
      }
    } else if (STYLES[char] && opens && text[at - 1] !== char && !/[\s]/.test(text[at + 1] ?? " ")) {
      const end = closing(text, at, char);
      if (end > 0) {
        at = push(h(STYLES[char], {}, ...inline(text.slice(at + 1, end), { links })), end + 1);
        continue;
      }
    } else if (char === ":") {
      const name = EMOJI_NAME.exec(rest())?.[1];
      if (name && EMOJI.has(name.split("::")[0])) {
        at = push(emoji(name), at + name.length + 2);
        continue;
      }
    } else if (links && char === "h" && opens) {
      const url = BARE_LINK.exec(rest())?.[0];
      if (url) {
        at = push(link(unescape(url), unescape(url)), at + url.length);
        continue;
      }
    }
    plain += char;
    at += 1;
  }
  flush();
  return nodes;
}

/** Return code's nodes: mentions and links are still read, nothing else is. */
function raw(text) {
  return text.split(/(<[^<>]+>)/).map((part) => (/^<.+>$/s.test(part) ? control(part.slice(1, -1)) : document.createTextNode(unescape(part))));
}

const QUOTE = /^(?:&gt;|>) ?/;
const REST_QUOTE = /^(?:&gt;){3}/;
const BULLET = /^(\s*)[•◦▪‣-] +/;
const NUMBER = /^(\s*)(\d{1,3})[.)] +/;

function kindOf(line) {
  if (QUOTE.test(line)) return "quote";
  if (BULLET.test(line)) return "bullet";
  if (NUMBER.test(line)) return "number";
  return "text";
}

function group(kind, lines, options) {
  if (kind === "quote") return h("blockquote", {}, ...paragraphs(lines.map((line) => line.replace(QUOTE, "")).join("\n"), options));
  if (kind === "bullet") {
    const item = (line) => h("li", { class: BULLET.exec(line)[1].length > 1 ? "nested" : "" }, ...inline(line.replace(BULLET, ""), options));
    return h("ul", {}, ...lines.map(item));
  }
  if (kind === "number") {
    const item = (line) => h("li", { value: Number(NUMBER.exec(line)[2]) }, ...inline(line.replace(NUMBER, ""), options));
    return h("ol", {}, ...lines.map(item));
  }
  return h("p", {}, ...inline(lines.join("\n").replace(/^\n|\n$/g, ""), options));
}

function paragraphs(text, options) {
  const lines = text.split("\n");
  const nodes = [];
  let at = 0;
  while (at < lines.length) {
    if (REST_QUOTE.test(lines[at])) {
      const rest = [lines[at].replace(REST_QUOTE, ""), ...lines.slice(at + 1)].join("\n");
      nodes.push(h("blockquote", {}, h("p", {}, ...inline(rest.trim(), options))));
      break;
    }
    const kind = kindOf(lines[at]);
    let end = at + 1;
    while (end < lines.length && kindOf(lines[end]) === kind && !REST_QUOTE.test(lines[end])) end += 1;
    const chunk = lines.slice(at, end);
    if (kind !== "text" || chunk.some((line) => line.trim())) nodes.push(group(kind, chunk, options));
    at = end;
  }
  return nodes;
}

/** Return the nodes of a mrkdwn text with its paragraphs, quotes, lists and code blocks. */
export function mrkdwn(text, options = {}) {
  return String(text).split(/(```[\s\S]+?```)/).flatMap((part, index) => {
    if (index % 2) return [h("pre", {}, ...raw(part.slice(3, -3).replace(/^\n|\n$/g, "")))];
    return part.trim() ? paragraphs(part, options) : [];
  });
}

/** Return the nodes of a text object: mrkdwn, or plain text in which only emoji names mean something. */
export function textObject(object) {
  if (!object) return [];
  if (object.type === "mrkdwn") return mrkdwn(object.text, { links: !object.verbatim });
  return plainText(object);
}

/** Return the nodes of a plain_text object. */
export function plainText(object) {
  if (object.emoji === false) return [document.createTextNode(object.text)];
  const known = (part) => /^:.+:$/.test(part) && EMOJI.has(part.slice(1, -1).split("::")[0]);
  const parts = String(object.text).split(/(:[a-z0-9_+'-]+:)/);
  return parts.filter(Boolean).map((part) => (known(part) ? emoji(part.slice(1, -1)) : document.createTextNode(part)));
}
