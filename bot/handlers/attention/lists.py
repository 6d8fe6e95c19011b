"""List what is held back, send it after all, and say in a channel that its budget is spent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from uuid import UUID

from slack_sdk.models.blocks import Block, InteractiveElement
from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.handlers.attention.declaration import plugin
from bot.handlers.attention.wording import whose
from bot.kit import blocks as b
from bot.kit.format import Reader
from bot.kit.replies import Message
from bot.plugin import Member, Notice, Role, _
from storage.crm import followups
from storage.digests import schedules
from storage.errors import NotFound, Refused
from storage.notifications import preferences, throttle
from storage.notifications.preferences import Held
from storage.queues.outbox import Delivery
from storage.records import named
from storage.records.rows import kept
from storage.references import in_force, parse_reference

LISTED = 20
NAME_LIMIT = 120
NAMES: Mapping[str, Callable[[Session, int], str]] = {
    followups.Followup.__noun__: lambda session, number: followups.get(session, number).text,
    schedules.Digest.__noun__: lambda session, number: schedules.get(session, number).name,
}
"""What people call what has a reference and is no record with a name."""


@plugin.command("held", usage="[channel]", role=Role.VIEWER, example="#support")
def held(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """List the messages held back from you or a channel, oldest first, and send them now."""
    target = args.channel("channel") or actor.id
    rows = throttle.waiting(session, target, LISTED + 1)
    who = whose(target, actor)
    if not rows:
        return Message(b.markup(_("Nothing is held back from {who}."), who=who))
    title = b.markup(_("*Held back from {who}*"), who=who)
    may = _may_send(actor, target)
    lines: list[Block] = [
        b.section(_line(session, row, reader), accessory=_send_button(row) if may else None) for row in rows[:LISTED]
    ]
    more = [b.context(_("There are more; these come first."))] if len(rows) > LISTED else []
    return Message(title, [b.section(title), *lines, *more])


@plugin.action("send", role=Role.VIEWER)
def send(control: b.Control, session: Session, actor: Member) -> Message:
    """Send a message after all that was held back."""
    try:
        delivery_id = UUID(control.detail)
    except ValueError:
        raise NotFound("This message is no longer stored.") from None
    row = throttle.send_now(session, delivery_id, target=None if actor.has(Role.AGENT) else actor.id)
    if not _may_send(actor, row.lane):
        raise Refused("Only the receiver can send this.")
    return Message(_("It is on its way."))


def _may_send(actor: Member, target: str) -> bool:
    """Tell whether somebody may have something sent: to oneself, or, of those who work there, to a channel."""
    return target == actor.id or (actor.has(Role.AGENT) and target.startswith(("C", "G")))


def _send_button(row: Delivery) -> InteractiveElement:
    return b.button(_("Send now"), plugin.id("send"), b.Control(detail=str(row.id)))


def _line(session: Session, row: Delivery, reader: Reader) -> b.Markup:
    """Say of which kind a message is, what it is about, and until when it waits."""
    reference = (row.record or "").partition("/")[0]
    notice = Notice(row.notice or Notice.OTHER)
    why = _("muted") if row.held_by == Held.MUTED else _("until {when}").format(when=reader.moment(row.not_before))
    about = b.join([one for one in (reference, _name(session, reference)) if one], " ")
    parts: list[b.Text] = [b.markup("*{kind}*", kind=_(notice.words).capitalize()), about, why]
    return b.join([part for part in parts if part], " · ")


def _name(session: Session, reference: str) -> str:
    noun, number = parse_reference(reference, in_force(session)) or (None, 0)
    if noun is None:
        return ""
    try:
        name = NAMES[noun](session, number) if noun in NAMES else named.get(session, kept(session)[noun], number).name
        return str(b.unescaped(b.cut(name, NAME_LIMIT)))
    except NotFound:
        return ""


@plugin.renderer("spent", kind=None)
def spent(delivery: Delivery, session: Session, reader: Reader) -> Message | None:
    """Say that a channel's budget is spent and where to find what waits; None where it has none any more."""
    wishes = preferences.get(session, delivery.lane)
    if wishes is None or wishes.daily_budget is None:
        return None
    morning = preferences.next_allowed(wishes, reader.zone, throttle.next_morning(reader.zone, delivery.created_at))
    text = b.markup(
        _(
            "This channel has used up its budget of {budget} messages a day. Others wait until "
            "{when}: `/crm held` with this channel lists them. Urgent messages still come."
        ),
        budget=wishes.daily_budget,
        when=reader.moment(morning),
    )
    return Message(text)
