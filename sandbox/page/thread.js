/** Show one thread in a pane on the right. */

import { Composer } from "./composer.js";
import { button, h, icon } from "./dom.js";
import { go } from "./route.js";
import { channelName, store } from "./store.js";
import { Timeline } from "./timeline.js";

const pane = document.getElementById("thread");
const timeline = new Timeline({ label: "Thread", testid: "thread-messages" });
const composer = new Composer({ inThread: true });
const where = h("small");
let shown = "";

function close() {
  go(store.me, store.place.app ?? store.place.id, store.place.app ? "messages" : "");
  document.querySelector("[data-testid=composer]")?.focus();
}

pane.append(
  h("header", { class: "pane-head" }, h("div", {}, h("h2", { text: "Thread" }), where), button({ class: "tool", "aria-label": "Close thread", title: "Close", testid: "close-thread", on: { click: close } }, icon("close"))),
  timeline.node,
  composer.node,
);
pane.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented) close();
});

/** Bring the thread pane up to date; it is hidden while no thread is open. */
export function drawThread(redrawn) {
  const ts = store.place.thread;
  const root = ts && store.channel?.messages.find((one) => one.ts === ts);
  pane.hidden = !root;
  document.body.classList.toggle("in-thread", Boolean(root));
  if (!root) {
    shown = "";
    return;
  }
  const { channel, threads } = store.channel;
  where.textContent = channel.kind === "im" ? channelName(channel) : `#${channelName(channel)}`;
  timeline.update(`${store.me}/${channel.id}/${ts}`, { channel: channel.id, messages: [{ ...root, replies: 0 }, ...(threads[ts] ?? [])], redrawn });
  composer.aim({ channel: channel.id, thread: ts, name: "thread" });
  if (shown !== ts) composer.area.focus();
  shown = ts;
}
