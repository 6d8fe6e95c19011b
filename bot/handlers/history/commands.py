"""Show a record's changes, with person, time, and values before and after."""

from __future__ import annotations

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import InteractiveElement
from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.handlers.history.declaration import plugin
from bot.handlers.history.values import Change, fields, merged
from bot.kit import blocks as b
from bot.kit import format
from bot.kit.format import Reader, paragraphs
from bot.kit.replies import Message
from bot.plugin import Declaration, Role, _
from storage.errors import NotFound
from storage.records import history
from storage.records.history import CREATED, DELETED
from storage.references import in_force, parse_reference, reference
from storage.subjects import called
from storage.support.ratings import RATED
from storage.support.tickets import REPLIED
from storage.workspace import api_keys

SHOWN = 20
READ = 60


@plugin.command("history", usage="<record>", role=Role.VIEWER, example="D-88")
def show(args: Args, session: Session, reader: Reader) -> Message:
    """Show a record's changes, with person, time, and values before and after."""
    letters = in_force(session)
    parsed = parse_reference(args.text, letters)
    if parsed is None:
        record = called(session, args.text, field="record")
        parsed = record.__noun__, record.id
    return _history(session, *parsed, reader)


@plugin.each_noun("history", usage=lambda noun: f"<{noun.key}>", example=lambda noun: f"{noun.letter}-1", changes=False)
def of_noun(noun: Declaration, args: Args, session: Session, reader: Reader) -> Message:
    """Show a record's changes, with person, time, and values before and after."""
    return _history(session, noun.key, noun.resolve(session, args.text).id, reader)


def _history(session: Session, noun: str, record_id: int, reader: Reader) -> Message:
    ref = reference(noun, record_id, in_force(session))
    activities = history.timeline(session, noun, record_id, limit=READ)
    if not activities:
        raise NotFound("{ref} has no history.", ref=ref)
    title = b.markup(_("*History of {ref}*, the newest first"), ref=ref)
    found = merged(session, activities)[::-1]
    shown = found[:SHOWN]
    by_keys = {one.change_set.id for one in shown if api_keys.is_key(one.change_set.actor_id or "")}
    undoable = {one.id for one in history.undoable(session, by_keys, reader.now)}
    blocks: list[Block] = []
    lines: list[b.Text] = [title]
    for change in shown:
        lines.append(_line(session, change, reader))
        if change.change_set.id in undoable:
            # Of one request one button takes all back: the one at its newest line.
            undoable.discard(change.change_set.id)
            blocks += [*paragraphs(lines[:-1]), b.section(lines[-1], accessory=_undo(change))]
            lines = []
    earlier = len(found) > SHOWN or len(activities) == READ
    more = [b.context(_("Older changes are stored too, but not shown here."))] if earlier else []
    return Message(title, [*blocks, *paragraphs(lines), *more])


def _undo(change: Change) -> InteractiveElement:
    return b.button(_("Undo"), plugin.id("undo"), b.Control(detail=str(change.change_set.id)))


def _line(session: Session, change: Change, reader: Reader) -> b.Markup:
    details = [b.markup("      {detail}", detail=detail) for detail in fields(session, change, reader)]
    return b.markup(
        "*{who}*{agent} {did}  _{when}_{details}",
        agent=b.markup(" 🤖 _{agent}_", agent=_("an agent")) if change.change_set.by_agent else "",
        who=format.who(session, change.change_set.actor_id),
        did=b.markup(_did(change), what=change.thing),
        when=reader.ago(change.at),
        details=b.join(["", *details]),
    )


def _did(change: Change) -> str:
    if change.change_set.undoes_id is not None:
        back = {CREATED: _("brought {what} back"), DELETED: _("took {what} back")}
        return back.get(change.action, _("took a change of {what} back"))
    done = {
        CREATED: _("added {what}"),
        DELETED: _("removed {what}"),
        REPLIED: _("answered the customer"),
        RATED: _("said how they were served"),
        "asked": _("asked to change {what}"),
        "allowed": _("allowed somebody to change {what}"),
        "refused": _("refused somebody a change of {what}"),
        "merged": _("merged {what} with another"),
        "split": _("split a message off"),
        "placed": _("followed a route"),
    }
    return done.get(change.action, _("changed {what}"))
