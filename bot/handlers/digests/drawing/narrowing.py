"""Read by which filters a digest counts: fields of deals and tickets, or of the customers that they are of."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.grammar import FilterValues, Usage, parse
from bot.grammar.lists import understood
from bot.grammar.words import Pair
from bot.kit import blocks as b
from bot.kit import format
from bot.plugin import Declaration, Member, Role
from storage.digests.metrics import PIPELINE, SUPPORT, TEAM, Narrowing, of_customer
from storage.digests.metrics.narrowing import CUSTOMER, NOUNS, Conditions
from storage.errors import CrmError, Invalid
from storage.names import short
from storage.records import schema
from storage.records.query import parse_filters, parse_query
from storage.workspace.workspaces import Workspace

DEALS, TICKETS = NOUNS
COUNTS: Mapping[str, Collection[str]] = {PIPELINE: [DEALS], SUPPORT: [TICKETS], TEAM: [DEALS, TICKETS]}
"""What each section counts; one that can count nothing is left out."""
TYPED = Usage.parse("[filters]")
LONGEST = 300


@dataclass(frozen=True)
class Only:
    """Hold filters as they were typed, what they mean, and of each noun that lacks a field, which one."""

    text: str
    narrowing: Narrowing
    lacking: Mapping[str, str]

    def leaves_out(self, section: str) -> tuple[Collection[str], str] | None:
        """Return which nouns a section cannot count and by which key, None where it counts something."""
        nouns = COUNTS.get(section, ())
        if not nouns or any(self.narrowing.holds(noun) for noun in nouns):
            return None
        return nouns, next(iter(self.lacking.values()), "")


def values_of(actor_id: str, member: Member | None, workspace: Workspace, zone: str, now: datetime) -> FilterValues:
    """Return what reads filters for somebody, where a zone says when a day begins."""
    return FilterValues(actor_id, workspace.currency, zone, now, format.locale_of(member, workspace))


def typed(text: str, values: FilterValues) -> tuple[Pair, ...]:
    """Return the filters of a text; raise Invalid for what is none."""
    return parse(b.esc(text), TYPED, values).filters


def written(pairs: Sequence[Pair]) -> str:
    """Return filters as somebody would type them again."""
    return " ".join(f"{one.key}{one.operator}{_quoted(one.value.text.strip())}" for one in pairs)


def read(session: Session, pairs: Sequence[Pair], values: FilterValues, roles: Collection[Role]) -> Only | None:
    """Return what filters mean to who asks and to who reads in these roles, None for no filters; raise CrmError."""
    if not pairs:
        return None
    reading = _Reading(session, values, frozenset(roles))
    by_noun: dict[str, Conditions] = dict.fromkeys((*NOUNS, CUSTOMER), ())
    lacking: dict[str, str] = {}
    for pair in pairs:
        held = reading.held(pair)
        for noun in (*NOUNS, CUSTOMER):
            own = held.get(noun)
            if own is None and noun != CUSTOMER and CUSTOMER in held:
                own = of_customer(noun, held[CUSTOMER])
            if own is None:
                by_noun.pop(noun, None)
                lacking.setdefault(noun, pair.key)
            elif noun in by_noun:
                by_noun[noun] += own
    return Only(written(pairs), Narrowing(by_noun), {noun: key for noun, key in lacking.items() if noun in NOUNS})


def seen(session: Session, text: str) -> bool:
    """Tell whether whoever reads may know of every field that filters are about, and each is still there."""
    try:
        names = {condition.name for condition in parse_query(text).conditions}
    except CrmError:
        return False
    known = {name for noun in (*NOUNS, CUSTOMER) for name in schema.of(session).declared[noun].filters.by_name}
    return names <= known


def as_list(session: Session, noun: str, text: str) -> str | None:
    """Return the command that lists the open records of a noun by filters, None where these are not its own."""
    try:
        names = {condition.name for condition in parse_query(text).conditions}
    except CrmError:
        return None
    own = schema.of(session).declared[noun].filters.by_name
    return f"/{noun} list {text}".rstrip() if names <= own.keys() else None


@dataclass(frozen=True)
class _Reading:
    session: Session
    values: FilterValues
    roles: frozenset[Role]

    def held(self, pair: Pair) -> Mapping[str, Conditions]:
        """Return the conditions of each noun that has the field; raise CrmError where none has it or can read it."""
        if not pair.key or pair.key == "sort":
            raise Invalid(
                "{word} is no filter.",
                field="only",
                word=short(written([pair]), 80),
                hint="Write for example owner:me.",
            )
        found: dict[str, Conditions] = {}
        refused: CrmError | None = None
        for noun in (*NOUNS, CUSTOMER):
            declaration = self._declared(noun, pair.key)
            try:
                if declaration:
                    found[noun] = self._conditions(declaration, pair)
            except CrmError as error:
                refused = refused or error
        if not found:
            raise refused or Invalid("There is no {name} to filter by.", field="only", name=pair.key)
        return found

    def _declared(self, noun: str, key: str) -> Declaration | None:
        """Return a noun if who asks and who reads may both know of its field."""
        theirs = schema.whole(self.session).seen_in(self.roles).declared[noun]
        mine = schema.of(self.session).declared[noun]
        return mine if key in mine.filters.by_name and key in theirs.filters.by_name else None

    def _conditions(self, declaration: Declaration, pair: Pair) -> Conditions:
        words = understood([pair], self.session, declaration.filters, self.values)
        return tuple(parse_filters(words).where(self.session, declaration.filters, self.values))


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value and '"' not in value else value
