/** Draw rich_text blocks. */

import { h } from "./dom.js";
import { dateToken } from "./format.js";
import { broadcast, channelMention, emoji, link, mention } from "./mrkdwn.js";
import { teamName } from "./store.js";

const STYLES = { bold: "strong", italic: "em", strike: "del", underline: "u", code: "code" };

function styled(node, style = {}) {
  return Object.entries(STYLES).reduce((inner, [name, tag]) => (style[name] ? h(tag, {}, inner) : inner), node);
}

const LEAVES = {
  text: (one) => document.createTextNode(one.text ?? ""),
  link: (one) => link(one.url ?? "", one.text || one.url || ""),
  user: (one) => mention(one.user_id),
  usergroup: (one) => h("span", { class: "mention", text: `@${one.usergroup_id}` }),
  channel: (one) => channelMention(one.channel_id),
  emoji: (one) => emoji(one.name ?? ""),
  broadcast: (one) => broadcast(one.range ?? "here"),
  team: (one) => h("span", { class: "mention", text: teamName(one.team_id) || one.team_id }),
  date: (one) => h("time", { text: dateToken(String(one.timestamp), one.format ?? "{date}", one.fallback ?? "") }),
  color: (one) => h("code", { text: one.value ?? "" }),
};

function leaves(elements = []) {
  return elements.map((one) => (LEAVES[one.type] ? styled(LEAVES[one.type](one), one.style) : null));
}

const PARTS = {
  rich_text_section: (part) => h("p", {}, ...leaves(part.elements)),
  rich_text_preformatted: (part) => h("pre", {}, ...leaves(part.elements)),
  rich_text_quote: (part) => h("blockquote", {}, ...leaves(part.elements)),
  rich_text_list: (part) => {
    const items = (part.elements ?? []).map((item) => h("li", {}, ...leaves(item.elements)));
    const start = Number.isInteger(part.offset) ? part.offset + 1 : undefined;
    return h(part.style === "ordered" ? "ol" : "ul", { class: `indent-${Math.min(part.indent ?? 0, 5)}`, start }, ...items);
  },
};

/** Return the nodes of a rich_text block. */
export function richText(block) {
  return (block.elements ?? []).map((part) => PARTS[part.type]?.(part) ?? null);
}
