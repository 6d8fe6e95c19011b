/** Draw one message: who, when, what it says, its reactions and its thread. */

import { act } from "./api.js";
import { avatar } from "./avatar.js";
import { block } from "./blocks.js";
import { MessageContext } from "./context.js";
import { button, h, icon } from "./dom.js";
import { emojiOf } from "./emoji.js";
import { agoOf, momentOf, shortTimeOf, timeOf } from "./format.js";
import { toolbar } from "./message_tools.js";
import { mrkdwn, textObject } from "./mrkdwn.js";
import { isStranger, store, teamName, userOf } from "./store.js";
import { reasonOf, toast } from "./toast.js";

const SYSTEM = new Set(["channel_join", "channel_leave", "channel_topic", "channel_purpose", "channel_name", "group_join", "channel_archive"]);
const ONLY_EMOJI = /^(?:\s*(?::[a-z0-9_+-]+:|\p{Extended_Pictographic}\uFE0F?))+\s*$/u;

function authorOf(message) {
  const user = userOf(message.user);
  if (!message.bot_id) return user;
  const name = message.username ?? message.bot_profile?.name ?? user.label;
  return { ...user, id: message.user ?? message.bot_id, label: name, is_bot: true };
}

function attachment(one, context) {
  const color = { good: "#2eb67d", warning: "#ecb22e", danger: "#e01e5a" }[one.color] ?? (/^#?[0-9a-f]{6}$/i.test(one.color ?? "") ? `#${one.color.replace("#", "")}` : "");
  const text = (value) => (value ? h("div", { class: "text" }, mrkdwn(value, { links: true })) : null);
  const fields = (one.fields ?? []).map((field) => h("div", { class: "text field" }, h("strong", { text: field.title }), mrkdwn(field.value ?? "")));
  const bar = h("span", { class: "attachment-bar" });
  if (color) bar.style.background = color;
  return h(
    "div",
    { class: "attachment" },
    bar,
    h(
      "div",
      {},
      text(one.pretext),
      one.title ? h("strong", { text: one.title }) : null,
      text(one.text),
      fields.length ? h("div", { class: "fields" }, fields) : null,
      (one.blocks ?? []).map((inner) => block(inner, context)),
      one.footer ? h("div", { class: "hint", text: one.footer }) : null,
    ),
  );
}

function file(one) {
  const size = one.size < 1024 ? `${one.size} B` : `${Math.round(one.size / 1024)} KB`;
  const kind = h("div", { class: "card-subtitle", text: `${(one.filetype ?? "").toUpperCase()} · ${size}` });
  return h("a", { class: "card file", href: `/files/${one.id}`, download: one.name, testid: "file" }, h("span", { class: "card-title", text: one.title ?? one.name }), kind);
}

/** Return what the message says: an app's blocks, else the text as its author wrote it. */
function body(message, channel) {
  const context = new MessageContext(message, channel);
  const drawn = message.bot_id && message.blocks?.length ? message.blocks.map((one) => block(one, context)) : null;
  const big = !message.bot_id && ONLY_EMOJI.test(message.text ?? "") ? " big" : "";
  const edited = message.edited && !message.bot_id ? h("span", { class: "edited", title: momentOf(message.edited.ts), text: "(edited)" }) : null;
  const attachments = (message.attachments ?? []).map((one) => attachment(one, context));
  const files = (message.files ?? []).map(file);
  if (drawn) return h("div", { class: "message-body" }, drawn, attachments, files);
  return h("div", { class: "message-body" }, h("div", { class: `text${big}` }, mrkdwn(message.text ?? "", { links: true }), edited), attachments, files);
}

/** Add or take back my reaction. */
export async function react(message, channel, name) {
  const mine = (message.reactions ?? []).some((one) => one.name === name && one.users.includes(store.me));
  const answer = await act("reacts", { as: store.me, name, message: message.ts, channel, remove: mine });
  if (!answer.ok) toast(reasonOf(answer));
}

function reactions(message, channel) {
  if (!message.reactions?.length) return null;
  const one = (reaction) => {
    const who = reaction.users.map((id) => userOf(id).label).join(", ");
    const mine = reaction.users.includes(store.me);
    return button(
      { class: `reaction${mine ? " mine" : ""}`, title: `${who} reacted with :${reaction.name}:`, "aria-label": `${reaction.count} ${reaction.name}, ${who}`, "aria-pressed": String(mine), testid: `reaction-${reaction.name}`, "data-focus": `${message.ts}/${reaction.name}`, on: { click: () => react(message, channel, reaction.name) } },
      h("span", { class: "emoji", text: emojiOf(reaction.name) }),
      h("span", { text: String(reaction.count) }),
    );
  };
  return h("div", { class: "reactions" }, message.reactions.map(one));
}

function replies(message, thread, openThread) {
  if (!message.replies || !openThread) return null;
  const people = [...new Map(thread.map((one) => [one.user, authorOf(one)])).values()].slice(0, 4);
  const last = thread.at(-1);
  return button(
    { class: "replies", testid: "replies", "data-focus": `${message.ts}/replies`, on: { click: () => openThread(message.ts) } },
    people.map((one) => avatar(one, "tiny")),
    h("strong", { text: message.replies === 1 ? "1 reply" : `${message.replies} replies` }),
    last ? h("span", { class: "hint", text: `Last reply ${agoOf(last.ts)}` }) : null,
  );
}

function head(message, author, time) {
  const stranger = isStranger(author) ? h("span", { class: "stranger", text: teamName(author.team_id) }) : null;
  const guest = author.is_guest ? h("span", { class: "stranger", text: "Guest" }) : null;
  return h("div", { class: "message-head" }, h("strong", { class: "author", text: author.label }), author.is_bot ? h("span", { class: "badge-app", text: "APP" }) : null, stranger, guest, time);
}

/**
 * Return a message's element. `compact` leaves out who wrote it, as the one above is by the same person; `thread` are
 * its replies; `openThread` is absent inside a thread.
 */
export function message(one, { channel, compact = false, thread = [], openThread = null }) {
  const author = authorOf(one);
  if (SYSTEM.has(one.subtype)) {
    return h("div", { class: "message system", testid: "message", data: { ts: one.ts } }, h("div", { class: "gutter" }, avatar(author, "tiny")), h("div", { class: "message-main text" }, mrkdwn(one.text)));
  }
  const small = compact && !one.ephemeral;
  const time = h("time", { class: "time", title: momentOf(one.ts), text: small ? shortTimeOf(one.ts) : timeOf(one.ts) });
  const classes = ["message", small ? "compact" : "", one.ephemeral ? "ephemeral" : "", one.subtype === "tombstone" ? "gone" : ""];
  return h(
    "div",
    { class: classes.filter(Boolean).join(" "), testid: "message", data: { ts: one.ts }, role: "article", "aria-label": `${author.label}, ${timeOf(one.ts)}` },
    h("div", { class: "gutter" }, small ? time : avatar(one.username ? { id: one.username, label: one.username } : author)),
    h(
      "div",
      { class: "message-main" },
      one.ephemeral ? h("div", { class: "only-you", testid: "ephemeral" }, icon("eye"), "Only visible to you") : null,
      one.subtype === "thread_broadcast" ? h("div", { class: "only-you" }, icon("thread"), "replied to a thread") : null,
      small ? null : head(one, author, time),
      body(one, channel),
      reactions(one, channel),
      replies(one, thread, openThread),
    ),
    one.subtype === "tombstone" ? null : toolbar(one, { channel, openThread }),
  );
}
