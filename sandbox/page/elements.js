/** Draw interactive elements other than selects: buttons, menus, boxes, pickers. */

import { button, h, icon } from "./dom.js";
import { field, INPUTS } from "./fields.js";
import { plainText, textObject } from "./mrkdwn.js";
import { ask, openMenu } from "./popup.js";
import { select, SELECTS } from "./select.js";

function focusName(block, element) {
  return `${block.block_id}/${element.action_id}`;
}

/** Ask the element's own question first, if it has one. */
async function confirmed(element, host) {
  const one = element.confirm;
  if (!one) return true;
  return ask({
    title: plainText(one.title),
    body: textObject(one.text),
    confirm: plainText(one.confirm),
    deny: plainText(one.deny),
    danger: one.style === "danger" || element.style === "danger",
    host: host.closest("dialog") ?? document.body,
  });
}

async function press(ctx, block, element, value, node) {
  if (!(await confirmed(element, node))) return;
  node.classList.add("busy");
  node.setAttribute("aria-busy", "true");
  await ctx.press(block, element, value, node);
  node.classList.remove("busy");
  node.removeAttribute("aria-busy");
}

function pressable(element, block, ctx) {
  const style = { primary: "btn-primary", danger: "btn-danger" }[element.style] ?? "";
  const node = button(
    { class: `btn ${style}`, testid: `action-${element.action_id}`, "aria-label": element.accessibility_label, "data-focus": focusName(block, element), disabled: ctx.disabled },
    plainText(element.text),
  );
  node.addEventListener("click", () => {
    if (node.classList.contains("busy")) return;
    if (/^https?:/i.test(element.url ?? "")) window.open(element.url, "_blank", "noopener,noreferrer");
    press(ctx, block, element, undefined, node);
  });
  return node;
}

function iconButton(element, block, ctx) {
  const label = element.accessibility_label ?? element.text.text;
  const node = button({ class: "btn btn-icon", title: label, "aria-label": label, testid: `action-${element.action_id}` }, icon("trash"));
  node.addEventListener("click", () => press(ctx, block, element, undefined, node));
  return node;
}

function feedback(element, block, ctx) {
  const one = (half, sign) => {
    const label = half.accessibility_label ?? half.text.text;
    const node = button({ class: "btn btn-icon", title: label, "aria-label": label }, sign);
    node.addEventListener("click", () => press(ctx, block, element, half.value, node));
    return node;
  };
  return h("span", { class: "feedback" }, one(element.positive_button, "👍"), one(element.negative_button, "👎"));
}

function overflow(element, block, ctx) {
  const node = button(
    { class: "btn btn-icon", "aria-label": "More actions", "aria-haspopup": "menu", "aria-expanded": "false", testid: `action-${element.action_id}`, "data-focus": focusName(block, element) },
    icon("more"),
  );
  const entry = (option) => ({
    label: option.text.text,
    note: option.description?.text,
    run: () => {
      if (/^https?:/i.test(option.url ?? "")) window.open(option.url, "_blank", "noopener,noreferrer");
      press(ctx, block, element, option.value, node);
    },
  });
  node.addEventListener("click", () => openMenu(node, element.options.map(entry), { label: "More actions" }));
  return node;
}

function chosenValues(element, block, ctx) {
  const state = ctx.stateOf(block, element);
  const many = element.type === "checkboxes";
  const value = state ? state[many ? "selected_options" : "selected_option"] : element[many ? "initial_options" : "initial_option"];
  return new Set([value ?? []].flat().map((option) => option.value));
}

function boxes(element, block, ctx) {
  const many = element.type === "checkboxes";
  const chosen = chosenValues(element, block, ctx);
  const name = `${ctx.key}/${focusName(block, element)}`;
  const group = h("div", { class: "boxes", role: many ? "group" : "radiogroup", "aria-label": block.label?.text, testid: `action-${element.action_id}` });
  async function changed() {
    if (!(await confirmed(element, group))) return;
    const values = [...group.querySelectorAll("input:checked")].map((input) => input.value);
    await ctx.choose(block, element, many ? values : (values[0] ?? null), group);
  }
  const draw = (option) => {
    const input = h("input", { type: many ? "checkbox" : "radio", name, on: { change: changed }, "data-focus": `${focusName(block, element)}/${option.value}`, disabled: ctx.disabled });
    input.value = option.value;
    input.checked = chosen.has(option.value);
    const note = option.description ? h("small", {}, textObject(option.description)) : null;
    return h("label", { class: "box" }, input, h("span", {}, h("span", { class: "text" }, textObject(option.text)), note));
  };
  group.append(...element.options.map(draw));
  return group;
}

const PICKERS = {
  datepicker: ["date", "selected_date", "initial_date"],
  timepicker: ["time", "selected_time", "initial_time"],
  datetimepicker: ["datetime-local", "selected_date_time", "initial_date_time"],
};

function localMoment(seconds) {
  const at = new Date(seconds * 1000);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function picker(element, block, ctx) {
  const [type, name, initial] = PICKERS[element.type];
  const state = ctx.stateOf(block, element);
  const start = state ? state[name] : element[initial];
  const input = h("input", { type, class: "input picker", "aria-label": block.label?.text ?? element.placeholder?.text ?? type, testid: `action-${element.action_id}`, "data-focus": focusName(block, element), disabled: ctx.disabled });
  input.value = start && type === "datetime-local" ? localMoment(start) : (start ?? "");
  let sent = input.value;
  let typing = false;
  async function commit() {
    typing = false;
    if (input.value === sent) return;
    if (!(await confirmed(element, input))) return;
    sent = input.value;
    const value = type === "datetime-local" && sent ? Math.floor(new Date(sent).getTime() / 1000) : sent;
    await ctx.choose(block, element, value || null, input);
  }
  // Typing a year passes through 0002, 0020 and 0202: what is typed counts once it is left or confirmed.
  input.addEventListener("keydown", (event) => {
    typing = event.key !== "Enter";
    if (event.key === "Enter") commit();
  });
  input.addEventListener("change", () => !typing && commit());
  input.addEventListener("blur", commit);
  return input;
}

function picture(element) {
  return h("span", { class: "image-small", role: "img", "aria-label": element.alt_text, title: element.alt_text }, icon("image"));
}

const DRAW = {
  button: pressable,
  workflow_button: pressable,
  icon_button: iconButton,
  feedback_buttons: feedback,
  overflow,
  checkboxes: boxes,
  radio_buttons: boxes,
  image: picture,
  ...Object.fromEntries(Object.keys(PICKERS).map((kind) => [kind, picker])),
  ...Object.fromEntries(SELECTS.map((kind) => [kind, select])),
  ...Object.fromEntries(INPUTS.map((kind) => [kind, field])),
};

/** Return an element of a block, wired to `ctx`; an unknown kind says its name. */
export function draw(element, block, ctx) {
  return DRAW[element.type]?.(element, block, ctx) ?? h("span", { class: "unknown", text: `[${element.type}]` });
}
