"""Remember when customers' contracts renew, and remind their owners a month before. The plugin to copy."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot import blocks as b
from bot.grammar import Args
from bot.grammar.types import DAY
from bot.plugin import Member, Notice, Plugin, Role, _
from bot.plugins.renewals.tables import Renewal, due_for_reminder, for_owner, record, upcoming
from bot.replies import Message
from bot.shown import Reader, paragraphs, undo_hint
from bot.shown import reader as shown_to
from storage import customers, outbox
from storage.figures import Period
from storage.outbox import Delivery
from storage.workspaces import Workspace

plugin = Plugin("renewals", title="Renewals", description="When contracts renew, with a reminder a month before.")
plugin.tables(migrations=Path(__file__).parent / "migrations")

NOTICE = timedelta(days=30)


@plugin.command("renewal add", usage="<customer> on:2027-03-01", role=Role.REP, example="acme on:2027-03-01", on=DAY)
def add(args: Args, actor: Member, workspace: Workspace, now: datetime, session: Session) -> Message:
    """Note when a customer's contract renews."""
    customer = customers.resolve(session, args.text)
    me = shown_to(actor, workspace, now)
    on = args.date("on")
    assert on is not None, "the usage says that it is required"
    renewal = record(session, customer, on)
    text = b.markup(
        _("*{name}* renews on {on}. Its owner is reminded {days} days before."),
        name=customer.name,
        on=me.day(renewal.on_date),
        days=NOTICE.days,
    )
    return Message(text, [b.section(text), undo_hint()])


@plugin.command("renewal list", role=Role.VIEWER)
def list_(actor: Member, workspace: Workspace, now: datetime, session: Session) -> Message:
    """List the renewals of the next twelve months."""
    me = shown_to(actor, workspace, now)
    found = upcoming(session, me.today, me.today + timedelta(days=365))
    if not found:
        return Message(_("No renewals in the next twelve months. Add one: `/crm renewal add acme on:2027-03-01`"))
    return Message(_("Renewals"), [b.header(_("Renewals")), *paragraphs(_lines(found, me))])


@plugin.home("My renewals", role=Role.REP, order=60)
def mine(actor: Member, workspace: Workspace, now: datetime, session: Session) -> list[Block]:
    """Show the renewals of my customers in the next 90 days."""
    me = shown_to(actor, workspace, now)
    found = for_owner(session, actor.id, me.today, me.today + timedelta(days=90))
    return paragraphs(_lines(found, me))


@plugin.digest_section("Renewals")
def soon(reader: Member | None, workspace: Workspace, now: datetime, period: Period, session: Session) -> list[Block]:
    """Show the contracts that renew within a month, of the owners whose records count."""
    me = shown_to(reader, workspace, now)
    last = me.today + NOTICE
    if period.owners is None:
        return paragraphs(_lines(upcoming(session, me.today, last), me))
    found = [one for owner_id in period.owners for one in for_owner(session, owner_id, me.today, last)]
    return paragraphs(_lines(sorted(found, key=lambda one: one.on_date), me))


@plugin.job("remind", every="FREQ=DAILY", at="08:00")
def remind(workspace: Workspace, now: datetime, session: Session) -> None:
    """Remind the owner of each customer whose contract renews within a month, once."""
    for renewal in due_for_reminder(session, shown_to(None, workspace, now).today + NOTICE):
        assert renewal.customer.owner_id is not None
        outbox.enqueue(
            session,
            target_user=renewal.customer.owner_id,
            renderer=plugin.id("reminder"),
            record=str(renewal.id),
            dedupe_key=f"renewal:{renewal.id}:{renewal.on_date}",
        )
        renewal.reminded_for = renewal.on_date


@plugin.renderer("reminder", kind=Notice.REMINDERS)
def reminder(
    delivery: Delivery, reader: Member | None, workspace: Workspace, now: datetime, session: Session
) -> Message | None:
    """Draw the reminder; nothing if the renewal is gone."""
    renewal = session.get(Renewal, (workspace.id, int(delivery.record or 0)))
    if renewal is None:
        return None
    shown = shown_to(reader, workspace, now).day(renewal.on_date)
    text = b.markup(_("*{name}* renews on {on}. Time to talk to them."), name=renewal.customer.name, on=shown)
    return Message(text, [b.section(text), b.context(b.markup("`{ref}`", ref=renewal.customer.reference))])


def _lines(found: list[Renewal], me: Reader) -> list[b.Markup]:
    return [
        b.markup("*{name}*  {ref}  {on}", name=r.customer.name, ref=r.customer.reference, on=me.day(r.on_date))
        for r in found
    ]
