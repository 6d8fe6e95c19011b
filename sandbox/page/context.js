/** Bind drawn blocks to the place they stand in: what is chosen there, what is wrong, and how acts reach the app. */

import { act } from "./api.js";
import { h, icon } from "./dom.js";
import { store } from "./store.js";
import { reasonOf, toast } from "./toast.js";

const STAYS = 8000;

function keyOf(block, element) {
  return `${block.block_id}/${element.action_id}`;
}

/** The context of blocks in a message. */
export class MessageContext {
  constructor(message, channel) {
    this.key = message.ts;
    this.where = { message: message.ts, channel };
    this.disabled = false;
    this.texts = new Map();
  }

  /** Return what is chosen in an element, in the shape of `state.values`; undefined before anybody did. */
  stateOf(_block, _element) {
    return undefined;
  }

  errorOf(_block) {
    return "";
  }

  optional(block) {
    return block.type === "input" && Boolean(block.optional);
  }

  pending(block, element) {
    return this.texts.get(keyOf(block, element))?.value;
  }

  typed(block, element, value) {
    this.texts.set(keyOf(block, element), { block, element, value });
  }

  /** Send what has been typed and not been sent. */
  async flush() {
    const waiting = [...this.texts.values()];
    this.texts.clear();
    await Promise.all(waiting.map((one) => this.send("selects", one.block, one.element, { value: one.value })));
  }

  async send(verb, block, element, more) {
    return act(verb, { as: store.me, target: element.action_id, block_id: block.block_id, ...this.where, ...more });
  }

  async press(block, element, value, node) {
    await this.flush();
    this.check(await this.send("clicks", block, element, { value }), node);
  }

  async choose(block, element, value, node) {
    this.check(await this.send("selects", block, element, { value }), node);
  }

  async suggest(block, element, text) {
    return this.send("types_option", block, element, { text });
  }

  /** Show a failure beside the element that was used. */
  check(answer, node) {
    if (answer.ok) return;
    const near = node.closest(".block");
    if (!near) return toast(reasonOf(answer));
    const note = h("div", { class: "block-error", role: "alert", testid: "block-error" }, icon("warning"), reasonOf(answer));
    near.append(note);
    setTimeout(() => note.remove(), STAYS);
  }
}

/** The context of blocks in a modal or a Home; it lives as long as the view, across redraws. */
export class ViewContext extends MessageContext {
  constructor(kind, id) {
    super({ ts: id }, "");
    this.where = { view: kind };
    this.values = {};
    this.errors = {};
    this.submit = undefined;
  }

  /** Take what the sandbox says of the view now. */
  update(shown) {
    this.values = shown.values;
    this.errors = shown.errors;
  }

  stateOf(block, element) {
    return this.values[block.block_id]?.[element.action_id];
  }

  errorOf(block) {
    return this.errors[block.block_id] ?? "";
  }

  check(answer, _node) {
    // What an app failed to do is in the view's notice; what the sandbox refused is not.
    if (!answer.ok && (answer.why || answer.error === "unreachable")) toast(reasonOf(answer));
  }
}
