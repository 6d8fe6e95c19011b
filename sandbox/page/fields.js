/** Draw what one types into: text, numbers, addresses. What is typed waits here until it is left or sent. */

import { grow, h } from "./dom.js";

const TYPES = {
  plain_text_input: "text",
  number_input: "text",
  email_text_input: "email",
  url_text_input: "url",
  rich_text_input: "text",
};

export const INPUTS = [...Object.keys(TYPES), "file_input"];

function plainOf(value) {
  if (typeof value === "string") return value;
  const texts = (node) => (Array.isArray(node) ? node.map(texts).join("") : (node.text ?? texts(node.elements ?? [])));
  return value ? texts(value.elements ?? []) : "";
}

function startOf(element, block, ctx) {
  const state = ctx.stateOf(block, element);
  if (!state) return plainOf(element.initial_value);
  return plainOf(element.type === "rich_text_input" ? state.rich_text_value : state.value);
}

function dispatchesOn(element, block, when) {
  const asked = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  return Boolean(block.dispatch_action) && asked.includes(when);
}

/** Return a file's name and its bytes in base64. */
async function packed(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return { name: file.name, content: btoa(text) };
}

/** Return a field for files; they are uploaded once they are chosen, and the names of those that are there stand below. */
function fileField(element, block, ctx) {
  const many = (element.max_files ?? 10) > 1;
  const input = h("input", {
    type: "file",
    class: "input",
    multiple: many ? "" : undefined,
    accept: element.filetypes?.map((one) => `.${one}`).join(","),
    "aria-label": block.label?.text,
    testid: `field-${block.block_id}`,
    "data-focus": `${block.block_id}/${element.action_id}`,
    disabled: ctx.disabled,
  });
  input.addEventListener("change", async () => ctx.choose(block, element, await Promise.all([...input.files].map(packed)), input));
  const there = ctx.stateOf(block, element)?.files ?? [];
  const names = there.map((one) => h("span", { class: "chip", text: one.name }));
  return h("div", { class: "file-field" }, names.length ? h("div", { class: "file-names", testid: "uploaded" }, names) : null, input);
}

/** Return a text field; `ctx.typed` keeps what is in it until `ctx.flush`. */
export function field(element, block, ctx) {
  if (element.type === "file_input") return fileField(element, block, ctx);
  const many = element.multiline || element.type === "rich_text_input";
  const input = h(many ? "textarea" : "input", {
    class: "input",
    type: many ? undefined : TYPES[element.type],
    rows: many ? "4" : undefined,
    inputmode: element.type === "number_input" ? "decimal" : undefined,
    placeholder: element.placeholder?.text,
    maxlength: element.type === "plain_text_input" ? String(element.max_length ?? 3000) : undefined,
    autocomplete: "off",
    "aria-label": block.label?.text,
    testid: `field-${block.block_id}`,
    "data-focus": `${block.block_id}/${element.action_id}`,
    disabled: ctx.disabled,
  });
  input.value = ctx.pending(block, element) ?? startOf(element, block, ctx);
  if (element.focus_on_load) input.dataset.first = "yes";
  let timer = 0;
  input.addEventListener("input", () => {
    if (many) grow(input);
    ctx.typed(block, element, input.value);
    if (!dispatchesOn(element, block, "on_character_entered")) return;
    clearTimeout(timer);
    timer = setTimeout(() => ctx.flush(), 400);
  });
  // A field that tells the app of itself does so when Enter is pressed, not whenever it is left.
  input.addEventListener("change", () => !block.dispatch_action && ctx.flush());
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || (many && !(event.metaKey || event.ctrlKey))) return;
    event.preventDefault();
    if (dispatchesOn(element, block, "on_enter_pressed")) ctx.flush();
    else ctx.submit?.();
  });
  return input;
}
