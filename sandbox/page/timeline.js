/** Draw a run of messages with day separators, and keep the reader where they were while it grows. */

import { button, h, reconcile } from "./dom.js";
import { dayKey, dayOf } from "./format.js";
import { message } from "./message.js";
import { store } from "./store.js";

const TOGETHER_SECONDS = 300;
const NEAR_END = 48;
const PAGE = 150;

function continues(one, before) {
  // Cards follow each other more legibly when each says who it is from.
  if (!before || one.bot_id || before.subtype !== one.subtype || before.ephemeral || one.ephemeral) return false;
  return before.user === one.user && Number(one.ts) - Number(before.ts) < TOGETHER_SECONDS;
}

/** A scrolling list of messages. */
export class Timeline {
  /** `openThread` is given the ts of a root; without it the list is itself a thread. */
  constructor({ label, testid, openThread = null, intro = null }) {
    this.openThread = openThread;
    this.intro = intro;
    this.list = h("div", { class: "message-list", role: "log", "aria-live": "polite", "aria-relevant": "additions", "aria-label": label, testid });
    this.more = button({ class: "btn earlier", hidden: true, on: { click: () => this.earlier() } }, "Show earlier messages");
    this.head = h("div", { class: "timeline-head" });
    this.scroller = h("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": label }, h("div", { class: "filler" }), this.head, this.more, this.list);
    this.jump = button({ class: "jump", testid: "jump", hidden: true, on: { click: () => this.toEnd() } }, "↓ New messages");
    this.node = h("div", { class: "timeline" }, this.scroller, this.jump);
    this.place = "";
    this.limit = PAGE;
    // What loads or opens inside a message must not push the newest one out of sight. Whether it is in sight is
    // noted while scrolling, as measuring at each redraw would lay out the whole list twice.
    this.pinned = true;
    this.scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    new ResizeObserver(() => this.pinned && this.toEnd()).observe(this.list);
  }

  atEnd() {
    return this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight < NEAR_END;
  }

  scrolled() {
    this.pinned = this.atEnd();
    if (this.pinned) this.jump.hidden = true;
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.pinned = true;
    this.jump.hidden = true;
  }

  /** Show the beginning of the newest message where it is higher than the window. */
  toStart() {
    const last = this.list.lastElementChild;
    if (!last || last.offsetHeight < this.scroller.clientHeight) return;
    this.pinned = false;
    last.scrollIntoView({ block: "start" });
  }

  earlier() {
    const fromEnd = this.scroller.scrollHeight - this.scroller.scrollTop;
    this.limit += PAGE;
    this.pinned = false;
    this.draw();
    this.scroller.scrollTop = this.scroller.scrollHeight - fromEnd;
  }

  /** Show messages of a place; `unreadAfter` is the ts behind which a line says "New". */
  update(place, { channel, messages, threads = {}, unreadAfter = "", redrawn = "" }) {
    const moved = place !== this.place;
    if (moved) {
      this.place = place;
      this.limit = PAGE;
      this.last = "";
    }
    const wasAtEnd = moved || this.pinned;
    const newest = messages.at(-1);
    const arrived = newest && newest.ts > this.last && !moved;
    this.last = newest?.ts ?? "";
    this.given = { channel, messages, threads, unreadAfter, redrawn };
    this.draw();
    if (wasAtEnd || (arrived && (newest.user === store.me || newest.ephemeral))) this.toEnd();
    else if (arrived) this.jump.hidden = false;
    if (arrived && newest.ephemeral) this.toStart();
    if (moved) this.list.querySelector(".new-line")?.scrollIntoView({ block: "center" });
  }

  draw() {
    const { channel, messages, threads, unreadAfter, redrawn } = this.given;
    const shown = messages.slice(-this.limit);
    this.more.hidden = shown.length === messages.length;
    this.head.replaceChildren(...(this.more.hidden && this.intro ? [this.intro()] : []));
    const items = [];
    let marked = !unreadAfter || unreadAfter === "0";
    shown.forEach((one, at) => {
      const before = shown[at - 1];
      const newDay = !before || dayKey(before.ts) !== dayKey(one.ts);
      const first = !marked && one.ts > unreadAfter && one.user !== store.me;
      if (newDay) items.push({ day: one.ts });
      if (first) items.push({ fresh: true });
      marked ||= first;
      items.push({ one, compact: !newDay && !first && continues(one, before), thread: threads[one.ts] ?? [] });
    });
    reconcile(this.list, items, {
      key: (item) => `${this.place}/${item.one?.ts ?? (item.fresh ? "new" : dayKey(item.day))}`,
      sign: (item) => JSON.stringify(item.one ? [item.one, item.compact, item.thread.at(-1)?.ts, redrawn] : [item.day ? dayOf(item.day) : ""]),
      draw: (item) => {
        if (item.day) return h("div", { class: "day", role: "separator" }, h("span", { text: dayOf(item.day) }));
        if (item.fresh) return h("div", { class: "new-line", role: "separator" }, h("span", { text: "New" }));
        return message(item.one, { channel, compact: item.compact, thread: item.thread, openThread: this.openThread });
      },
    });
  }
}
