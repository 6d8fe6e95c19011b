/** Draw every kind of select menu: fixed options, options from the app, people, channels and conversations. */

import { avatar } from "./avatar.js";
import { button, h, icon } from "./dom.js";
import { plainText } from "./mrkdwn.js";
import { closePopup, isOpenAt, openPopup } from "./popup.js";
import { channelName, channelOf, isStranger, store, teamName, userOf } from "./store.js";

const WAIT_WHILE_TYPING = 200;

/** What the state of each kind is called; those in the plural hold several. */
const STATE = {
  static_select: ["selected_option", "initial_option"],
  external_select: ["selected_option", "initial_option"],
  users_select: ["selected_user", "initial_user"],
  channels_select: ["selected_channel", "initial_channel"],
  conversations_select: ["selected_conversation", "initial_conversation"],
  multi_static_select: ["selected_options", "initial_options"],
  multi_external_select: ["selected_options", "initial_options"],
  multi_users_select: ["selected_users", "initial_users"],
  multi_channels_select: ["selected_channels", "initial_channels"],
  multi_conversations_select: ["selected_conversations", "initial_conversations"],
};

export const SELECTS = Object.keys(STATE);

function optionItem(option, group = "") {
  return { id: option.value, send: option.value, option, label: option.text.text, nodes: () => plainText(option.text), note: option.description?.text ?? "", group };
}

function personItem(user) {
  const note = isStranger(user) ? teamName(user.team_id) : user.title || "";
  return { id: user.id, send: user.id, label: user.label, nodes: () => [avatar(user, "tiny"), user.label], note, group: "" };
}

function channelItem(channel) {
  const mark = channel.kind === "private" ? "lock" : "hash";
  const nodes = () => (channel.kind === "im" ? [avatar(userOf(channel.with), "tiny"), channelName(channel)] : [icon(mark), channelName(channel)]);
  return { id: channel.id, send: channel.id, label: channelName(channel), nodes, note: channel.is_ext_shared ? "shared" : "", group: "" };
}

function people() {
  return Object.values(store.state.users).filter((user) => !user.deleted && !user.is_bot);
}

function conversations(element) {
  const filter = element.filter ?? {};
  return store.state.channels.filter((one) => {
    if (one.is_archived || (filter.include && !filter.include.includes(one.kind))) return false;
    if (filter.exclude_external_shared_channels && one.is_ext_shared) return false;
    return !(filter.exclude_bot_users && one.kind === "im" && userOf(one.with).is_bot);
  });
}

function offered(element) {
  const kind = element.type.replace("multi_", "");
  if (kind === "users_select") return people().map(personItem);
  if (kind === "channels_select") return store.state.channels.filter((one) => one.kind === "public" && !one.is_archived).map(channelItem);
  if (kind === "conversations_select") return conversations(element).map(channelItem);
  if (element.options) return element.options.map((one) => optionItem(one));
  return (element.option_groups ?? []).flatMap((group) => group.options.map((one) => optionItem(one, group.label.text)));
}

function chosenItem(element, value) {
  if (typeof value === "object") return { ...optionItem(value), send: value };
  if (element.type.includes("users")) return personItem(userOf(value));
  const channel = channelOf(value);
  return channel ? channelItem(channel) : { id: value, send: value, label: value, nodes: () => [value], note: "", group: "" };
}

/** Return what is chosen now as items: from the view's state, else the element's own beginning. */
function chosenItems(element, state) {
  const [name, initial] = STATE[element.type];
  const value = state ? state[name] : element[initial];
  const values = Array.isArray(value) ? value : [value];
  return values.filter((one) => one !== null && one !== undefined).map((one) => chosenItem(element, one));
}

/** Search a list in a popup; calls `picked` with an item, and `shown` gives those that are chosen. */
function list(anchor, { find, external, least, picked, shown, multi, closed, label }) {
  const results = h("div", { class: "listbox", role: "listbox", id: "listbox", "aria-label": label, "aria-multiselectable": multi ? "true" : undefined });
  const search = h("input", { type: "text", class: "input listbox-search", role: "combobox", "aria-expanded": "true", "aria-controls": "listbox", "aria-autocomplete": "list", "aria-label": `Search ${label}`, placeholder: "Search…", autocomplete: "off", testid: "select-search" });
  const popup = openPopup(anchor, h("div", { class: "select-popup", testid: "select-popup" }, search, results), { onClose: closed, wide: true });
  let items = [];
  let active = 0;
  let asked = 0;
  let timer = 0;

  function mark() {
    [...results.querySelectorAll("[role=option]")].forEach((node, index) => {
      node.classList.toggle("active", index === active);
      if (index !== active) return;
      search.setAttribute("aria-activedescendant", node.id);
      node.scrollIntoView({ block: "nearest" });
    });
  }

  function draw() {
    const chosen = new Set(shown().map((one) => one.id));
    let group = "";
    results.replaceChildren();
    items.forEach((item, index) => {
      if (item.group !== group) results.append(h("div", { class: "listbox-group", text: item.group }));
      group = item.group;
      const node = h(
        "div",
        { class: "option", role: "option", id: `option-${index}`, "aria-selected": String(chosen.has(item.id)), on: { click: () => take(index), pointermove: () => { active = index; mark(); } } },
        multi ? h("span", { class: "check", "aria-hidden": "true", text: chosen.has(item.id) ? "✓" : "" }) : null,
        h("span", { class: "option-text" }, h("span", { class: "option-label" }, item.nodes()), item.note ? h("small", { text: item.note }) : null),
      );
      results.append(node);
    });
    if (!items.length) results.append(h("div", { class: "listbox-empty", text: "No results" }));
    mark();
    popup.place();
  }

  function say(text) {
    items = [];
    results.replaceChildren(h("div", { class: "listbox-empty", text }));
    popup.place();
  }

  function take(index) {
    if (!items[index]) return;
    picked(items[index]);
    if (multi) draw();
    else {
      closePopup();
      anchor.focus({ preventScroll: true });
    }
  }

  function update() {
    active = 0;
    const text = search.value.trim();
    if (external) return fetchOptions(text);
    items = find(text);
    return draw();
  }

  async function fetchOptions(text) {
    const mine = (asked += 1);
    if (text.length < least) return say(`Type ${least === 1 ? "a character" : `${least} characters`} to search`);
    say("Loading…");
    const found = await find(text);
    if (mine !== asked) return undefined;
    if (!found) return say("The app did not answer. Try again?");
    items = found;
    return draw();
  }

  search.addEventListener("input", () => {
    if (!external) return update();
    clearTimeout(timer);
    say("Loading…");
    timer = setTimeout(update, WAIT_WHILE_TYPING);
    return undefined;
  });
  search.addEventListener("keydown", (event) => {
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (moves[event.key] && items.length) active = (active + moves[event.key] + items.length) % items.length;
    else if (event.key === "Enter") take(active);
    else if (event.key === "Tab") return closePopup();
    else return undefined;
    event.preventDefault();
    return mark();
  });
  search.focus({ preventScroll: true });
  update();
}

/** Return a select menu; `ctx.choose` gets what is chosen, `ctx.suggest` asks the app for options. */
export function select(element, block, ctx) {
  const multi = element.type.startsWith("multi_");
  const external = element.type.includes("external");
  const label = block.label?.text ?? element.placeholder?.text ?? "Options";
  let chosen = chosenItems(element, ctx.stateOf(block, element));
  let changed = false;
  const anchor = button({ class: "select", "aria-haspopup": "listbox", "aria-expanded": "false", "data-focus": `${block.block_id}/${element.action_id}`, testid: `action-${element.action_id}`, disabled: ctx.disabled });
  const value = h("span", { class: "select-value" });
  anchor.append(value, icon("down"));

  function show() {
    const empty = !chosen.length;
    value.classList.toggle("placeholder", empty);
    if (empty) value.replaceChildren(element.placeholder?.text ?? (multi ? "Select options" : "Select an option"));
    else if (multi) value.replaceChildren(...chosen.map((one) => h("span", { class: "chip" }, one.nodes())));
    else value.replaceChildren(...chosen[0].nodes());
    anchor.setAttribute("aria-label", `${label}: ${empty ? "nothing chosen" : chosen.map((one) => one.label).join(", ")}`);
  }

  async function commit() {
    const send = chosen.map((one) => (external ? one.option : one.send));
    await ctx.choose(block, element, multi ? send : (send[0] ?? null), anchor);
  }

  async function picked(item) {
    const before = chosen;
    if (multi) {
      const most = element.max_selected_items ?? 100;
      const without = chosen.filter((one) => one.id !== item.id);
      chosen = without.length < chosen.length ? without : [...chosen, item].slice(0, most);
      changed = true;
      return show();
    }
    chosen = ctx.optional(block) && before[0]?.id === item.id ? [] : [item];
    show();
    return commit();
  }

  async function ask(text) {
    const answer = await ctx.suggest(block, element, text);
    return answer.ok ? groupsOf(answer) : null;
  }

  function among(text) {
    const wanted = text.toLowerCase();
    return offered(element).filter((one) => `${one.label} ${one.note}`.toLowerCase().includes(wanted));
  }

  const least = element.min_query_length ?? 3;
  const closed = () => multi && changed && commit().then(() => (changed = false));
  anchor.addEventListener("click", () => {
    if (isOpenAt(anchor)) return closePopup();
    return list(anchor, { find: external ? ask : among, external, least, picked, shown: () => chosen, multi, closed, label });
  });
  show();
  return anchor;
}

function groupsOf(answer) {
  const groups = answer.answer?.option_groups;
  if (!groups) return answer.options.map((one) => optionItem(one));
  return groups.flatMap((group) => group.options.map((one) => optionItem(one, group.label?.text ?? "")));
}
