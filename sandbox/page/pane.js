/** Draw the middle: the head of a channel or an app, its messages or Home, and where to write. */

import { act } from "./api.js";
import { avatar } from "./avatar.js";
import { Composer } from "./composer.js";
import { button, h, icon } from "./dom.js";
import { drawHome, homeNode, tabs } from "./home.js";
import { openMenu } from "./popup.js";
import { go } from "./route.js";
import { showSidebar } from "./sidebar.js";
import { appOf, channelName, isStranger, store, teamName, userOf } from "./store.js";
import { Timeline } from "./timeline.js";
import { reasonOf, toast } from "./toast.js";

const main = document.getElementById("main");
const head = h("header", { class: "pane-head" });
const tabRow = h("div", { class: "tab-row" });
const banner = h("div", { class: "banner", role: "status", testid: "banner", hidden: true });
const composer = new Composer();
const joinBar = h("div", { class: "join-bar", hidden: true });
const timeline = new Timeline({ label: "Messages", testid: "messages", openThread, intro });

main.append(head, tabRow, banner, timeline.node, homeNode, composer.node, joinBar);

function openThread(ts) {
  go(store.me, store.place.app ? store.channel.channel.id : store.place.id, ts);
}

/** Say in a line that the sandbox cannot be reached, or stop saying so. */
export function sayReachable(reachable) {
  banner.hidden = reachable;
  banner.textContent = reachable ? "" : "The sandbox does not answer. Trying again…";
}

function intro() {
  const { channel } = store.channel;
  if (channel.kind === "im") {
    const other = userOf(channel.with);
    return h("div", { class: "intro" }, avatar(other, "large"), h("h2", { text: other.label }), h("p", { text: `This conversation is between ${other.label} and you.` }));
  }
  const text = channel.purpose || (channel.is_ext_shared ? "People of several organisations meet here." : `This is the very beginning of #${channelName(channel)}.`);
  return h("div", { class: "intro" }, h("h2", {}, icon(channel.kind === "private" ? "lock" : "hash"), channelName(channel)), h("p", { text }));
}

function inviteEntries(channel) {
  const mine = (user) => user.team_id === store.state.team.id && !user.deleted && !channel.members.includes(user.id);
  const invite = async (user) => {
    const answer = await act("invites", { as: store.me, channel: channel.id, user: user.id });
    if (!answer.ok) toast(reasonOf(answer));
  };
  return Object.values(store.state.users).filter(mine).map((user) => ({ label: user.label, note: user.is_bot ? "App" : "", icon: avatar(user, "small"), testid: `invite-${user.id}`, run: () => invite(user) }));
}

function memberEntries(channel, anchor) {
  const note = (user) => [user.is_bot ? "App" : user.title, isStranger(user) ? teamName(user.team_id) : ""].filter(Boolean).join(" · ");
  const visit = (user) => user.team_id === store.state.team.id && user.id !== store.me && go(store.me, user.is_bot ? user.app_id : `@${user.name}`);
  const entry = (user) => ({ label: user.label, note: note(user), icon: avatar(user, "small"), run: () => visit(user) });
  const others = inviteEntries(channel);
  const add = { label: "Add people or apps…", icon: icon("plus"), testid: "invite", run: () => openMenu(anchor, others, { label: "Add to channel" }) };
  return [...(channel.is_member && others.length ? [add, { divider: true }] : []), ...channel.members.map((id) => entry(userOf(id)))];
}

function channelHead(channel) {
  const people = channel.members.map(userOf).filter((one) => !one.is_bot);
  const away = channel.teams.filter((id) => id !== store.state.team.id).map(teamName);
  const direct = channel.kind === "im";
  const mark = direct ? avatar(userOf(channel.with), "small") : icon(channel.kind === "private" ? "lock" : "hash");
  const members = button(
    { class: "members", "aria-label": `${channel.members.length} members`, "aria-haspopup": "menu", testid: "members", on: { click: () => openMenu(members, memberEntries(channel, members), { label: "Members" }) } },
    people.slice(0, 3).map((one) => avatar(one, "tiny")),
    h("span", { text: String(channel.members.length) }),
  );
  const shared = channel.is_ext_shared ? h("span", { class: "shared-with", testid: "shared-with" }, icon("shared"), `Shared with ${away.join(", ")}`) : null;
  return [h("h1", {}, mark, h("span", { text: channelName(channel) })), shared, channel.topic ? h("span", { class: "topic", text: channel.topic }) : null, h("span", { class: "spring" }), direct ? null : members];
}

function drawHead(parts, signature) {
  if (head.dataset.signature === signature) return;
  head.dataset.signature = signature;
  const menu = button({ class: "tool menu-button", "aria-label": "Channels and people", testid: "menu", on: { click: () => showSidebar(true) } }, icon("menu"));
  head.replaceChildren(menu, ...parts.filter(Boolean));
}

function drawJoin(channel) {
  const join = async () => {
    const answer = await act("joins", { as: store.me, channel: channel.id });
    if (!answer.ok) toast(reasonOf(answer));
  };
  joinBar.replaceChildren(h("strong", { text: `#${channelName(channel)}` }), button({ class: "btn btn-primary", testid: "join", on: { click: join } }, "Join channel"));
}

function drawChannel(unreadAfter, redrawn) {
  const { channel, messages, threads } = store.channel;
  const mayWrite = channel.is_member && !channel.is_archived;
  timeline.update(`${store.me}/${channel.id}`, { channel: channel.id, messages, threads, unreadAfter, redrawn });
  composer.aim({ channel: channel.id, thread: "", name: channel.kind === "im" ? channelName(channel) : `#${channelName(channel)}` });
  composer.node.hidden = !mayWrite;
  joinBar.hidden = channel.is_member || channel.is_archived;
  if (!joinBar.hidden) drawJoin(channel);
}

/** Bring the middle up to date. `unreadAfter` is the ts up to which I had read when I came. */
export function drawPane({ unreadAfter, redrawn }) {
  const app = store.place.app ? appOf(store.place.app) : null;
  const atHome = store.place.kind === "home";
  timeline.node.hidden = atHome;
  homeNode.hidden = !atHome;
  tabRow.hidden = !app;
  if (app) {
    const signature = `${store.me}/${app.id}/${app.name}/${store.place.kind}`;
    const bot = { id: app.id, label: app.name, is_bot: true };
    drawHead([h("h1", {}, avatar(bot, "small"), h("span", { text: app.name })), h("span", { class: "badge-app", text: "APP" })], signature);
    if (tabRow.dataset.signature !== signature) tabRow.replaceChildren(tabs(app, atHome ? "home" : "messages"));
    tabRow.dataset.signature = signature;
  }
  if (atHome) {
    composer.node.hidden = true;
    joinBar.hidden = true;
    drawHome();
    return;
  }
  if (!store.channel) return;
  const { channel } = store.channel;
  if (!app) drawHead(channelHead(channel), JSON.stringify([store.me, { ...channel, unread: 0, mentions: 0, last_ts: 0, last_read: 0 }, channelName(channel)]));
  drawChannel(unreadAfter, redrawn);
}

/** Say whether the newest message is in sight. */
export function seesNewest() {
  return !timeline.node.hidden && timeline.pinned;
}
