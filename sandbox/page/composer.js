/** Write messages and slash commands; what is half written stays with its channel. */

import { act } from "./api.js";
import { Completion } from "./completion.js";
import { button, grow, h, icon } from "./dom.js";
import { pickEmoji } from "./message_tools.js";
import { openMenu } from "./popup.js";
import { store } from "./store.js";
import { reasonOf, toast } from "./toast.js";

const drafts = new Map();
const FORMATS = [
  ["bold", "Bold", "*"],
  ["italic", "Italic", "_"],
  ["strike", "Strikethrough", "~"],
  ["code", "Code", "`"],
];
/** Errors of a command that the sandbox has already told the person of, in the channel. */
const TOLD = new Set(["operation_timeout", "dispatch_failed", "http_service_error", "invalid_command_response", "unknown_command"]);

/** A box to write in: `thread` is a root's ts in the thread pane, else empty. */
export class Composer {
  constructor({ inThread = false } = {}) {
    this.inThread = inThread;
    this.target = { channel: "", thread: "", name: "" };
    this.running = new Set();
    const id = inThread ? "thread-composer" : "composer";
    this.area = h("textarea", { rows: "1", testid: id, "aria-label": "Message", "data-focus": id, spellcheck: "true" });
    this.send = button({ class: "send", testid: inThread ? "thread-send" : "send", "aria-label": "Send", title: "Send", disabled: true, on: { click: () => this.submit() } }, icon("send"));
    this.status = h("div", { class: "composer-status", role: "status", testid: "composer-status" });
    this.completion = new Completion(this.area, () => this.changed(), inThread);
    const tools = FORMATS.map(([name, label, mark]) => this.tool(name, label, () => this.wrap(mark)));
    const box = h(
      "div",
      { class: "composer-box" },
      h("div", { class: "composer-tools", role: "toolbar", "aria-label": "Formatting" }, tools, this.tool("quote", "Quote", () => this.prefix("> ")), this.tool("list", "Bulleted list", () => this.prefix("• "))),
      this.area,
      h("div", { class: "composer-foot" }, this.shortcuts(), this.emoji(), h("span", { class: "composer-hint", text: "Enter to send · Shift+Enter for a new line" }), this.send),
    );
    this.node = h("div", { class: "composer" }, this.completion.node, box, this.status);
    this.area.addEventListener("input", () => this.changed());
    this.area.addEventListener("keydown", (event) => this.key(event));
  }

  tool(name, label, click) {
    return button({ class: "tool", title: label, "aria-label": label, on: { click } }, icon(name));
  }

  emoji() {
    const node = this.tool("smile", "Emoji", () => pickEmoji(node, (name) => this.insert(`:${name}: `)));
    return node;
  }

  shortcuts() {
    const entries = () => {
      const global = store.commands.shortcuts.filter((one) => one.type === "global");
      const run = (one) => ({ label: one.name, note: one.app, testid: `shortcut-${one.callback_id}`, run: () => this.shortcut(one) });
      const slash = { label: "Slash commands", note: "Everything the apps offer", run: () => this.begin("/") };
      return [...global.map(run), ...(this.inThread ? [] : [slash])];
    };
    const node = this.tool("plus", "Shortcuts", () => openMenu(node, entries(), { label: "Shortcuts" }));
    node.hidden = this.inThread;
    return node;
  }

  async shortcut(one) {
    const answer = await act("shortcut", { as: store.me, callback_id: one.callback_id });
    if (!answer.ok) toast(reasonOf(answer));
  }

  begin(text) {
    this.area.value = text;
    this.area.focus();
    this.changed();
  }

  insert(text) {
    this.area.focus();
    this.area.setRangeText(text, this.area.selectionStart, this.area.selectionEnd, "end");
    this.changed();
  }

  wrap(mark) {
    const { selectionStart: from, selectionEnd: to, value } = this.area;
    this.area.focus();
    this.area.setRangeText(`${mark}${value.slice(from, to)}${mark}`, from, to, "preserve");
    this.area.setSelectionRange(from + 1, to + 1);
    this.changed();
  }

  prefix(mark) {
    const at = this.area.value.lastIndexOf("\n", this.area.selectionStart - 1) + 1;
    this.area.focus();
    this.area.setRangeText(mark, at, at, "preserve");
    this.changed();
  }

  get draftKey() {
    return `${store.me}/${this.target.channel}/${this.target.thread}`;
  }

  /** Write to another place; what was written for it before comes back. */
  aim(target) {
    const before = this.draftKey;
    this.target = target;
    this.area.placeholder = this.inThread ? "Reply…" : `Message ${target.name}`;
    this.area.setAttribute("aria-label", this.inThread ? "Reply in thread" : `Message ${target.name}`);
    if (before === this.draftKey && this.aimed) return;
    this.aimed = true;
    this.area.value = drafts.get(this.draftKey) ?? "";
    this.completion.close();
    this.say("");
    this.fit();
  }

  fit() {
    grow(this.area);
    this.send.disabled = !this.area.value.trim();
  }

  changed() {
    drafts.set(this.draftKey, this.area.value);
    this.fit();
    this.completion.update();
  }

  key(event) {
    if (event.isComposing || this.completion.key(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.submit();
    }
  }

  say(text) {
    this.status.replaceChildren(text);
  }

  showRunning() {
    const names = [...this.running].map((one) => one.name);
    this.status.replaceChildren(...(names.length ? [h("span", { class: "spinner", "aria-hidden": "true" }), `Running ${names.join(", ")}…`] : []));
  }

  async submit() {
    const text = this.area.value.trim();
    if (!text) return;
    const command = /^\/\S+/.exec(text)?.[0];
    if (command && this.inThread) return this.say(`${command} is not supported in threads. Sorry!`);
    const { channel, thread } = this.target;
    this.area.value = "";
    this.completion.close();
    this.changed();
    const run = command ? { name: command } : null;
    if (run) this.running.add(run);
    this.showRunning();
    const answer = await act("types", { as: store.me, text, channel, ...(thread ? { thread } : {}) });
    this.running.delete(run);
    this.showRunning();
    if (answer.ok || TOLD.has(answer.error)) return;
    toast(reasonOf(answer));
    if (this.area.value) return;
    this.area.value = text;
    this.changed();
  }
}
