"""Show what could not be delivered, say why, and send it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.kit import blocks as b
from bot.kit.format import Reader
from bot.kit.replies import Message
from bot.plugin import Member, Notice, Plugin, Role, _
from storage.errors import NotFound, Refused
from storage.notifications import failures
from storage.queues.outbox import Delivery

plugin = Plugin(
    "deliveries",
    contract=2,
    title="Deliveries",
    description="Messages that Slack refused, the reasons, and a way to send them again.",
)

LISTED = 10
ON_HOME = 3
WHAT: Mapping[str, str] = {
    "followups": "a reminder",
    "digests": "a digest",
    "triage": "a message about a ticket",
    "sla": "an alert about a late ticket",
}
REASONS: Mapping[str, str] = {
    "channel_not_found": "the channel is gone, or Rapport is not in it: invite it with `/invite`",
    "not_in_channel": "Rapport is not in the channel: invite it with `/invite`",
    "missing_scope": "the app lacks a permission: install it again",
    "is_archived": "the channel is archived: choose another",
    "account_inactive": "the app's token is no longer valid: install it again",
    "user_disabled": "the person's account is closed",
    "no_longer_ours": "the person is none of your own people any more",
    "user_not_found": "Slack does not know this person any more",
    "cannot_dm_bot": "this is no person",
    "restricted_action": "an admin of Slack has limited who may post there",
    "msg_too_long": "it is too long for Slack",
    "shared_channel": "others than your own people read that channel by now. Choose another (cards: `/crm triage` or"
    " `/crm route`, a digest: Edit in `/digest list`), or end the sharing and send it again",
    "sharing_unknown": "Slack could not say whether others than your own people read that channel: send it again later",
    "file_too_large": "the file is too large to be sent on: send a link to it instead",
    "file_gone": "the file is no longer in Slack: send it again",
    "file_unreadable": "Rapport may not read the file: it lacks the scope `files:read`, so install it again",
    "token_revoked": "the app was removed from Slack: install it again",
}


def _described(row: Delivery, reader: Reader) -> b.Markup:
    where = b.person(row.target_user) if row.target_user else b.channel(row.target_channel or "")
    reason = row.reason or ""
    return b.markup(
        _("{what} {record} for {where}, {when}: {why}"),
        what=_(WHAT.get(row.renderer.partition(".")[0], "a message")).capitalize(),
        record=row.record or "",
        where=where,
        when=reader.moment(row.created_at),
        why=b.Markup(_(REASONS[reason])) if reason in REASONS else reason,
    )


def _lines(rows: Sequence[Delivery], reader: Reader) -> list[Block]:
    lines: list[Block] = []
    for row in rows:
        control = b.Control(detail=str(row.id))
        lines.append(b.section(_described(row, reader)))
        lines.append(
            b.actions(
                b.button(_("Send again"), plugin.id("resend"), control, style="primary"),
                b.button(_("Give up"), plugin.id("give_up"), control),
            )
        )
    return lines


@plugin.command("undelivered", role=Role.MANAGER)
def list_(session: Session, reader: Reader) -> Message:
    """List the messages that Slack refused, newest first, and send them again."""
    rows = failures.dead(session, LISTED + 1)
    if not rows:
        return Message(_("Everything was delivered."))
    title = _("*Not delivered*")
    more = [b.context(_("There are older ones."))] if len(rows) > LISTED else []
    lines = _lines(rows[:LISTED], reader)
    return Message(b.Markup(title), [b.section(b.Markup(title)), *lines, *more])


# Whoever was told may act on it, a manager or not.
@plugin.action("resend", role=Role.VIEWER)
def resend(control: b.Control, session: Session, actor: Member) -> Message:
    """Send a refused message again."""
    failures.resend(session, _id(control, actor, session))
    return Message(_("It is on its way again. If Slack refuses it once more, it comes back to this list."))


@plugin.action("give_up", role=Role.VIEWER)
def give_up(control: b.Control, session: Session, actor: Member) -> Message:
    """Take a refused message from the list."""
    failures.give_up(session, _id(control, actor, session))
    return Message(_("It is off the list and will not be sent."))


def _id(control: b.Control, actor: Member, session: Session) -> UUID:
    """Return which message is meant; raise Refused for who is no manager and was not told of it."""
    try:
        delivery_id = UUID(control.detail)
    except ValueError:
        raise NotFound("This message is no longer stored.") from None
    if not actor.has(Role.MANAGER) and not failures.was_told(session, delivery_id, actor.id):
        raise Refused("This needs the role {role}.", role=Role.MANAGER.value, hint="A manager can do it.")
    return delivery_id


@plugin.home("Not delivered", role=Role.ADMIN, order=5)
def on_home(session: Session, reader: Reader) -> list[Block]:
    """Show an admin what Slack refused to deliver; nothing where all is well."""
    rows = failures.dead(session, ON_HOME)
    return _lines(rows, reader)


@plugin.renderer("undelivered", kind=Notice.PROBLEMS)
def notice(delivery: Delivery, session: Session, reader: Reader) -> Message | None:
    """Tell somebody that a message did not arrive, and what can be done; None once somebody has seen to it."""
    row = failures.get(session, UUID(str(delivery.payload["delivery"])))
    if row.state != "dead":
        return None
    text = _("This could not be delivered:")
    return Message(text, [b.section(text), *_lines([row], reader)])


__all__ = ["plugin"]
