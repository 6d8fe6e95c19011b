/** Build elements from data without ever parsing HTML, and redraw only what changed. */

/** Return an element; `props` may hold class, text, on (listeners), data (data-*), and any attribute. */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") node.className = value;
    else if (name === "text") node.textContent = value;
    else if (name === "on") for (const [kind, fn] of Object.entries(value)) node.addEventListener(kind, fn);
    else if (name === "data") for (const [key, one] of Object.entries(value)) node.dataset[key] = one;
    else if (name === "testid") node.dataset.testid = value;
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Return a button that submits nothing. */
export function button(props, ...children) {
  return h("button", { type: "button", ...props }, ...children);
}

const drawn = new WeakMap();

/**
 * Make a parent's children be `items` in order, each drawn by `draw(item)` under `key(item)`. A child whose
 * `sign(item)` is the same as before is kept as it is, with its focus and its state.
 */
export function reconcile(parent, items, { key, sign, draw }) {
  const before = drawn.get(parent) ?? new Map();
  const after = new Map();
  const focus = focusWithin(parent);
  for (const item of items) {
    const id = key(item);
    const signature = sign(item);
    const entry = before.get(id);
    after.set(id, entry?.signature === signature ? entry : { node: draw(item), signature });
  }
  // What is gone goes first, so that what stays need not move: moving takes the focus and is read aloud again.
  for (const [id, entry] of before) if (after.get(id) !== entry) entry.node.remove();
  let cursor = parent.firstChild;
  for (const { node } of after.values()) {
    if (node === cursor) cursor = cursor.nextSibling;
    else parent.insertBefore(node, cursor);
  }
  drawn.set(parent, after);
  restoreFocus(parent, focus);
}

/** Remember which field has the focus, and where its cursor is, by its data-focus name. */
export function focusWithin(parent) {
  const active = document.activeElement;
  if (!active || !parent.contains(active) || !active.dataset.focus) return null;
  const editable = active.tagName === "TEXTAREA" || (active.tagName === "INPUT" && active.type === "text");
  const range = editable ? [active.selectionStart, active.selectionEnd] : null;
  return { name: active.dataset.focus, range };
}

/** Give the focus back to the field of that name when redrawing took it away. */
export function restoreFocus(parent, focus) {
  if (!focus || (document.activeElement && parent.contains(document.activeElement))) return;
  const again = [...parent.querySelectorAll("[data-focus]")].find((one) => one.dataset.focus === focus.name);
  if (!again) return;
  again.focus({ preventScroll: true });
  if (focus.range && again.setSelectionRange) again.setSelectionRange(...focus.range);
}

/** Let a textarea be as high as its text; one that is not on the page yet has no height to measure. */
export function grow(area) {
  area.style.height = "auto";
  if (area.scrollHeight) area.style.height = `${area.scrollHeight + 2}px`;
}

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  hash: "M9 4 7 20M17 4l-2 16M4 9h17M3 15h17",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  shared: "M8.5 6.5 14 12l-5.5 5.5L3 12zM15.5 6.5 21 12l-5.5 5.5L10 12z",
  send: "M4 4.5 21 12 4 19.5 6.5 12zM6.5 12H14",
  smile: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M8.5 14.5a4.5 4.5 0 0 0 7 0M9 9.5v.5M15 9.5v.5",
  thread: "M4 5h16v11H11l-4 4v-4H4zM8 9h8M8 12.5h5",
  more: "M12 5.5v.5M12 12v.5M12 18.5v.5",
  close: "M6 6l12 12M18 6 6 18",
  down: "M6 9l6 6 6-6",
  left: "M15 6l-6 6 6 6",
  menu: "M4 6h16M4 12h16M4 18h16",
  plus: "M12 5v14M5 12h14",
  eye: "M3 12s3.5-6 9-6 9 6 9 6-3.5 6-9 6-9-6-9-6M12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5",
  warning: "M12 4 22 20H2zM12 10v4.5M12 17v.5",
  bold: "M8 5h5a3.5 3.5 0 0 1 0 7H8zM8 12h6a3.5 3.5 0 0 1 0 7H8z",
  italic: "M14 5h-4M13 19H9M13.5 5l-3 14",
  strike: "M4 12h16M16.5 7.5C16 6 14.5 5 12 5 9.5 5 8 6.3 8 8c0 1.5 1 2.5 3 3.200M7.5 16c.5 2 2 3 4.5 3 2.7 0 4.5-1.3 4.5-3.3",
  code: "M8.5 7 4 12l4.5 5M15.5 7l4.5 5-4.5 5",
  list: "M9 6h11M9 12h11M9 18h11M4.5 6v.5M4.5 12v.5M4.5 18v.5",
  quote: "M5 5v14M9 8h10M9 12h10M9 16h6",
  bolt: "M13 3 5 14h6l-1 7 8-11h-6z",
  people: "M9 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M3 19c0-3.5 2.5-5.5 6-5.500s6 2 6 5.500M16 6a2.5 2.5 0 0 1 0 5M17.5 14c2.2.6 3.5 2.3 3.5 5",
  home: "M4 11l8-7 8 7M6 9.500V20h12V9.5",
  trash: "M5 7h14M9 7V4.500h6V7M7 7l1 13h8l1-13",
  image: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15 8.500v.5",
};

/** Return a line icon; it is decoration, what it means is said in words beside it or by a label. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}
