"""Answer the buttons and menus that the records of every noun have."""

from __future__ import annotations

import json

from sqlalchemy.orm import Session

from bot.handlers.records.commands import archived
from bot.handlers.records.declaration import plugin
from bot.handlers.records.rights import changed_by, check_changes
from bot.kit import blocks as b
from bot.kit import cards
from bot.kit.format import Reader, overtaken
from bot.kit.records import card
from bot.kit.replies import Message, Options
from bot.plugin import Catalogue, Member, Role, _
from storage.errors import Invalid
from storage.records import drafts, lifecycle, search
from storage.records.fields import LinkField

OFFERED = 20


@plugin.action("show", role=Role.VIEWER)
def show(control: b.Control, session: Session, actor: Member, reader: Reader, catalogue: Catalogue) -> Message:
    """Show the record of a list's line."""
    noun = catalogue.noun_of(control.record)
    return card(session, noun, noun.declaration.resolve(session, control.record), reader, actor)


@plugin.action("add_anyway", role=Role.VIEWER)
def add_anyway(control: b.Control, session: Session, actor: Member, reader: Reader, catalogue: Catalogue) -> Message:
    """Add a record though others are like it."""
    try:
        # The release before put the values into the button.
        key, given = drafts.take(session, control.number) if control.number else json.loads(control.detail)
        noun = catalogue.nouns[key]
    except (ValueError, TypeError, KeyError):
        raise Invalid("This button no longer works.", hint="Please repeat the command.") from None
    check_changes(actor, noun)
    record = lifecycle.add(session, noun.declaration, noun.declaration.from_json(given))
    return card(session, noun, record, reader, actor, notice=_("Added."), undo=True, replace=True)


@plugin.action("merge_anyway", role=Role.VIEWER)
def merge_anyway(control: b.Control, session: Session, actor: Member, reader: Reader, catalogue: Catalogue) -> Message:
    """Merge two records of different customers, as whoever was asked says that they are one."""
    noun = changed_by(actor, catalogue, control.record)
    gone = noun.declaration.resolve(session, control.record)
    if said := overtaken(session, gone, control):
        return card(session, noun, gone, reader, actor, notice=said, replace=True)
    kept = noun.declaration.resolve(session, control.detail)
    was = cards.headline(gone)
    lifecycle.merge(session, noun.declaration, gone, kept, meant=True)
    notice = b.markup(_("{record} is part of this one now."), record=was)
    return card(session, noun, kept, reader, actor, notice=notice, undo=True, replace=True)


@plugin.action("more", role=Role.VIEWER)
def more(control: b.Control, session: Session, actor: Member, catalogue: Catalogue) -> Message:
    """Archive the card's record, or bring it back."""
    noun = changed_by(actor, catalogue, control.record)
    if control.detail not in {"archive", "restore"}:
        raise Invalid("This button no longer works.", hint="Please repeat the command.")
    return archived(session, noun.declaration, control.record, back=control.detail == "restore")


@plugin.options("pick", role=Role.VIEWER)
def pick(query: str, control: b.Control, state: dict[str, str], session: Session, catalogue: Catalogue) -> Options:
    """Offer the records that a form's field may be linked to by what was typed so far, before that by their names."""
    noun = catalogue.nouns.get(state.get("noun", ""))
    fields = noun.declaration.fields if noun else ()
    field = next((one for one in fields if one.key == control.detail and isinstance(one, LinkField)), None)
    if not isinstance(field, LinkField):
        return Options([])
    model = field.to
    if query.strip():
        hits = search.find(session, query, nouns=[model.__noun__], limit=OFFERED)
        return Options([b.record_option(hit.name, hit.reference) for hit in hits])
    first = lifecycle.list_of(session, model, limit=OFFERED)
    return Options([b.record_option(one.name, one.reference) for one in first])
