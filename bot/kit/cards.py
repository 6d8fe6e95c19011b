"""Draw a record of any noun by its declaration: a card, a line of a list, the twins of one that is not added yet."""

from __future__ import annotations

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
from storage.records import drafts
from storage.records.declaration import Declaration
from storage.records.named import Named, Record
from storage.records.schema import extended, of
from storage.records.values import linked
from storage.references import reference

SHOW = "records.show"
OPEN = "records.open"
EDIT = "records.edit"
NOTE = "records.note"
MORE = "records.more"
NEW = "records.new"
ADD_ANYWAY = "records.add_anyway"
MERGE = "records.merge_anyway"
FOLLOW_UP = "followups.new"
LINKED = 3
SECTIONS = "rapport.card_sections"
"""Where a session keeps what draws the parts that plugins add to a record's card."""


def card(
    session: Session,
    declaration: Declaration,
    record: Named,
    reader: Reader,
    *,
    notice: b.Text | None = None,
    undo: bool = False,
    replace: bool = False,
    facts: Mapping[str, b.Text | None] | None = None,
    parts: Sequence[Block] | None = None,
    controls: Sequence[InteractiveElement] = (),
    every: bool = False,
) -> Message:
    """Draw a record with its fields, last notes and controls; `notice` is a line above it.

    A noun may draw `facts` by their labels beside its fields or instead, other `parts` in the place of the last notes,
    and `controls` of its own beside those of all: `every` one, or those of the layout.
    """
    declaration = extended(session, declaration)
    known = fields.facts(declaration, record, reader, session, facts)
    archived = [b.context(_("Archived: lists and searches leave it out."))] if record.archived_at else []
    blocks = [
        *([b.context(notice)] if notice else []),
        *b.columns(known, above=headline(record)),
        *archived,
        *_linked(session, record),
        *(last_notes(session, record, reader) if parts is None else parts),
        *_of_plugins(session, record),
        _controls(record, controls, None if every else declaration.layout.get("buttons")),
        *([undo_hint()] if undo else []),
    ]
    said = b.join([notice, headline(record)], " ") if notice else headline(record)
    return Message(said, blocks, replace=replace)


def headline(record: Named) -> b.Markup:
    """Name a record with its reference."""
    return b.markup("*{name}*  {ref}", name=record.name, ref=record.reference)


def line(record: Named, details: b.Text, *, action: str = SHOW) -> Block:
    """Draw a record in two lines, with a button that shows all of it."""
    show = b.button(_("Show"), action, control(record))
    return b.section(b.join([headline(record), details] if details else [headline(record)]), accessory=show)


def twins(session: Session, declaration: Declaration, values: Mapping[str, Any], lines: Sequence[Block]) -> Message:
    """Ask whether one of the records of these lines is not the one that was meant; nothing is stored yet."""
    text = b.markup(_("*{name}* may be here already, so nothing has been added yet."), name=values["name"])
    draft = drafts.keep(session, declaration.key, declaration.to_json(values))
    anyway = b.button(_("Add anyway"), ADD_ANYWAY, b.Control(detail=str(draft)), style="primary")
    return Message(text, [b.section(text), *lines, b.actions(anyway)])


def cancelling(sentence: b.Text, followups: Sequence[Record]) -> b.Text:
    """Say what was done, and which follow-ups were cancelled with it."""
    if not followups:
        return sentence
    references = ", ".join(followup.reference for followup in followups)
    return b.join([sentence, b.markup(_("Follow-ups cancelled with it: {references}."), references=references)], " ")


def new(noun: str, label: str, record: Named | None = None) -> InteractiveElement:
    """Draw the button for a new record of a noun, which begins linked to another where one is given."""
    about = b.Control(record.reference, record.version, noun) if record else b.Control(detail=noun)
    # Slack refuses two controls of one id in a row.
    return b.button(label, f"{NEW}:{noun}", about)


def control(record: Named) -> b.Control:
    """Return what a record's controls carry."""
    return b.Control(record.reference, record.version)


def _linked(session: Session, record: Named) -> list[Block]:
    """Name the records of the workspace's own nouns that link to this one."""
    schema = of(session)
    blocks: list[Block] = []
    for noun, field in schema.linking(record.__noun__):
        found = linked(session, record, noun.key, field, LINKED + 1)
        lines = [
            b.markup("• {ref} {name}", ref=reference(noun.key, number, schema.letters), name=name)
            for number, name in found[:LINKED]
        ]
        if len(found) > LINKED:
            more = _("… and more: `/crm {noun} list {key}:{ref}`")
            lines.append(b.markup(more, noun=noun.key, key=field.key, ref=record.reference))
        if lines:
            blocks.append(b.section(b.join([b.markup("*{title}*", title=noun.plural), *lines])))
    return blocks


def _of_plugins(session: Session, record: Named) -> list[Block]:
    draw = session.info.get(SECTIONS)
    return list(draw(record)) if draw else []


def _controls(record: Named, own: Sequence[InteractiveElement], layout: Sequence[str] | None) -> Block:
    archive = b.Option(_("Bring back"), _detail(record, "restore")) if record.archived_at else None
    usual = [
        b.button(_("Note"), NOTE, control(record)),
        *own,
        b.button(_("Follow up"), FOLLOW_UP, control(record)),
        b.button(_("Edit"), EDIT, control(record)),
    ]
    by_key = {button_key(one): one for one in usual}
    shown = usual if layout is None else [by_key[key] for key in layout if key in by_key]
    return b.actions(*shown, b.overflow(MORE, [archive or b.Option(_("Archive"), _detail(record, "archive"))]))


def button_key(element: Any) -> str:
    """Return the word by which a layout names a button: `note`, `followup`, `won`, `new-deal`."""
    name, _sep, of = str(getattr(element, "action_id", None) or "").partition(":")
    short = "followup" if name == FOLLOW_UP else name.rpartition(".")[2]
    return f"{short}-{of}" if of else short


def _detail(record: Named, what: str) -> str:
    return str(b.Control(record.reference, record.version, what))
