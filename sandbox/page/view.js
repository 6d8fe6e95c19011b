/** Draw the blocks of a modal or a Home, redrawing only the blocks that changed. */

import { block } from "./blocks.js";
import { ViewContext } from "./context.js";
import { h, icon, reconcile } from "./dom.js";

const contexts = new Map();

/** Return the context of a view, the same one for as long as the view is the same. */
export function contextOf(kind, shown) {
  const id = shown.view.id;
  if (!contexts.has(id)) contexts.set(id, new ViewContext(kind, id));
  const context = contexts.get(id);
  context.update(shown);
  return context;
}

/** Bring a parent's blocks up to what the view shows now. */
export function drawView(parent, shown, context) {
  const { view, values, errors, notice } = shown;
  const items = view.blocks.map((one) => ({ one, key: `${view.id}/${one.block_id}` }));
  if (notice) items.unshift({ notice, key: `${view.id}/notice` });
  reconcile(parent, items, {
    key: (item) => item.key,
    sign: (item) => (item.notice ? item.notice : JSON.stringify([item.one, values[item.one.block_id], errors[item.one.block_id]])),
    draw: (item) =>
      item.notice
        ? h("div", { class: "notice", role: "alert", testid: "notice" }, icon("warning"), item.notice)
        : block(item.one, context),
  });
}
