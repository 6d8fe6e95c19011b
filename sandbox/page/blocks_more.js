/** Draw the rarer blocks: tables, cards, alerts, plans, charts, containers, video and files. */

import { button, h, icon } from "./dom.js";
import { draw } from "./elements.js";
import { plainText, textObject } from "./mrkdwn.js";
import { richText } from "./rich_text.js";

function cellOf(cell) {
  if (!cell) return [];
  if (cell.type === "rich_text") return richText(cell);
  return [document.createTextNode(String(cell.text ?? cell.value ?? ""))];
}

function table(block) {
  const settings = block.column_settings ?? [];
  const cell = (tag) => (one, at) => {
    const look = [`align-${settings[at]?.align ?? (one?.type === "raw_number" ? "right" : "left")}`, settings[at]?.is_wrapped ? "wrapped" : ""];
    return h(tag, { class: look.join(" ") }, cellOf(one));
  };
  const [head = [], ...rows] = block.rows ?? [];
  const body = rows.map((row) => h("tr", {}, ...row.map(cell("td"))));
  const caption = block.caption ? h("caption", { text: block.caption }) : null;
  const grid = h("table", {}, caption, h("thead", {}, h("tr", {}, ...head.map(cell("th")))), h("tbody", {}, ...body));
  return h("div", { class: "table-scroll", tabindex: "0", role: "region", "aria-label": block.caption ?? "Table" }, grid);
}

function pictureOf(one, kind) {
  if (!one) return null;
  return h("div", { class: kind, role: "img", "aria-label": one.alt_text, title: one.alt_text }, icon("image"));
}

function card(block, ctx) {
  const head = h(
    "div",
    { class: "card-head" },
    pictureOf(block.icon, "image-small"),
    h("div", {}, block.title ? h("div", { class: "card-title text" }, textObject(block.title)) : null, block.subtitle ? h("div", { class: "card-subtitle text" }, textObject(block.subtitle)) : null),
  );
  const body = block.body ? h("div", { class: "text" }, textObject(block.body)) : null;
  const actions = block.actions ? h("div", { class: "actions" }, ...block.actions.map((one) => draw(one, block, ctx))) : null;
  return h("div", { class: "card" }, pictureOf(block.hero_image, "image"), head, body, actions);
}

const STATUS = { pending: "○", in_progress: "◐", complete: "✓", error: "✕" };

function task(block) {
  const details = block.details?.elements ? h("div", { class: "text hint" }, richText(block.details)) : null;
  return h("div", { class: `task task-${block.status}` }, h("span", { class: "task-mark", text: STATUS[block.status] ?? "○" }), h("div", {}, h("div", { text: block.title }), details));
}

function container(block, ctx, drawBlock) {
  const inner = h("div", { class: "container-body" }, ...block.child_blocks.map((one) => drawBlock(one, ctx)));
  const title = block.rich_text_title ? richText(block.rich_text_title) : block.title ? plainText(block.title) : "";
  const head = [h("strong", {}, title), block.subtitle ? h("small", {}, plainText(block.subtitle)) : null];
  if (!block.is_collapsible) return h("div", { class: "card" }, h("div", { class: "container-head" }, head), inner);
  inner.hidden = Boolean(block.default_collapsed);
  const toggle = button({ class: "container-head", "aria-expanded": String(!inner.hidden) }, head, icon("down"));
  toggle.addEventListener("click", () => {
    inner.hidden = !inner.hidden;
    toggle.setAttribute("aria-expanded", String(!inner.hidden));
  });
  return h("div", { class: "card" }, toggle, inner);
}

function chart(block) {
  const series = block.series ?? [];
  const labels = [...new Set(series.flatMap((one) => one.data.map((point) => point.label)))];
  const valueOf = (one, label) => one.data.find((point) => point.label === label)?.value ?? "";
  const text = (one) => ({ type: "raw_text", text: String(one) });
  const rows = labels.map((label) => [text(label), ...series.map((one) => ({ type: "raw_number", value: valueOf(one, label) }))]);
  return table({ caption: block.title ?? block.caption, rows: [[text(""), ...series.map((one) => text(one.name))], ...rows] });
}

function video(block) {
  const link = h("a", { href: block.title_url ?? block.video_url, target: "_blank", rel: "noopener noreferrer" }, plainText(block.title));
  return h("div", { class: "card" }, link, h("div", { class: "image", role: "img", "aria-label": block.alt_text }, icon("image"), h("span", { text: block.alt_text })));
}

/** Drawers by block type; each takes the block, its context, and the drawer of any block. */
export const more = {
  table,
  data_table: table,
  data_visualization: chart,
  card,
  carousel: (block, ctx) => h("div", { class: "carousel" }, ...block.elements.map((one) => card(one, ctx))),
  alert: (block) => h("div", { class: `alert alert-${block.level ?? "default"}`, role: "note" }, h("div", { class: "text" }, textObject(block.text))),
  task_card: task,
  plan: (block) => h("div", { class: "card" }, h("strong", { text: block.title }), ...(block.tasks ?? []).map(task)),
  container,
  video,
  file: () => h("div", { class: "card hint", text: "A file from elsewhere" }),
};
