"""Name the ways a request can fail for a reason the person who made it can understand.

A template is an English sentence with named parameters; it is translated, and its parameters escaped, where it is
shown.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import psycopg
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.orm.exc import StaleDataError


class CrmError(Exception):
    """Say in one sentence why a request was not carried out.

    `template` holds `{named}` places which `params` fill. `field` names the modal field or argument at fault, `hint` is
    a second template (same parameters) that says what to do instead, `typed` is the input, returned so that nobody has
    to type it again.
    """

    kind: ClassVar[str] = "error"

    def __init__(
        self,
        template: str,
        *,
        field: str | None = None,
        hint: str | None = None,
        typed: str | None = None,
        **params: Any,
    ) -> None:
        super().__init__(template)
        self.template = template
        self.field = field
        self.hint = hint
        self.typed = typed
        self.params = params

    def __str__(self) -> str:
        return self.template.format(**self.params)

    def on_field(self, field: str) -> Self:
        """Name the field at fault, where the raiser did not know it, and return the error."""
        self.field = self.field or field
        return self


class NotFound(CrmError):
    """There is no such record; `candidates` holds records with a name near the one asked for."""

    kind = "not_found"

    def __init__(self, template: str, *, candidates: Sequence[Any] = (), **named: Any) -> None:
        super().__init__(template, **named)
        self.candidates = list(candidates)


class Ambiguous(CrmError):
    """Several records answer to the name; `candidates` holds them, best first."""

    kind = "ambiguous"

    def __init__(self, template: str, *, candidates: Sequence[Any] = (), **named: Any) -> None:
        super().__init__(template, **named)
        self.candidates = list(candidates)


class Invalid(CrmError):
    """The input cannot be stored as it is; `typed` returns it."""

    kind = "invalid"


class Conflict(CrmError):
    """The record changed since it was read, or something else stands in the way of the change."""

    kind = "conflict"


class Doubtful(Conflict):
    """Nobody would do this without a thought: it is done once somebody says that it is meant."""


class Refused(CrmError):
    """The person's roles do not allow it."""

    kind = "refused"


class Duplicate(CrmError):
    """It exists already, or looks as if it did; `candidates` holds the likely twins."""

    kind = "duplicate"

    def __init__(self, template: str, *, candidates: Sequence[Any] = (), **named: Any) -> None:
        super().__init__(template, **named)
        self.candidates = list(candidates)


UNIQUE_VIOLATION = "23505"
FOREIGN_KEY_VIOLATION = "23503"
RESTRICT_VIOLATION = "23001"
CHECK_VIOLATION = "23514"
NOT_NULL_VIOLATION = "23502"
LOCK_NOT_AVAILABLE = "55P03"
SERIALIZATION_FAILURE = "40001"
DEADLOCK = "40P01"
INSUFFICIENT_PRIVILEGE = "42501"
DUPLICATE_OBJECT = "42710"
NEVER_TAKEN = frozenset({"22001", "22003", "22021", "22P02", "22P05", "54000", "54001"})
"""Too long, out of range, no such character, no such value, too large for an index, too deep."""


def sqlstate(exc: BaseException) -> str | None:
    """Return the five-character SQLSTATE of a database error, or None where there is none."""
    origin = exc.orig if isinstance(exc, DBAPIError) else exc
    state = getattr(origin, "sqlstate", None)
    return state if isinstance(state, str) else None


def translate(exc: BaseException) -> CrmError | None:
    """Return what a database error means to the person who caused it, or None where it is a fault of ours.

    The rules of `storage` refuse bad input before the database does; this is the second line, for races and for paths
    that forgot. An error is itself if it is a `CrmError` already.
    """
    if isinstance(exc, CrmError):
        return exc
    if isinstance(exc, StaleDataError):
        return Conflict("Someone else changed this at the same moment.", hint="Look at it again and repeat the change.")
    state = sqlstate(exc)
    if state == UNIQUE_VIOLATION:
        return Duplicate("This exists already.", hint="Somebody may have added it a moment ago.")
    if state in {FOREIGN_KEY_VIOLATION, RESTRICT_VIOLATION}:
        return Conflict("A record that this refers to no longer exists, or another still refers to this.")
    if state in {CHECK_VIOLATION, NOT_NULL_VIOLATION} and isinstance(exc, IntegrityError):
        return Invalid("One of the values is outside what can be stored.")
    if state in {LOCK_NOT_AVAILABLE, SERIALIZATION_FAILURE, DEADLOCK}:
        return Conflict("Someone else is changing this right now.", hint="Try again in a moment.")
    if _is_unstorable_text(exc, state):
        return Invalid("The text contains a character that cannot be stored.")
    return None


def is_refused_for_good(exc: BaseException) -> bool:
    """Tell whether the same values would be refused again: they are not of the types, or beyond any limit."""
    if isinstance(exc, DBAPIError):
        return sqlstate(exc) in NEVER_TAKEN or (sqlstate(exc) is None and isinstance(exc.orig, psycopg.DataError))
    return isinstance(exc, StatementError)


def _is_unstorable_text(exc: BaseException, state: str | None) -> bool:
    """Tell whether NUL or half a surrogate pair was the cause: psycopg refuses them before the server sees them."""
    if state in {"22021", "22P05"}:
        return True
    origin = exc.orig if isinstance(exc, DBAPIError) else exc
    return isinstance(origin, UnicodeEncodeError) or "NUL (0x00)" in str(origin)
