/** Open small windows beside what was clicked: menus, lists, and questions before something is done. */

import { button, h } from "./dom.js";

let open = null;

/** Close the popup that is open, if one is. */
export function closePopup() {
  open?.close();
}

function place(box, anchor) {
  const at = anchor.getBoundingClientRect();
  const gap = 4;
  const { offsetWidth: width, offsetHeight: height } = box;
  const below = window.innerHeight - at.bottom - gap;
  const top = below >= height || below >= at.top ? at.bottom + gap : at.top - gap - height;
  box.style.top = `${Math.max(8, Math.min(top, window.innerHeight - height - 8))}px`;
  box.style.left = `${Math.max(8, Math.min(at.left, window.innerWidth - width - 8))}px`;
}

/**
 * Show `content` beside `anchor` until Escape, a click elsewhere, or the returned `close`. It stands inside the
 * anchor's dialog when there is one, as all else cannot be reached while a dialog is open.
 */
export function openPopup(anchor, content, { onClose, wide = false, label } = {}) {
  closePopup();
  const box = h("div", { class: `popup${wide ? " popup-wide" : ""}`, "aria-label": label }, content);
  if (wide) box.style.minWidth = `${Math.max(anchor.offsetWidth, 220)}px`;
  const host = anchor.closest("dialog") ?? document.body;
  const outside = (event) => {
    if (!box.contains(event.target) && !anchor.contains(event.target)) close();
  };
  const escape = (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    close();
    anchor.focus({ preventScroll: true });
  };
  const moved = () => (anchor.isConnected ? place(box, anchor) : close());
  function close() {
    if (open?.close !== close) return;
    open = null;
    document.removeEventListener("pointerdown", outside, true);
    document.removeEventListener("keydown", escape, true);
    window.removeEventListener("resize", moved);
    box.remove();
    anchor.setAttribute("aria-expanded", "false");
    onClose?.();
  }
  open = { close, anchor };
  document.addEventListener("pointerdown", outside, true);
  document.addEventListener("keydown", escape, true);
  window.addEventListener("resize", moved);
  anchor.setAttribute("aria-expanded", "true");
  host.append(box);
  place(box, anchor);
  return { close, box, place: moved };
}

/** Say whether the popup of this anchor is open. */
export function isOpenAt(anchor) {
  return open?.anchor === anchor;
}

function step(box, event) {
  const items = [...box.querySelectorAll("[role^=menuitem]")];
  const now = items.indexOf(document.activeElement);
  const next = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: items.length - 1 }[event.key];
  if (next === undefined || !items.length) return;
  event.preventDefault();
  items.at(next % items.length).focus();
}

/**
 * Open a menu. Entries are `{label, run, testid?, danger?, note?, icon?, checked?}`, `{heading}` or `{divider: true}`.
 */
export function openMenu(anchor, entries, { label = "Menu" } = {}) {
  if (isOpenAt(anchor)) return closePopup();
  const list = h("div", { class: "menu", role: "menu", "aria-label": label });
  const popup = openPopup(anchor, list, {});
  const draw = (entry) => {
    if (entry.divider) return h("hr");
    if (entry.heading) return h("div", { class: "menu-heading", text: entry.heading });
    const run = () => {
      popup.close();
      anchor.focus({ preventScroll: true });
      entry.run();
    };
    const role = entry.checked === undefined ? "menuitem" : "menuitemradio";
    return button(
      { class: entry.danger ? "danger" : "", role, testid: entry.testid, tabindex: "-1", on: { click: run }, "aria-checked": entry.checked === undefined ? undefined : String(entry.checked) },
      entry.icon ?? null,
      h("span", { class: "menu-label" }, h("span", { text: entry.label }), entry.note ? h("small", { text: entry.note }) : null),
    );
  };
  list.append(...entries.map(draw));
  list.addEventListener("keydown", (event) => step(list, event));
  popup.place();
  list.querySelector("[role^=menuitem]")?.focus({ preventScroll: true });
  return popup;
}

/**
 * Ask before doing something; resolves to whether it was confirmed. All are texts; `danger` colours the confirmation.
 */
export function ask({ title, body, confirm, deny = "Cancel", danger = false, host = document.body }) {
  return new Promise((resolve) => {
    const dialog = h(
      "dialog",
      { class: "dialog dialog-small", testid: "confirm", "aria-label": typeof title === "string" ? title : "Confirm" },
      h("div", { class: "dialog-head" }, h("h2", {}, title)),
      h("div", { class: "dialog-body" }, h("div", { class: "text" }, body)),
      h(
        "div",
        { class: "dialog-foot" },
        button({ class: "btn", testid: "confirm-no", on: { click: () => dialog.close("no") } }, deny),
        button({ class: `btn ${danger ? "btn-danger-solid" : "btn-primary"}`, testid: "confirm-yes", on: { click: () => dialog.close("yes") } }, confirm),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    host.append(dialog);
    dialog.showModal();
    dialog.querySelector("[data-testid=confirm-yes]").focus();
  });
}
