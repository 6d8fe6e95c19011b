"""Read what is going on at a customer in one query, as a card shows it: deals, tickets, people and the last notes.

The lists of `deals`, `tickets` and `notes` give whole records with all that belongs to them, one query for each kind;
a card is looked at far more often than anything else, and shows a few columns of few rows.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from storage.money import Money
from storage.references import reference

_GLANCE = text("""
    SELECT
        (SELECT json_agg(d) FROM (
            SELECT deal.id, deal.name, stage.name AS stage, amount_minor, currency, close_on
            FROM deal JOIN stage ON stage.workspace_id = deal.workspace_id AND stage.id = stage_id
            WHERE customer_id = :customer AND closed_at IS NULL AND merged_into_id IS NULL
            ORDER BY close_on, deal.id LIMIT :deals
        ) AS d),
        (SELECT json_agg(t) FROM (
            SELECT id, name, priority, standing FROM ticket
            WHERE customer_id = :customer AND resolved_at IS NULL AND merged_into_id IS NULL
            ORDER BY urgency, id LIMIT :tickets
        ) AS t),
        (SELECT json_agg(n) FROM (
            SELECT text, at, created_by FROM note WHERE about_noun = 'customer' AND about_id = :customer
            ORDER BY at DESC, id DESC LIMIT :notes
        ) AS n),
        (SELECT json_agg(p) FROM (
            SELECT id, name, job_title AS role FROM contact
            WHERE customer_id = :customer AND merged_into_id IS NULL AND archived_at IS NULL
            ORDER BY name_key, id LIMIT :people
        ) AS p)
""")


@dataclass(frozen=True, slots=True)
class OpenDeal:
    """Name a deal that is neither won nor lost, with its stage's name."""

    id: int
    name: str
    stage: str
    amount: Money | None
    close_on: date | None

    @property
    def reference(self) -> str:
        """Return the reference people use, such as `D-88`."""
        return reference("deal", self.id)


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """Name a ticket that is neither resolved nor closed."""

    id: int
    name: str
    priority: str
    standing: str

    @property
    def reference(self) -> str:
        """Return the reference people use, such as `T-1042`."""
        return reference("ticket", self.id)


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """Name a contact at a customer, with their role there."""

    id: int
    name: str
    role: str | None

    @property
    def reference(self) -> str:
        """Return the reference people use, such as `P-3`."""
        return reference("contact", self.id)


@dataclass(frozen=True, slots=True)
class LastNote:
    """Hold what somebody wrote down; `created_by` is a Slack user id, None for what Rapport wrote."""

    text: str
    at: datetime
    created_by: str | None


@dataclass(frozen=True, slots=True)
class Glance:
    """Hold what is going on at a customer, each list in the order of its own module."""

    deals: list[OpenDeal]
    tickets: list[OpenTicket]
    notes: list[LastNote]
    people: list[KnownPerson]


def glance(
    session: Session, customer_id: int, *, deals: int = 0, tickets: int = 0, notes: int = 0, people: int = 0
) -> Glance:
    """Return what is going on at a customer: at most so many deals, tickets, notes and people."""
    session.flush()
    values = {"customer": customer_id, "deals": deals, "tickets": tickets, "notes": notes, "people": people}
    found = session.execute(_GLANCE, values).one()
    open_deals, open_tickets, last_notes, known = (rows or [] for rows in found)
    return Glance(
        [_deal(row) for row in open_deals],
        [OpenTicket(**row) for row in open_tickets],
        [LastNote(row["text"], datetime.fromisoformat(row["at"]), row["created_by"]) for row in last_notes],
        [KnownPerson(**row) for row in known],
    )


def _deal(row: dict[str, Any]) -> OpenDeal:
    amount, close_on = row["amount_minor"], row["close_on"]
    return OpenDeal(
        row["id"],
        row["name"],
        row["stage"],
        None if amount is None else Money(amount, row["currency"]),
        None if close_on is None else date.fromisoformat(close_on),
    )
