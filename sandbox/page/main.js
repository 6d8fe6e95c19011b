/** Start the page, follow the address, and redraw when the sandbox says that something changed. */

import { act, look, Stream } from "./api.js";
import { h } from "./dom.js";
import { watchGlyphs } from "./glyphs.js";
import { leaveHome, openHome } from "./home.js";
import { drawModal } from "./modal.js";
import { drawPane, sayReachable, seesNewest } from "./pane.js";
import { closePopup } from "./popup.js";
import { go, readRoute } from "./route.js";
import { drawSidebar, showSidebar } from "./sidebar.js";
import { appOf, appOfDm, channelName, store } from "./store.js";
import { drawThread } from "./thread.js";
import { toast } from "./toast.js";

const BREATH = 60;
const AGAIN = 2000;

let refreshing = false;
let wanted = false;
let visit = { key: "", unreadAfter: "" };
// Names of people and channels are drawn into messages: when one changes, all are drawn again.
let names = { shown: "", times: 0 };
const stream = new Stream(refresh, sayReachable);
watchGlyphs();

/** Redraw once now, and once more if something changed meanwhile; never more often than every BREATH. */
async function refresh() {
  wanted = true;
  if (refreshing || !store.me) return;
  refreshing = true;
  while (wanted) {
    wanted = false;
    try {
      await redraw();
      await new Promise((resolve) => setTimeout(resolve, BREATH));
    } catch (error) {
      sayReachable(false);
      console.error(error);
      setTimeout(refresh, AGAIN);
      break;
    }
  }
  refreshing = false;
}

/** Find what the address means by a place: a channel, an app's Home, or its messages. */
async function placeOf(route) {
  const app = appOf(route.place);
  if (app && route.detail !== "messages") return { kind: "home", id: app.id, app: app.id, thread: "" };
  if (app) {
    const reference = app.dm || `@${store.state.users[app.bot_user_id].name}`;
    return { kind: "channel", id: reference, app: app.id, thread: "" };
  }
  const fallback = store.state.channels.find((one) => one.is_member && one.kind === "public") ?? store.state.channels[0];
  return { kind: "channel", id: route.place || fallback?.id || "", thread: route.detail };
}

async function redraw() {
  const me = store.me;
  const state = await look("state", { as: me });
  if (me !== store.me) return;
  store.state = state;
  const place = await placeOf(readRoute());
  const home = place.kind === "home" ? look("home", { as: me, app_id: place.app }) : null;
  const channel = place.kind === "channel" && place.id ? look("channel", { as: me, id: place.id }).catch(() => null) : null;
  const modal = state.modal_open ? look("modal", { as: me }) : null;
  const found = await Promise.all([home, channel, modal]);
  if (me !== store.me) return;
  if (place.kind === "channel" && !found[1]) {
    if (readRoute().place) {
      toast("You cannot see that channel.");
      go(me, "", "", { replace: true });
    }
    return;
  }
  take(place, found);
  draw();
}

function take(place, [home, channel, modal]) {
  store.home = home?.home ?? null;
  store.channel = channel;
  store.modal = modal?.modal ?? null;
  store.place = place;
  if (!channel) return;
  place.id = channel.channel.id;
  place.app ??= appOfDm(channel.channel)?.id;
  const key = `${store.me}/${place.id}`;
  if (visit.key !== key) visit = { key, unreadAfter: channel.channel.unread ? channel.channel.last_read : "" };
}

function draw() {
  const { channels, users, me } = store.state;
  const shownNames = JSON.stringify([Object.values(users).map((one) => one.label), channels.map(channelName), me.tz, store.me]);
  if (names.shown !== shownNames) names = { shown: shownNames, times: names.times + 1 };
  drawSidebar();
  drawPane({ unreadAfter: visit.unreadAfter, redrawn: names.times });
  drawThread(names.times);
  drawModal();
  if (store.place.kind === "home") openHome(store.place.app);
  else leaveHome();
  markRead();
  const unread = channels.reduce((sum, one) => sum + one.mentions, 0);
  const name = store.place.kind === "home" ? appOf(store.place.id)?.name : channelName(store.channel.channel);
  document.title = `${unread ? `(${unread}) ` : ""}${name} · ${store.state.team.name}`;
}

function markRead() {
  const channel = store.channel?.channel;
  if (!channel?.unread || document.hidden || !seesNewest()) return;
  act("reads", { as: store.me, channel: channel.id });
}

/** Become the person of the address. */
async function become(me) {
  store.me = me;
  store.state = null;
  store.channel = null;
  store.modal = null;
  store.home = null;
  leaveHome();
  drawModal();
  const team = store.people.find((one) => one.people.some((person) => person.id === me));
  store.commands = await look("commands", { team: team.id });
  stream.open(me);
}

function isKnown(me) {
  return store.people.some((team) => team.people.some((one) => one.id === me));
}

async function follow() {
  closePopup();
  showSidebar(false);
  const { me } = readRoute();
  if (!isKnown(me)) store.people = (await look("people")).teams;
  const known = store.people.flatMap((team) => team.people);
  if (!isKnown(me)) {
    if (known.length) go(known[0].id, "", "", { replace: true });
    return;
  }
  if (me !== store.me) await become(me);
  refresh();
}

function composer() {
  return [...document.querySelectorAll("[data-testid=composer]")].find((one) => one.offsetParent);
}

/** Let what is typed anywhere go where one writes, as nothing else on the page takes letters. */
function typeAnywhere(event) {
  const free = document.activeElement === document.body || document.activeElement.matches(".scroller, .row, .tool, .tab");
  if (event.key.length !== 1 || event.key === " " || event.ctrlKey || event.metaKey || event.altKey) return;
  if (free && !document.querySelector("dialog[open], .popup")) composer()?.focus();
}

async function start() {
  try {
    store.people = (await look("people")).teams;
    if (!store.people.some((team) => team.people.length)) throw new Error("Nobody is in this sandbox yet.");
    window.addEventListener("hashchange", follow);
    document.addEventListener("keydown", typeAnywhere);
    document.getElementById("skip").addEventListener("click", () => composer()?.focus());
    document.addEventListener("visibilitychange", () => document.hidden || refresh());
    await follow();
  } catch (error) {
    document.getElementById("main").replaceChildren(h("div", { class: "home-waiting", text: String(error.message) }));
    setTimeout(() => location.reload(), 3 * AGAIN);
  }
}

start();
