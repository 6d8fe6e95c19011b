"""Say why a request was not carried out, as RFC 9457 has it: what kind of problem, which field, and what to do."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from storage.database.engine import CommitUnknown
from storage.database.outages import outage
from storage.errors import CrmError, sqlstate, translate

log = logging.getLogger(__name__)

QUERY_CANCELED = "57014"
TYPES = "/api/docs#"
"""Where each kind of problem is described."""
TITLES: Mapping[str, str] = {
    "malformed": "The request cannot be read",
    "unauthenticated": "There is no good key with the request",
    "forbidden": "The key does not allow this",
    "not-found": "There is no such thing",
    "not-allowed": "Nothing of the kind can be done here",
    "conflict": "Something else stands in the way",
    "doubtful": "The records are not of one customer",
    "changed": "The record is another than it was",
    "too-large": "The request is too large",
    "not-json": "The body is not JSON",
    "invalid": "A value cannot be stored or understood",
    "version-needed": "Say which version is to be changed",
    "too-many": "There are too many requests",
    "failed": "Something went wrong on our side",
    "unavailable": "The request cannot be served now",
    "in-doubt": "It is not known whether this was saved",
}
STATUS: Mapping[str, int] = {
    "malformed": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not-found": 404,
    "not-allowed": 405,
    "conflict": 409,
    "doubtful": 409,
    "changed": 412,
    "too-large": 413,
    "not-json": 415,
    "invalid": 422,
    "version-needed": 428,
    "too-many": 429,
    "failed": 500,
    "unavailable": 503,
    "in-doubt": 503,
}
_KINDS = {"invalid": "invalid", "ambiguous": "invalid", "refused": "forbidden", "not_found": "not-found"}


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold what is answered: a status, a body of JSON, and headers."""

    status: int
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Tell whether the request was carried out."""
        return self.status < 400


class HttpProblem(Exception):
    """End a request; `errors` are field and sentence of each value at fault."""

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        errors: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}
        self.more = more

    def body(self) -> dict[str, Any]:
        """Return the members that RFC 9457 names, and ours."""
        told: dict[str, Any] = {
            "type": f"{TYPES}{self.kind}",
            "title": TITLES[self.kind],
            "status": STATUS[self.kind],
            "detail": self.detail,
        }
        if self.errors:
            told["errors"] = [{"field": name, "detail": sentence} for name, sentence in self.errors]
        return told | self.more

    def answer(self) -> Answer:
        """Return the problem as an answer."""
        return Answer(STATUS[self.kind], self.body(), {"content-type": "application/problem+json", **self.headers})


def problem_of(exc: BaseException, doing: str) -> HttpProblem:
    """Return what an error means to whoever made the request; one that nobody expected is logged under a number."""
    if isinstance(exc, HttpProblem):
        return exc
    if isinstance(exc, CommitUnknown):
        return HttpProblem(
            "in-doubt", "Look at the record before you repeat this, or repeat it with an Idempotency-Key."
        )
    known = translate(exc)
    if known is not None:
        return _known(known)
    if sqlstate(exc) == QUERY_CANCELED:
        log.warning("a statement of %s took too long", doing)
        return HttpProblem("unavailable", "This took too long and nothing was saved.", headers={"retry-after": "60"})
    if outage(exc):
        log.warning("%s was not carried out: %s", doing, type(exc).__name__, extra={"cause": exc})
        return HttpProblem(
            "unavailable", "The database cannot serve now; nothing was saved.", headers={"retry-after": "5"}
        )
    number = secrets.token_hex(4)
    log.error("reference %s: %s failed", number, doing, exc_info=exc)
    return HttpProblem("failed", f"Nothing was saved. Whoever runs Rapport can find this under reference {number}.")


def _known(error: CrmError) -> HttpProblem:
    kind = _KINDS.get(error.kind, "conflict")
    if kind == "not-found" and error.field is not None:
        kind = "invalid"  # what a value names, not what the address names
    more: dict[str, Any] = {}
    if error.hint:
        more["hint"] = error.hint.format(**error.params)
    if candidates := getattr(error, "candidates", ()):
        more["candidates"] = [
            {"id": one.reference, "name": one.name} for one in candidates if hasattr(one, "reference")
        ]
    errors = [(error.field, str(error))] if error.field else []
    return HttpProblem(kind, str(error), errors=errors, **more)
