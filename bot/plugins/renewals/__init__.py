"""Remember what renews at customers, and when, and remind its owner in time. The plugin to copy."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.kit import blocks as b
from bot.kit.cards import headline
from bot.kit.format import Reader, paragraphs
from bot.kit.replies import Message
from bot.plugin import Declaration, Member, Notice, Plugin, Role, _
from bot.plugins.renewals.tables import Renewal, between, to_be_reminded_of
from storage.crm import customers
from storage.crm.customers import Customer
from storage.digests.metrics import Period
from storage.errors import NotFound
from storage.queues import outbox
from storage.queues.outbox import Delivery
from storage.records import named
from storage.records.fields import DateField, LinkField, NumberField, PersonField, TextField

plugin = Plugin("renewals", contract=2, title="Renewals", description="What renews, and when, with a reminder in time.")
plugin.tables(migrations=Path(__file__).parent / "migrations")
NOTICE = plugin.setting(NumberField(key="notice", label="Days of notice", example="60", least=1, most=365), default=30)
plugin.noun(
    Declaration(
        model=Renewal,
        label="Renewal",
        plural="Renewals",
        change=Role.REP,
        fields=(
            TextField(key="name", label="Name", by="name_key", required=True, example="Hosting"),
            DateField(key="on", label="On", at="on_date", by="on_date", required=True, example="2027-03-01"),
            LinkField(
                key="customer",
                label="Customer",
                at="customer_id",
                by="customer_id",
                to=Customer,
                whose=True,
                resolve=customers.resolve,
                example="acme",
            ),
            PersonField(key="owner", label="Owner", at="owner_id", by="owner_id", role=Role.REP, mine=True),
        ),
    )
)


@plugin.card("customer", "Renewals")
def of_customer(record: Customer, session: Session, reader: Reader) -> list[Block]:
    """Show on a customer's card what renews there."""
    return _lines(between(session, reader.today, None, Renewal.customer_id == record.id), reader)


@plugin.home("My renewals", role=Role.REP, order=60)
def mine(session: Session, actor: Member, reader: Reader) -> list[Block]:
    """Show what is mine and renews in the next 90 days."""
    last = reader.today + timedelta(days=90)
    return _lines(between(session, reader.today, last, Renewal.owner_id == actor.id), reader)


@plugin.digest_section("Renewals")
def soon(period: Period, session: Session, reader: Reader) -> list[Block]:
    """Show what renews soon, of the owners whose records count."""
    theirs = [] if period.owners is None else [Renewal.owner_id.in_(period.owners)]
    last = reader.today + timedelta(days=NOTICE.of(session))
    return _lines(between(session, reader.today, last, *theirs), reader)


@plugin.job("remind", every="FREQ=DAILY", at="08:00")
def remind(session: Session, reader: Reader) -> None:
    """Remind the owner of each renewal that is near, once for each day that it is on."""
    for one in to_be_reminded_of(session, reader.today + timedelta(days=NOTICE.of(session))):
        outbox.enqueue(
            session,
            target_user=one.owner_id,
            renderer=plugin.id("reminder"),
            record=str(one.id),
            dedupe_key=f"renewal:{one.id}:{one.on_date}",
        )
        one.reminded_for = one.on_date


@plugin.renderer("reminder", kind=Notice.REMINDERS)
def reminder(delivery: Delivery, session: Session, reader: Reader) -> Message | None:
    """Draw the reminder; nothing if the renewal is over."""
    try:
        one = named.get(session, Renewal, int(delivery.record or 0))
    except NotFound:
        return None
    if one.archived_at is not None:
        return None
    text = b.markup(_("{renewal} is on {on}. Time to talk."), renewal=headline(one), on=reader.day(one.on_date))
    return Message(text, [b.section(text)])


def _lines(found: list[Renewal], reader: Reader) -> list[Block]:
    return paragraphs(b.markup("• {one}  {on}", one=headline(one), on=reader.day(one.on_date)) for one in found)
