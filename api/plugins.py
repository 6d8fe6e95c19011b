"""Answer at the addresses that plugins declare, under the rules that all addresses have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.calls import Work
from api.problems import Answer, HttpProblem
from storage.workspace.api_keys import Verb

VERBS: Mapping[str, Verb] = {
    "GET": Verb.READ,
    "POST": Verb.ADD,
    "PUT": Verb.CHANGE,
    "PATCH": Verb.CHANGE,
    "DELETE": Verb.ARCHIVE,
}
"""What a key must be allowed to do with the noun that an address is about."""


def paths(work: Work) -> dict[str, Any]:
    """Describe those addresses of plugins that the key may use, as OpenAPI has it."""
    found: dict[str, Any] = {}
    for one in work.bot.routes:
        if not (work.caller.key.allows(one.noun, VERBS[one.method]) and work.caller.acts_in(one.role)):
            continue
        what = (one.handler.__doc__ or "").strip().partition("\n")[0]
        whole: dict[str, Any] = {"summary": what, "tags": ["Plugins"], "responses": {"200": {"description": "Done"}}}
        if one.method in {"POST", "PUT", "PATCH"}:
            whole["requestBody"] = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
        found.setdefault(f"/api/v1/plugins/{one.address}", {})[one.method.lower()] = whole
    return found


def answered(
    work: Work, *, address: str, method: str, query: Mapping[str, str], body: Mapping[str, Any] | None = None
) -> Answer:
    """Call what a plugin declares at an address; raise HttpProblem where there is nothing, or the key may not."""
    route = work.bot.route(method, address)
    if route is None:
        raise HttpProblem("not-found", "There is nothing at this address.")
    if route.noun not in work.nouns or not work.caller.key.allows(route.noun, VERBS[method]):
        raise HttpProblem("forbidden", f"This key may not {route.noun}:{VERBS[method]}.")
    if not work.caller.acts_in(route.role):
        raise HttpProblem("forbidden", f"This needs the role {route.role}.")
    said = work.bot.run_route(route, work.session, work.caller, {"query_string": query, "body": body or {}})
    return Answer(204 if said is None else 200, said)
