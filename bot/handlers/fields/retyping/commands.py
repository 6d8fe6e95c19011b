"""Say what a change of a field's type would carry over and lose, and make it once somebody says so."""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.handlers.fields import lists
from bot.handlers.fields.declaration import plugin
from bot.handlers.fields.wording import NAMES, noun_called
from bot.kit import blocks as b
from bot.kit.replies import Message
from bot.plugin import Catalogue, Declaration, Member, Role, _, ngettext
from storage.errors import Invalid
from storage.records import drafts
from storage.records.schema import FieldRow, field_definitions
from storage.setup import retyping
from storage.setup.retyping import Carried, Retyped

SHOWN = 60
"""So many characters of a value are shown."""


def asked(
    session: Session,
    noun: Declaration,
    row: FieldRow,
    actor: Member,
    *,
    type: str,
    choices: Sequence[str] = (),
    links_to: str = "",
) -> Message:
    """Show what would become of the values, and ask; where no record has one, change the type at once."""
    seen = retyping.preview(session, noun, row, type, choices=choices, links_to=links_to)
    if not seen.kept and not seen.lost:
        retyping.retype(session, noun, row, type, choices=choices, links_to=links_to)
        return lists.fields(session, noun, actor, notice=_("Saved."), undo=True)
    title = b.markup(
        _("*{name}* becomes {type}. Nothing is changed yet."), name=row.name, type=_(NAMES[type]).casefold()
    )
    draft = drafts.keep(
        session, "field", {"field": row.id, "type": type, "choices": list(choices), "links_to": links_to}
    )
    button = b.button(_("Change the type"), plugin.id("retype"), b.Control(detail=str(draft)), style="primary")
    return Message(title, [b.section(title), *_told(seen), b.actions(button)])


@plugin.action("retype", role=Role.ADMIN)
def retype(control: b.Control, session: Session, actor: Member, catalogue: Catalogue) -> Message:
    """Give a field the type that was asked about."""
    kind, given = drafts.take(session, control.number)
    if kind != "field":
        raise Invalid("This button no longer works.", hint="Please repeat the command.")
    row = field_definitions.get(session, int(given["field"]))
    noun = noun_called(catalogue, row.noun).declaration
    if row.retired_at is not None:
        return lists.fields(session, noun, actor, notice=_("It is retired already."), replace=True)
    done = retyping.retype(
        session, noun, row, str(given["type"]), choices=given["choices"], links_to=str(given["links_to"])
    )
    said = b.markup(
        _("*{name}* is {type} now. The old values are kept with the retired field: {kept} carried over, {lost} not."),
        name=row.name,
        type=_(NAMES[str(given["type"])]).casefold(),
        kept=done.kept,
        lost=done.lost,
    )
    return lists.fields(session, noun, actor, notice=said, undo=True, replace=True)


def _told(seen: Retyped) -> list[Block]:
    kept = ngettext("{count} value is carried over", "{count} values are carried over", seen.kept)
    lost = ngettext("{count} value cannot be, and stays with the old field", "{count} values cannot be, and stay with"
                    " the old field", seen.lost)  # fmt: skip
    parts: list[Block] = [b.section(_group(kept.format(count=seen.kept), seen.becoming))]
    if seen.lost:
        parts.append(b.section(_group(f"⚠️ {lost.format(count=seen.lost)}", seen.losing)))
    return parts


def _group(title: str, some: Sequence[Carried]) -> b.Markup:
    lines = [
        b.markup("• {ref} {name}: {text}", ref=one.record.reference, name=one.record.name, text=b.cut(one.text, SHOWN))
        for one in some
    ]
    return b.join([b.markup("*{title}*", title=title), *lines])
