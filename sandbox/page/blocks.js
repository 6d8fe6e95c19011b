/** Draw Block Kit: each block by its type, each element inside it by `elements.js`. */

import { more } from "./blocks_more.js";
import { h, icon } from "./dom.js";
import { draw } from "./elements.js";
import { markdown } from "./markdown.js";
import { plainText, textObject } from "./mrkdwn.js";
import { richText } from "./rich_text.js";

function section(block, ctx) {
  const text = block.text ? h("div", { class: "text" }, textObject(block.text)) : null;
  const fields = block.fields?.length
    ? h("div", { class: "fields" }, ...block.fields.map((one) => h("div", { class: "text field" }, textObject(one))))
    : null;
  const accessory = block.accessory ? h("div", { class: "accessory" }, draw(block.accessory, block, ctx)) : null;
  return h("div", { class: "section" }, h("div", { class: "section-main" }, text, fields), accessory);
}

function context(block, ctx) {
  const one = (element) =>
    element.type === "image" ? draw(element, block, ctx) : h("span", { class: "text" }, textObject(element));
  return h("div", { class: "context" }, ...block.elements.map(one));
}

/** Return what stands for a picture: the page loads nothing from elsewhere, so it shows what the picture says. */
function picture(one, title) {
  const own = one.slack_file?.id ? `/files/${one.slack_file.id}` : one.image_url;
  const shown = own?.startsWith("/") || own?.startsWith(`${location.origin}/`)
    ? h("img", { src: own, alt: one.alt_text })
    : h("div", { class: "image", role: "img", "aria-label": one.alt_text }, icon("image"), h("span", { text: one.alt_text }));
  return h("figure", {}, title ? h("figcaption", {}, plainText(title)) : null, shown);
}

function input(block, ctx) {
  const error = ctx.errorOf(block);
  const id = `error-${ctx.key}-${block.block_id}`;
  const control = draw(block.element, block, ctx);
  if (error) {
    const target = control.matches("input, textarea, button") ? control : (control.querySelector("input") ?? control);
    target.setAttribute("aria-invalid", "true");
    target.setAttribute("aria-describedby", id);
  }
  return h(
    "div",
    { class: `input-block${error ? " invalid" : ""}` },
    h("div", { class: "label" }, plainText(block.label), block.optional ? h("span", { class: "optional", text: " (optional)" }) : null),
    control,
    error ? h("div", { class: "field-error", id, role: "alert", testid: `error-${block.block_id}` }, icon("warning"), error) : null,
    block.hint ? h("div", { class: "hint" }, plainText(block.hint)) : null,
  );
}

const DRAW = {
  header: (block) => h("h3", { class: "header" }, plainText(block.text)),
  section,
  context,
  divider: () => h("hr", { class: "divider" }),
  actions: (block, ctx) => h("div", { class: "actions" }, ...block.elements.map((one) => draw(one, block, ctx))),
  context_actions: (block, ctx) => h("div", { class: "actions" }, ...block.elements.map((one) => draw(one, block, ctx))),
  input,
  image: (block) => picture(block, block.title),
  rich_text: (block) => h("div", { class: "text" }, richText(block)),
  markdown: (block) => h("div", { class: "text" }, markdown(block.text)),
  ...more,
};

/** Return one block; a kind the page does not know says so, as Slack's client does. */
export function block(one, ctx) {
  const drawn = DRAW[one.type]?.(one, ctx, block) ?? h("div", { class: "unknown", text: `This content can’t be displayed (${one.type}).` });
  return h("div", { class: `block block-${one.type}`, data: { block: one.block_id ?? "" } }, drawn);
}
