/** Speak with the sandbox: look, act as a person, and hear that something changed. */

async function answerOf(response) {
  try {
    return await response.json();
  } catch {
    return { ok: false, error: "no_answer", why: `The sandbox answered ${response.status}.` };
  }
}

/** Return what a GET below /control/ answers; throws when the sandbox refuses or is away. */
export async function look(name, query = {}) {
  const response = await fetch(`/control/${name}?${new URLSearchParams(query)}`);
  const body = await answerOf(response);
  if (!response.ok) throw new Error(body.why ?? "The sandbox did not answer.");
  return body;
}

/** Do something as a person; the answer always has `ok`, and without it `error` and perhaps `why`. */
export async function act(verb, body) {
  try {
    const response = await fetch(`/control/act/${verb}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = await answerOf(response);
    return response.ok ? answer : { ok: false, ...answer };
  } catch {
    return { ok: false, error: "unreachable", why: "The sandbox does not answer. Is it still running?" };
  }
}

/**
 * Call `changed` after each change of the sandbox and `reachable(true|false)` as the connection comes and goes. A
 * browser keeps few connections to one host, so a page that nobody looks at lets go of its own.
 */
export class Stream {
  constructor(changed, reachable) {
    this.changed = changed;
    this.reachable = reachable;
    this.source = null;
    this.person = "";
    document.addEventListener("visibilitychange", () => (document.hidden ? this.close() : this.open(this.person)));
  }

  open(person) {
    this.close();
    this.person = person;
    if (!person) return;
    this.source = new EventSource(`/control/stream?as=${encodeURIComponent(person)}`);
    this.source.onmessage = () => {
      this.reachable(true);
      this.changed();
    };
    this.source.onerror = () => this.reachable(false);
  }

  close() {
    this.source?.close();
    this.source = null;
  }
}
