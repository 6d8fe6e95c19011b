/** Show the modal in front of its stack, and send what is filled in. */

import { act } from "./api.js";
import { avatar } from "./avatar.js";
import { button, grow, h, icon } from "./dom.js";
import { closePopup } from "./popup.js";
import { store } from "./store.js";
import { reasonOf, toast } from "./toast.js";
import { contextOf, drawView } from "./view.js";

const dialog = document.getElementById("modal");
const body = h("div", { class: "dialog-body", tabindex: "-1" });
const head = h("div", { class: "dialog-head" });
const foot = h("div", { class: "dialog-foot" });
const toasts = h("div", { class: "toasts", role: "status" });
let viewId = "";
let busy = false;
let context = null;

dialog.append(head, body, foot, toasts);
dialog.addEventListener("cancel", (event) => {
  event.preventDefault();
  close();
});

async function close() {
  closePopup();
  if (busy || !viewId) return;
  const answer = await act("closes", { as: store.me });
  if (!answer.ok && answer.why) toast(reasonOf(answer));
}

function setBusy(now) {
  busy = now;
  dialog.classList.toggle("is-busy", now);
  const submit = foot.querySelector("[data-testid=modal-submit]");
  submit?.classList.toggle("busy", now);
  submit?.setAttribute("aria-busy", String(now));
  if (submit) submit.disabled = now;
}

async function submit() {
  if (busy) return;
  closePopup();
  setBusy(true);
  await context.flush();
  const answer = await act("submits", { as: store.me, values: {} });
  setBusy(false);
  if (answer.ok) return;
  if (answer.errors) awaitsErrors = true;
  else if (answer.why) toast(reasonOf(answer));
}

let awaitsErrors = false;

function drawHead(shown) {
  const { view, app, depth } = shown;
  const back = depth > 1 ? button({ class: "tool", "aria-label": "Back", title: "Back", testid: "modal-back", on: { click: close } }, icon("left")) : null;
  head.replaceChildren(
    back ?? avatar({ id: view.app_id, label: app, is_bot: true }, "small"),
    h("h2", { id: "modal-title", text: view.title.text }),
    button({ class: "tool", "aria-label": "Close", title: "Close", testid: "modal-x", on: { click: close } }, icon("close")),
  );
  dialog.setAttribute("aria-labelledby", "modal-title");
}

function drawFoot(view) {
  const closing = button({ class: "btn", testid: "modal-close", on: { click: close } }, view.close?.text ?? (view.submit ? "Cancel" : "Close"));
  const sending = view.submit ? button({ class: "btn btn-primary", testid: "modal-submit", on: { click: submit } }, view.submit.text) : null;
  foot.replaceChildren(closing, ...(sending ? [sending] : []));
}

function focusFirst() {
  const first = body.querySelector("[data-first]") ?? body.querySelector("input:not([type=radio]), textarea, .select");
  (first ?? foot.querySelector("button") ?? dialog).focus({ preventScroll: true });
}

/** Bring the modal up to date: open it, redraw what changed in it, or close it. */
export function drawModal() {
  const shown = store.modal;
  if (!shown) {
    viewId = "";
    if (dialog.open) {
      closePopup();
      dialog.close();
    }
    return;
  }
  const { view } = shown;
  const fresh = view.id !== viewId;
  const signature = JSON.stringify([view.title, view.submit, view.close, shown.depth, view.id]);
  context = contextOf("modal", shown);
  context.submit = view.submit ? submit : undefined;
  viewId = view.id;
  if (dialog.dataset.signature !== signature) {
    dialog.dataset.signature = signature;
    drawHead(shown);
    drawFoot(view);
    if (busy) setBusy(true);
  }
  drawView(body, shown, context);
  body.querySelectorAll("textarea").forEach((area) => area.value && grow(area));
  if (!dialog.open) dialog.showModal();
  if (fresh) {
    body.scrollTop = 0;
    closePopup();
    focusFirst();
  } else if (!dialog.contains(document.activeElement) || document.activeElement === dialog) focusFirst();
  if (awaitsErrors && Object.keys(shown.errors).length) {
    awaitsErrors = false;
    body.querySelector(".invalid input, .invalid textarea, .invalid .select")?.focus();
  }
}
