/** Draw the left side: workspaces, who I am, channels, direct messages and apps. */

import { avatar } from "./avatar.js";
import { button, h, icon, reconcile } from "./dom.js";
import { openMenu } from "./popup.js";
import { go } from "./route.js";
import { channelName, isStranger, store, teamName, userOf } from "./store.js";

const rail = document.getElementById("rail");
const sidebar = document.getElementById("sidebar");

function nameOf(person) {
  return person.display_name || person.real_name || person.name;
}

/** Return where somebody else lands: where I am now if they are there too, else where their own workspace begins. */
function placeFor(person) {
  const { channel } = store.channel ?? {};
  if (channel && !store.place.app) return channel.members.includes(person.id) ? channel.id : "";
  return store.place.app && person.team_id === store.state.team.id ? store.place.app : "";
}

function openSwitcher(anchor) {
  const entries = store.people.flatMap((team) => [
    { heading: team.name },
    ...team.people.map((person) => ({
      label: nameOf(person),
      note: person.title || (person.is_admin ? "Workspace admin" : person.is_restricted ? "Guest" : ""),
      icon: avatar({ ...person, label: nameOf(person) }, "small"),
      testid: `person-${person.id}`,
      checked: person.id === store.me,
      run: () => go(person.id, placeFor(person)),
    })),
  ]);
  openMenu(anchor, entries, { label: "Act as" });
}

/** Return the button that says who one is and lets one be somebody else. */
function switcher() {
  const me = store.state.me;
  const node = button({ class: "switcher", testid: "person-switcher", "aria-haspopup": "menu", "aria-expanded": "false", "aria-label": `You are ${me.label}. Switch person`, on: { click: () => openSwitcher(node) } },
    avatar(me, "small"),
    h("span", { class: "switcher-text" }, h("strong", { text: me.label }), h("small", { text: me.title || "Switch person" })),
    icon("down"),
  );
  return node;
}

function row({ id, name, mark, unread = 0, mentions = 0, current, extra = null, muted = false }) {
  const classes = ["row", current ? "current" : "", unread ? "unread" : "", muted ? "muted" : ""].filter(Boolean).join(" ");
  const label = `${name}${unread ? `, ${unread} unread` : ""}`;
  const badge = unread ? h("span", { class: `count${mentions ? " mentions" : ""}`, testid: `unread-${id}`, text: String(mentions || unread) }) : null;
  return h("a", { class: classes, href: `#${store.me}/${id}`, "aria-current": current ? "page" : undefined, "aria-label": label, testid: id.startsWith("A") ? `app-${id}` : `channel-${id}`, "data-focus": id }, mark, h("span", { class: "row-name", text: name }), extra, badge);
}

function channelRow(one) {
  const direct = one.kind === "im";
  const other = direct ? userOf(one.with) : null;
  const mark = direct ? avatar(other, "tiny") : one.kind === "mpim" ? icon("people") : icon(one.kind === "private" ? "lock" : "hash");
  const shared = one.is_ext_shared || (other && isStranger(other));
  const away = one.teams.filter((id) => id !== store.state.team.id).map(teamName).join(", ") || (other ? teamName(other.team_id) : "");
  const extra = shared ? h("span", { class: "shared-mark", title: `Shared with ${away}`, role: "img", "aria-label": `shared with ${away}` }, icon("shared")) : null;
  return row({ id: one.id, name: channelName(one), mark, unread: one.unread, mentions: one.mentions, current: store.place.id === one.id, extra, muted: !one.is_member });
}

function appRow(app) {
  const dm = store.state.channels.find((one) => one.id === app.dm);
  return row({ id: app.id, name: app.name, mark: avatar({ id: app.id, label: app.name, is_bot: true }, "tiny"), unread: dm?.unread ?? 0, mentions: dm?.unread ?? 0, current: store.place.app === app.id });
}

function newDirectMessage(anchor) {
  const mine = store.people.find((team) => team.id === store.state.team.id);
  const entries = (mine?.people ?? []).filter((one) => one.id !== store.me).map((one) => ({
    label: nameOf(one),
    icon: avatar({ ...one, label: nameOf(one) }, "small"),
    run: () => go(store.me, `@${one.name}`),
  }));
  openMenu(anchor, entries, { label: "New direct message" });
}

const lists = new Map();

function section(title, key, items, draw, action = null) {
  if (!lists.has(key)) {
    const list = h("div", { class: "rows" });
    lists.set(key, { list, node: h("section", { class: "side-section" }, h("div", { class: "side-head" }, h("h2", { text: title }), action), list) });
  }
  const { list, node } = lists.get(key);
  node.hidden = !items.length && !action;
  reconcile(list, items, { key: (one) => one.id, sign: (one) => JSON.stringify([one, store.place, store.me, draw === appRow ? appSign(one) : channelName(one)]), draw });
  return node;
}

function appSign(app) {
  return store.state.channels.find((one) => one.id === app.dm)?.unread ?? 0;
}

function plus() {
  const node = button({ class: "tool", title: "New direct message", "aria-label": "New direct message", testid: "new-dm", on: { click: () => newDirectMessage(node) } }, icon("plus"));
  return node;
}

const body = h("div", { class: "side-body" });
const head = h("div", { class: "side-top" });
const add = plus();

function drawRail() {
  const tile = (team) => {
    const current = team.id === store.state.team.id;
    const click = () => current || go(store.people.find((one) => one.id === team.id)?.people[0]?.id ?? store.me);
    return button({ class: `tile${current ? " current" : ""}`, title: team.name, "aria-label": team.name, "aria-current": current ? "true" : undefined, testid: `team-${team.id}`, on: { click } }, avatar({ id: team.id, label: team.name }));
  };
  reconcile(rail, store.state.teams, { key: (team) => team.id, sign: (team) => JSON.stringify([team, store.state.team.id, store.people.length]), draw: tile });
}

/** Show or hide the sidebar where there is room for one pane only. */
export function showSidebar(shown) {
  document.body.classList.toggle("show-sidebar", shown);
}

function byName(a, b) {
  return channelName(a).localeCompare(channelName(b));
}

/** Bring the left side up to date. */
export function drawSidebar() {
  drawRail();
  const { channels, apps, team } = store.state;
  if (!body.isConnected) sidebar.append(head, body);
  const signature = JSON.stringify([team, store.state.me]);
  if (head.dataset.signature !== signature) {
    head.dataset.signature = signature;
    const close = button({ class: "tool close-side", "aria-label": "Back to the conversation", testid: "close-menu", on: { click: () => showSidebar(false) } }, icon("close"));
    head.replaceChildren(h("div", { class: "team-name" }, h("strong", { text: team.name }), close), switcher());
  }
  const botDms = new Set(apps.map((app) => app.bot_user_id));
  const joined = channels.filter((one) => one.is_member && !one.is_archived && one.kind !== "im" && one.kind !== "mpim").sort(byName);
  const others = channels.filter((one) => !one.is_member && one.kind === "public" && !one.is_archived).sort(byName);
  const direct = channels.filter((one) => (one.kind === "im" || one.kind === "mpim") && !botDms.has(one.with)).sort(byName);
  const sections = [
    section("Channels", "channels", joined, channelRow),
    section("Direct messages", "direct", direct, channelRow, add),
    section("Apps", "apps", apps, appRow),
    section("More channels", "others", others, channelRow),
  ];
  if (!sections[0].isConnected) body.append(...sections);
}
