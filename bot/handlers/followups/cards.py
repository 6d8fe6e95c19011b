"""Draw follow-ups: the reminder that arrives as a DM, a list, and a part of the App Home."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from slack_sdk.models.blocks import Block, InteractiveElement
from sqlalchemy.orm import Session

from bot.grammar import said
from bot.handlers.followups import record
from bot.handlers.followups.declaration import plugin
from bot.kit import blocks as b
from bot.kit.format import Reader, undo_hint
from bot.kit.replies import Message
from bot.plugin import Member, Notice, Role, _
from storage.crm import followups
from storage.crm.deals import Deal
from storage.crm.followups import Followup
from storage.errors import NotFound
from storage.names import short
from storage.notifications.preferences import Held
from storage.queues import due
from storage.queues.outbox import Delivery
from storage.subjects import subject_of

LATE = timedelta(minutes=10)
LISTED = 20
ON_HOME = 8
LOOKED_AT = 100
PICK = "pick"
SNOOZES = {"1h": "In an hour", "tomorrow": "Tomorrow at 9", "week": "Next Monday at 9", PICK: "Pick a time…"}


def nothing() -> str:
    """Say that there is nothing to follow up, and how to begin."""
    return _('You have no follow-ups. Add one: `/followup add D-1 when:"friday 9am" call back`')


@plugin.renderer("reminder", kind=Notice.REMINDERS)
def reminder(delivery: Delivery, session: Session, reader: Reader) -> Message | None:
    """Draw the reminder of a follow-up; None when it is of no use any more."""
    try:
        followup = followups.resolve(session, delivery.record or "")
    except NotFound:
        return None
    if _is_over(session, followup, delivery):
        return None
    return card(session, followup, reader, whole=True, was_quiet=delivery.held_by == Held.QUIET)


def _is_over(session: Session, followup: Followup, delivery: Delivery) -> bool:
    """Tell whether a follow-up was closed, handed over, put off, done or reminded of again meanwhile."""
    if followup.closed_at is not None or followup.owner_id != delivery.target_user:
        return True
    reminded_of = datetime.fromisoformat(str(delivery.payload.get("due_at", followup.due_at.isoformat())))
    clock = due.get(session, followups.DUE_KIND, followup.reference)
    # It may be reminded of at later times than the one it is due since: again and again, or as it has a new owner.
    newest = clock.last_at if clock and clock.last_at else reminded_of
    return max(followup.due_at, newest) > reminded_of


def card(
    session: Session,
    followup: Followup,
    reader: Reader,
    *,
    notice: b.Text | None = None,
    replace: bool = False,
    whole: bool = False,
    was_quiet: bool = False,
) -> Message:
    """Draw one follow-up with the record it is about, the `whole` of it or its name; a closed one has no buttons left.

    With `was_quiet` it comes when it does because its owner wished to be left alone before.
    """
    about = None if whole else about_line(session, followup, reader)
    blocks: list[Block] = [
        *([b.context(notice)] if notice else []),
        b.section(b.join([b.markup("*{text}*", text=followup.text), *([about] if about else [])])),
        *(record.blocks(session, followup, reader) if whole else []),
        b.context(_held_until_now(followup, reader) if was_quiet else _when(followup, reader)),
    ]
    if followup.closed_at is None:
        blocks.append(b.actions(*_controls(followup)))
    else:
        again = b.Control(followup.about_reference or "")
        blocks += [b.actions(b.button(_("Follow up again"), plugin.id("new"), again)), undo_hint()]
    return Message(b.markup(_("Follow-up: {text}"), text=followup.text), blocks, replace=replace)


def reminding(followup: Followup, reader: Reader) -> b.Markup:
    """Say when the owner will be reminded, and how often."""
    when = b.markup(_("I will remind you {when}."), when=reader.moment(followup.due_at))
    if followup.recurrence is None:
        return when
    return b.join([when, b.markup(_("It repeats {often}."), often=said(followup.recurrence, reader.locale))], " ")


def _when(followup: Followup, reader: Reader) -> b.Markup:
    line = _due(followup, reader)
    if followup.recurrence is None or followup.closed_at is not None:
        return line
    return b.join([line, b.markup("🔁 {often}", often=said(followup.recurrence, reader.locale))], " · ")


def _held_until_now(followup: Followup, reader: Reader) -> b.Markup:
    template = _("{ref} · {when}, held until your quiet hours ended")
    return b.markup(template, ref=followup.reference, when=reader.moment(followup.due_at))


def _due(followup: Followup, reader: Reader) -> b.Markup:
    late = reader.now - followup.due_at
    when = reader.moment(followup.due_at)
    if followup.closed_at is not None:
        return b.markup("{ref} · {status}", ref=followup.reference, status=_(followup.status))
    if late > LATE:
        return b.markup(
            _("{ref} · was due {when}, {ago}"), ref=followup.reference, when=when, ago=reader.ago(followup.due_at)
        )
    return b.markup("{ref} · {when}", ref=followup.reference, when=when)


def about_line(session: Session, followup: Followup, reader: Reader) -> b.Markup | None:
    """Name the record a follow-up is about, a deal with its amount."""
    about = subject_of(session, followup)
    if about is None:
        return None
    amount = about.amount if isinstance(about, Deal) else None
    line = b.markup("{ref} {name}", ref=about.reference, name=about.name)
    return b.join([line, reader.money(amount)], " · ") if amount else line


def _controls(followup: Followup) -> list[InteractiveElement]:
    control = b.Control(followup.reference, followup.version)
    snoozes = [
        b.Option(_(label), str(b.Control(followup.reference, followup.version, key))) for key, label in SNOOZES.items()
    ]
    return [
        b.button(_("Done"), plugin.id("done"), control, style="primary"),
        b.menu(_("Snooze"), plugin.id("snooze"), snoozes),
        b.button(_("Reschedule"), plugin.id("reschedule"), control),
        b.button(_("Log"), plugin.id("log"), control),
    ]


def listing(session: Session, found: Sequence[Followup], reader: Reader) -> list[Block]:
    """List follow-ups, each with a button that finishes it."""
    blocks: list[Block] = []
    for followup in found:
        about = about_line(session, followup, reader)
        lines: list[b.Text] = [
            b.markup("*{text}*", text=short(followup.text, 200)),
            b.join([*([about] if about else []), _when(followup, reader)], " · "),
        ]
        done = b.button(_("Done"), plugin.id("done_in_list"), b.Control(followup.reference, followup.version))
        blocks.append(b.section(b.join(lines), accessory=done))
    return blocks


@plugin.home("My follow-ups", role=Role.VIEWER, order=30)
def mine(session: Session, actor: Member, reader: Reader) -> list[Block]:
    """Show my open follow-ups, the one due first at the top."""
    found = followups.list_followups(session, owner_id=actor.id, limit=LOOKED_AT)
    if not found:
        return [] if actor.has(Role.MANAGER) else [b.section(nothing())]
    late = sum(1 for one in found if one.due_at < reader.now)
    total = f"{len(found)}+" if len(found) == LOOKED_AT else len(found)
    head = b.context(b.markup(_("*{total}* open, *{late}* overdue"), total=total, late=late))
    return [head, *listing(session, found[:ON_HOME], reader)]
