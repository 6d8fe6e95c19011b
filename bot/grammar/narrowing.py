"""Read by which filters figures count: fields of deals and tickets, or of the customers that they are of."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from bot.grammar.filters import FilterValues
from bot.grammar.lists import understood
from bot.grammar.words import Pair
from storage.digests.metrics import Narrowing, of_customer
from storage.digests.metrics.narrowing import CUSTOMER, NOUNS, Conditions
from storage.errors import CrmError, Invalid
from storage.names import short
from storage.records import schema
from storage.records.declaration import Declaration
from storage.records.query import parse_filters
from storage.workspace.members import Role

ALL = (*NOUNS, CUSTOMER)


@dataclass(frozen=True)
class Only:
    """Hold filters as they were typed, what they mean, and of each noun that lacks a field, which one."""

    text: str
    narrowing: Narrowing
    lacking: Mapping[str, str]


def written(pairs: Sequence[Pair]) -> str:
    """Return filters as somebody would type them again."""
    return " ".join(f"{one.key}{one.operator}{_quoted(one.value.text.strip())}" for one in pairs)


def read(
    session: Session,
    pairs: Sequence[Pair],
    values: FilterValues,
    roles: Collection[Role] | None = None,
    *,
    nouns: Collection[str] = ALL,
) -> Only | None:
    """Return what filters mean to who asks, and to who reads in these roles; None for no filters.

    They are about fields of `nouns`. Raises CrmError for what is no filter, no field or no value of one.
    """
    if not pairs:
        return None
    reading = _Reading(session, values, None if roles is None else frozenset(roles), nouns)
    by_noun: dict[str, Conditions] = dict.fromkeys(ALL, ())
    lacking: dict[str, str] = {}
    for pair in pairs:
        held = reading.held(pair)
        for noun in ALL:
            own = held.get(noun)
            if own is None and noun != CUSTOMER and CUSTOMER in held:
                own = of_customer(noun, held[CUSTOMER])
            if own is None:
                by_noun.pop(noun, None)
                lacking.setdefault(noun, pair.key)
            elif noun in by_noun:
                by_noun[noun] += own
    return Only(written(pairs), Narrowing(by_noun), {noun: key for noun, key in lacking.items() if noun in NOUNS})


@dataclass(frozen=True)
class _Reading:
    session: Session
    values: FilterValues
    roles: frozenset[Role] | None
    nouns: Collection[str]

    def held(self, pair: Pair) -> Mapping[str, Conditions]:
        """Return the conditions of each noun that has the field; raise CrmError where none has it or can read it."""
        if not pair.key or pair.key == "sort":
            raise Invalid(
                "{word} is no filter.",
                field=pair.key or None,
                word=short(written([pair]), 80),
                hint="Write for example owner:me.",
            )
        found: dict[str, Conditions] = {}
        refused: CrmError | None = None
        for noun in self.nouns:
            declaration = self._declared(noun, pair.key)
            try:
                if declaration:
                    found[noun] = self._conditions(declaration, pair)
            except CrmError as error:
                refused = refused or error
        if not found:
            raise refused or Invalid("There is no {name} to filter by.", field=pair.key, name=pair.key)
        return found

    def _declared(self, noun: str, key: str) -> Declaration | None:
        """Return a noun if who asks and who reads may both know of its field."""
        mine = schema.of(self.session)
        theirs = mine if self.roles is None else schema.whole(self.session).seen_in(self.roles)
        known = all(key in each.declared[noun].filters.by_name for each in (mine, theirs))
        return mine.declared[noun] if known else None

    def _conditions(self, declaration: Declaration, pair: Pair) -> Conditions:
        words = understood([pair], self.session, declaration.filters, self.values)
        return tuple(parse_filters(words).where(self.session, declaration.filters, self.values))


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value and '"' not in value else value
