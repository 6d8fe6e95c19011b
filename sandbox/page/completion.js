/** Offer what could follow while one types: slash commands, people, channels and emoji. */

import { avatar } from "./avatar.js";
import { h, icon } from "./dom.js";
import { emojiLike, emojiOf } from "./emoji.js";
import { isStranger, store, teamName } from "./store.js";

const MOST = 8;

function commands(typed) {
  const wanted = typed.toLowerCase();
  const found = store.commands.commands.filter((one) => one.command.toLowerCase().startsWith(wanted));
  return found.slice(0, 12).map((one) => ({
    insert: `${one.command} `,
    nodes: [
      h("span", { class: "slash" }, h("strong", { text: one.command }), " ", h("span", { class: "hint", text: one.usage_hint ?? "" })),
      h("small", { text: one.description ?? "" }),
    ],
    app: one.app,
    testid: `command-${one.command.slice(1)}`,
  }));
}

function people(typed) {
  const wanted = typed.toLowerCase();
  const rank = (user) => (user.label.toLowerCase().startsWith(wanted) ? 0 : 1);
  const found = Object.values(store.state.users)
    .filter((user) => !user.deleted && `${user.label} ${user.name}`.toLowerCase().includes(wanted))
    .sort((a, b) => rank(a) - rank(b) || a.label.localeCompare(b.label));
  return found.slice(0, MOST).map((user) => ({
    insert: `@${user.label} `,
    nodes: [avatar(user, "tiny"), h("strong", { text: user.label }), h("small", { text: isStranger(user) ? teamName(user.team_id) : user.title || "" })],
  }));
}

function channels(typed) {
  const found = store.state.channels.filter((one) => one.name && one.name.includes(typed.toLowerCase()));
  return found.slice(0, MOST).map((one) => ({ insert: `#${one.name} `, nodes: [icon(one.kind === "private" ? "lock" : "hash"), h("strong", { text: one.name })] }));
}

function emoji(typed) {
  return emojiLike(typed, MOST).map((name) => ({ insert: `:${name}: `, nodes: [h("span", { class: "emoji", text: emojiOf(name) }), h("span", { text: `:${name}:` })] }));
}

const SOURCES = { "@": [people, 0], "#": [channels, 0], ":": [emoji, 2] };

/** The list above a composer. */
export class Completion {
  constructor(area, changed, inThread) {
    this.area = area;
    this.changed = changed;
    this.inThread = inThread;
    this.items = [];
    this.active = 0;
    this.id = inThread ? "thread-completion" : "completion";
    this.node = h("div", { class: "completion", role: "listbox", id: this.id, "aria-label": "Suggestions", hidden: true, testid: this.id });
    area.setAttribute("aria-controls", this.id);
    area.setAttribute("aria-autocomplete", "list");
    area.addEventListener("blur", () => setTimeout(() => document.activeElement !== area && this.close(), 150));
  }

  find() {
    const before = this.area.value.slice(0, this.area.selectionStart);
    if (!this.inThread && /^\/\S*$/.test(before)) return [commands(before), 0];
    const found = /(?:^|\s)([@#:])([\p{L}\p{N}_+.-]*)$/u.exec(before);
    if (!found) return [[], 0];
    const [source, least] = SOURCES[found[1]];
    if (found[2].length < least) return [[], 0];
    return [source(found[2]), before.length - found[2].length - 1];
  }

  update() {
    [this.items, this.start] = this.find();
    this.active = 0;
    this.node.hidden = !this.items.length;
    this.node.replaceChildren(
      ...this.items.map((item, at) =>
        h(
          "div",
          { class: "option", role: "option", id: `${this.id}-${at}`, testid: item.testid, on: { pointerdown: (event) => this.pick(at, event), pointermove: () => this.move(at) } },
          h("span", { class: "option-text" }, item.nodes),
          item.app ? h("span", { class: "option-app", text: item.app }) : null,
        ),
      ),
    );
    this.move(0);
  }

  move(at) {
    this.active = at;
    [...this.node.children].forEach((node, index) => {
      node.classList.toggle("active", index === at);
      node.setAttribute("aria-selected", String(index === at));
    });
    const node = this.node.children[at];
    if (!node) return this.area.removeAttribute("aria-activedescendant");
    node.scrollIntoView({ block: "nearest" });
    return this.area.setAttribute("aria-activedescendant", node.id);
  }

  pick(at, event) {
    event?.preventDefault();
    const end = this.area.selectionStart;
    this.area.focus();
    this.area.setRangeText(this.items[at].insert, this.start, end, "end");
    this.close();
    this.changed();
    this.close();
  }

  close() {
    this.items = [];
    this.node.hidden = true;
    this.node.replaceChildren();
  }

  /** Take a key; says whether it was for the list. */
  key(event) {
    if (!this.items.length) return false;
    const count = this.items.length;
    if (event.key === "ArrowDown") this.move((this.active + 1) % count);
    else if (event.key === "ArrowUp") this.move((this.active + count - 1) % count);
    else if (event.key === "Escape") this.close();
    else if (event.key === "Tab") this.pick(this.active);
    else if (event.key === "Enter" && !this.complete()) this.pick(this.active);
    else return false;
    event.preventDefault();
    return true;
  }

  /** Say whether what is typed is already the whole of the entry, so that Enter should send it. */
  complete() {
    const typed = this.area.value.slice(this.start, this.area.selectionStart);
    return typed === this.items[this.active].insert.trim() && this.area.value.trim() === typed;
  }
}
