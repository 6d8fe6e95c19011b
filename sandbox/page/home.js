/** Show an app: its Home and its messages, as two tabs. */

import { act } from "./api.js";
import { avatar } from "./avatar.js";
import { h } from "./dom.js";
import { store } from "./store.js";
import { contextOf, drawView } from "./view.js";

const PATIENCE = 4000;

const blocks = h("div", { class: "home-blocks", testid: "home" });
const waiting = h("div", { class: "home-waiting", role: "status" });
/** The element of the Home. */
export const homeNode = h("div", { class: "scroller home", tabindex: "0", role: "region", "aria-label": "App Home" }, waiting, blocks);
let timer = 0;
let opened = "";

/** Tell the app that its Home is being looked at, once for each time it is opened. */
export function openHome(appId) {
  const key = `${store.me}/${appId}`;
  if (opened === key) return;
  opened = key;
  act("opens_home", { as: store.me });
  clearTimeout(timer);
  timer = setTimeout(drawHome, PATIENCE, true);
}

/** Forget that the Home was open, so that coming back to it tells the app again. */
export function leaveHome() {
  opened = "";
  clearTimeout(timer);
}

/** Return the two links above an app's content. */
export function tabs(app, current) {
  const tab = (name, label, detail) =>
    h("a", { class: `tab${current === name ? " current" : ""}`, href: `#${store.me}/${app.id}${detail}`, testid: `${name}-tab`, "aria-current": current === name ? "page" : undefined, text: label });
  return h("nav", { class: "tabs", "aria-label": app.name }, tab("home", "Home", ""), tab("messages", "Messages", "/messages"));
}

/** Bring the Home up to date; `late` when the app had its time and has not published one. */
export function drawHome(late = false) {
  const shown = store.home;
  waiting.hidden = Boolean(shown);
  blocks.hidden = !shown;
  if (shown) {
    drawView(blocks, shown, contextOf("home", shown));
    return;
  }
  const app = store.state?.apps.find((one) => one.id === store.place.app);
  if (!app) return;
  const text = late ? `${app.name} has not published a Home yet.` : `Waiting for ${app.name}…`;
  waiting.replaceChildren(late ? avatar({ id: app.id, label: app.name, is_bot: true }) : h("span", { class: "spinner" }), text);
}
