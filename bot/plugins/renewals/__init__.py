"""Remember when customers' contracts renew, and remind their owners in time. The plugin to copy."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.grammar.types import DAY
from bot.kit import blocks as b
from bot.kit.format import Reader, paragraphs, undo_hint
from bot.kit.replies import Message
from bot.plugin import Member, Notice, Plugin, Role, _
from bot.plugins.renewals.tables import Renewal, due_for_reminder, for_owner, record, upcoming
from storage.crm import customers
from storage.digests.metrics import Period
from storage.queues import outbox
from storage.queues.outbox import Delivery
from storage.records.fields import NumberField
from storage.workspace.workspaces import Workspace

plugin = Plugin("renewals", contract=2, title="Renewals", description="When contracts renew, with a reminder in time.")
plugin.tables(migrations=Path(__file__).parent / "migrations")

NOTICE = plugin.setting(NumberField(key="notice", label="Days of notice", example="60", least=1, most=365), default=30)


@plugin.command("renewal add", usage="<customer> on:2027-03-01", role=Role.REP, example="acme on:2027-03-01", on=DAY)
def add(args: Args, session: Session, reader: Reader) -> Message:
    """Note when a customer's contract renews."""
    customer = customers.resolve(session, args.text)
    on = args.date("on")
    assert on is not None, "the usage says that it is required"
    renewal = record(session, customer, on)
    text = b.markup(
        _("*{name}* renews on {on}. Its owner gets a reminder {days} days before."),
        name=customer.name,
        on=reader.day(renewal.on_date),
        days=NOTICE.of(session),
    )
    return Message(text, [b.section(text), undo_hint()])


@plugin.command("renewal list", role=Role.VIEWER)
def list_(session: Session, reader: Reader) -> Message:
    """List the renewals of the next twelve months."""
    found = upcoming(session, reader.today, reader.today + timedelta(days=365))
    if not found:
        return Message(_("No renewals in the next twelve months. Add one: `/crm renewal add acme on:2027-03-01`"))
    return Message(_("Renewals"), [b.header(_("Renewals")), *paragraphs(_lines(found, reader))])


@plugin.home("My renewals", role=Role.REP, order=60)
def mine(session: Session, actor: Member, reader: Reader) -> list[Block]:
    """Show the renewals of my customers in the next 90 days."""
    found = for_owner(session, actor.id, reader.today, reader.today + timedelta(days=90))
    return paragraphs(_lines(found, reader))


@plugin.digest_section("Renewals")
def soon(period: Period, session: Session, reader: Reader) -> list[Block]:
    """Show the contracts that renew soon, of the owners whose records count."""
    last = reader.today + timedelta(days=NOTICE.of(session))
    if period.owners is None:
        return paragraphs(_lines(upcoming(session, reader.today, last), reader))
    found = [one for owner_id in period.owners for one in for_owner(session, owner_id, reader.today, last)]
    return paragraphs(_lines(sorted(found, key=lambda one: one.on_date), reader))


@plugin.job("remind", every="FREQ=DAILY", at="08:00")
def remind(session: Session, reader: Reader) -> None:
    """Remind the owner of each customer whose contract renews soon, once."""
    for renewal in due_for_reminder(session, reader.today + timedelta(days=NOTICE.of(session))):
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
def reminder(delivery: Delivery, session: Session, reader: Reader, workspace: Workspace) -> Message | None:
    """Draw the reminder; nothing if the renewal is gone."""
    renewal = session.get(Renewal, (workspace.id, int(delivery.record or 0)))
    if renewal is None:
        return None
    shown = reader.day(renewal.on_date)
    text = b.markup(_("*{name}* renews on {on}. Time to talk to them."), name=renewal.customer.name, on=shown)
    return Message(text, [b.section(text), b.context(b.markup("`{ref}`", ref=renewal.customer.reference))])


def _lines(found: list[Renewal], reader: Reader) -> list[b.Markup]:
    return [
        b.markup("*{name}*  {ref}  {on}", name=r.customer.name, ref=r.customer.reference, on=reader.day(r.on_date))
        for r in found
    ]
