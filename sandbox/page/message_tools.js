/** Offer what can be done with a message: react, reply, shortcuts of apps, edit and delete one's own. */

import { act } from "./api.js";
import { button, grow, h, icon } from "./dom.js";
import { EMOJI, emojiLike, emojiOf, FAVOURITES } from "./emoji.js";
import { ask, closePopup, isOpenAt, openMenu, openPopup } from "./popup.js";
import { store } from "./store.js";
import { reasonOf, toast } from "./toast.js";

const PICKER_SIZE = 84;

async function carry(verb, body) {
  const answer = await act(verb, { as: store.me, ...body });
  if (!answer.ok) toast(reasonOf(answer));
  return answer.ok;
}

/** Let a person pick an emoji beside `anchor`; `picked` gets its name. */
export function pickEmoji(anchor, picked) {
  if (isOpenAt(anchor)) return closePopup();
  const grid = h("div", { class: "emoji-grid" });
  const search = h("input", { type: "text", class: "input", placeholder: "Search emoji", "aria-label": "Search emoji", testid: "emoji-search" });
  const popup = openPopup(anchor, h("div", { class: "emoji-picker", testid: "emoji-picker" }, search, grid), { label: "Emoji" });
  const names = () => (search.value ? emojiLike(search.value, PICKER_SIZE) : [...new Set([...FAVOURITES, ...EMOJI.keys()])].slice(0, PICKER_SIZE));
  const pick = (name) => {
    popup.close();
    anchor.focus({ preventScroll: true });
    picked(name);
  };
  const draw = () => grid.replaceChildren(...names().map((name) => button({ title: `:${name}:`, "aria-label": name, testid: `emoji-${name}`, on: { click: () => pick(name) } }, emojiOf(name))));
  search.addEventListener("input", draw);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && names().length) pick(names()[0]);
  });
  draw();
  popup.place();
  search.focus({ preventScroll: true });
  return undefined;
}

function edit(one, channel, node) {
  const body = node.closest(".message").querySelector(".message-body");
  const area = h("textarea", { class: "input edit-area", "aria-label": "Edit message", testid: "edit-area" });
  area.value = one.plain;
  const done = () => form.replaceWith(body);
  const save = async () => {
    if (area.value.trim() && (await carry("edits", { message: one.ts, channel, text: area.value }))) done();
  };
  const form = h(
    "div",
    { class: "edit-form" },
    area,
    h("div", { class: "edit-buttons" }, button({ class: "btn", on: { click: done } }, "Cancel"), button({ class: "btn btn-primary", testid: "edit-save", on: { click: save } }, "Save")),
  );
  area.addEventListener("input", () => grow(area));
  area.addEventListener("keydown", (event) => {
    if (event.key === "Escape") done();
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    save();
  });
  body.replaceWith(form);
  grow(area);
  area.focus();
}

async function remove(one, channel) {
  const sure = await ask({ title: "Delete message", body: "Are you sure you want to delete this message? This cannot be undone.", confirm: "Delete", danger: true });
  if (sure) await carry("deletes", { message: one.ts, channel });
}

function entries(one, channel, node) {
  const shortcuts = store.commands.shortcuts.filter((shortcut) => shortcut.type === "message");
  const run = (shortcut) => ({
    label: shortcut.name,
    note: shortcut.app,
    testid: `shortcut-${shortcut.callback_id}`,
    run: () => carry("shortcut", { callback_id: shortcut.callback_id, message: one.ts, channel }),
  });
  const copy = { label: "Copy text", run: () => navigator.clipboard?.writeText(one.plain).then(() => toast("Copied."), () => toast("The browser did not allow copying.")) };
  const mine = one.user === store.me && !one.bot_id;
  const own = [
    { divider: true },
    { label: "Edit message", testid: "edit-message", run: () => edit(one, channel, node) },
    { label: "Delete message…", danger: true, testid: "delete-message", run: () => remove(one, channel) },
  ];
  return [...shortcuts.map(run), ...(shortcuts.length ? [{ divider: true }] : []), copy, ...(mine ? own : [])];
}

/** Return the buttons that show while the pointer or the focus is on a message. */
export function toolbar(one, { channel, openThread }) {
  const tool = (name, label, testid, click) => {
    const node = button({ class: "tool", title: label, "aria-label": label, testid, "aria-expanded": "false" }, icon(name));
    node.addEventListener("click", () => click(node));
    return node;
  };
  const react = (name) => carry("reacts", { name, message: one.ts, channel });
  const can = !one.ephemeral;
  return h(
    "div",
    { class: "toolbar", role: "group", "aria-label": "Message actions" },
    can ? tool("smile", "Add reaction", "add-reaction", (node) => pickEmoji(node, react)) : null,
    can && openThread ? tool("thread", "Reply in thread", "reply-thread", () => openThread(one.thread_ts ?? one.ts)) : null,
    can ? tool("more", "More actions", "more-actions", (node) => openMenu(node, entries(one, channel, node), { label: "Message actions" })) : null,
  );
}
