"""Draw a record of any noun by its declaration: a card, a line of a list, the twins of one that is not added yet."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import InteractiveElement
from sqlalchemy.orm import Session

from bot.i18n import _
from bot.kit import blocks as b
from bot.kit import fields
from bot.kit.format import Reader, last_notes, undo_hint
from bot.kit.replies import Message
from storage.records.declaration import Declaration
from storage.records.named import Named
from storage.records.schema import extended

SHOW = "records.show"
EDIT = "records.edit"
NOTE = "records.note"
MORE = "records.more"
NEW = "records.new"
ADD_ANYWAY = "records.add_anyway"
FOLLOW_UP = "followups.new"
FIELDS = 10
"""So many fields a section of Slack's takes."""


def card(
    session: Session,
    declaration: Declaration,
    record: Named,
    reader: Reader,
    *,
    notice: b.Text | None = None,
    undo: bool = False,
    replace: bool = False,
    parts: Sequence[Block] | None = None,
    controls: Sequence[InteractiveElement] = (),
) -> Message:
    """Draw a record with its fields, last notes and controls; `notice` is a line above it.

    A noun may draw other `parts` in the place of the last notes, and have `controls` of its own beside those of all.
    """
    declaration = extended(session, declaration)
    facts = fields.facts(declaration, record, reader, session)
    archived = [b.context(_("Archived: lists and searches leave it out."))] if record.archived_at else []
    blocks = [
        *([b.context(notice)] if notice else []),
        b.section(headline(record), fields=facts[:FIELDS]),
        *(b.section("", fields=facts[at : at + FIELDS]) for at in range(FIELDS, len(facts), FIELDS)),
        *archived,
        *(last_notes(session, record, reader) if parts is None else parts),
        _controls(record, controls),
        *([undo_hint()] if undo else []),
    ]
    said = b.join([notice, headline(record)], " ") if notice else headline(record)
    return Message(said, blocks, replace=replace)


def headline(record: Named) -> b.Markup:
    """Name a record with its reference."""
    return b.markup("*{name}*  {ref}", name=record.name, ref=record.reference)


def line(session: Session, declaration: Declaration, record: Named, reader: Reader) -> Block:
    """Draw a record in two lines, with a button that shows all of it."""
    show = b.button(_("Show"), SHOW, control(record))
    details = fields.particulars(declaration, record, reader, session)
    return b.section(b.join([headline(record), details] if details else [headline(record)]), accessory=show)


def twins(
    session: Session, declaration: Declaration, values: Mapping[str, Any], alike: Sequence[Named], reader: Reader
) -> Message:
    """Ask whether one of these is not the record that was meant; nothing is stored yet."""
    text = b.markup(_("*{name}* may be here already, so nothing has been added yet."), name=values["name"])
    wanted = json.dumps([declaration.key, declaration.to_json(values)], ensure_ascii=False)
    anyway = b.button(_("Add anyway"), ADD_ANYWAY, b.Control(detail=wanted), style="primary")
    lines = [line(session, declaration, one, reader) for one in alike]
    return Message(text, [b.section(text), *lines, b.actions(anyway)])


def control(record: Named) -> b.Control:
    """Return what a record's controls carry."""
    return b.Control(record.reference, record.version)


def _controls(record: Named, own: Sequence[InteractiveElement]) -> Block:
    archive = b.Option(_("Bring back"), _detail(record, "restore")) if record.archived_at else None
    return b.actions(
        b.button(_("Note"), NOTE, control(record)),
        *own,
        b.button(_("Follow up"), FOLLOW_UP, control(record)),
        b.button(_("Edit"), EDIT, control(record)),
        b.overflow(MORE, [archive or b.Option(_("Archive"), _detail(record, "archive"))]),
    )


def _detail(record: Named, what: str) -> str:
    return str(b.Control(record.reference, record.version, what))
