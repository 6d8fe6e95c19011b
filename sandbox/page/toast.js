/** Say briefly, and aloud to a screen reader, what went wrong or was done. */

import { h } from "./dom.js";

const SHOWN_FOR = 6000;

/** Words for the errors with which an act can fail. */
const REASONS = {
  operation_timeout: "The app did not answer in time. Try again?",
  dispatch_failed: "The app is not connected. Is the bot running?",
  http_service_error: "The app answered with an error.",
  invalid_command_response: "The app’s answer was not valid.",
};

/** Return a sentence for an answer that is not ok. */
export function reasonOf(answer) {
  return answer.why ?? REASONS[answer.error] ?? `That did not work (${answer.error}).`;
}

/** Show a sentence at the bottom of the page for a while. */
export function toast(text) {
  const region = document.querySelector("dialog[open] .toasts") ?? document.getElementById("toasts");
  const one = h("div", { class: "toast", testid: "toast", text });
  region.append(one);
  setTimeout(() => one.remove(), SHOWN_FOR);
}
