"""Say what the filters of a digest leave out of it, and to whom they may be told."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from bot.grammar import FilterValues, Usage, parse
from bot.grammar.narrowing import Only
from bot.grammar.words import Pair
from bot.kit import blocks as b
from bot.kit import format
from bot.plugin import Member
from storage.digests.metrics import PIPELINE, SUPPORT, TEAM
from storage.digests.metrics.narrowing import CUSTOMER, NOUNS
from storage.errors import CrmError
from storage.records import schema
from storage.records.query import parse_query
from storage.workspace.workspaces import Workspace

DEALS, TICKETS = NOUNS
COUNTS: Mapping[str, Collection[str]] = {PIPELINE: [DEALS], SUPPORT: [TICKETS], TEAM: [DEALS, TICKETS]}
"""What each section counts; one that can count nothing is left out."""
TYPED = Usage.parse("[filters]")
LONGEST = 300


def leaves_out(only: Only, section: str) -> tuple[Collection[str], str] | None:
    """Return which nouns a section cannot count and by which key, None where it counts something."""
    nouns = COUNTS.get(section, ())
    if not nouns or any(only.narrowing.holds(noun) for noun in nouns):
        return None
    return nouns, next(iter(only.lacking.values()), "")


def values_of(actor_id: str, member: Member | None, workspace: Workspace, zone: str, now: datetime) -> FilterValues:
    """Return what reads filters for somebody, where a zone says when a day begins."""
    return FilterValues(actor_id, workspace.currency, zone, now, format.locale_of(member, workspace))


def typed(text: str, values: FilterValues) -> tuple[Pair, ...]:
    """Return the filters of a text; raise Invalid for what is none."""
    return parse(b.esc(text), TYPED, values).filters


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
