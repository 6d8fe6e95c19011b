"""Fill a new demo with the data of a company that has used Rapport for two months."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files
from inspect import signature
from typing import Any

from sqlalchemy.orm import Session

from bot.demo import people
from bot.demo.people import AGENT, MANAGER, REP, SECOND_REP, WORKSPACE
from bot.plugin import Plugin
from storage.crm import customers, deals, followups, notes, pipelines
from storage.crm.customers import Customer
from storage.database.engine import Database
from storage.digests import schedules
from storage.money import Money
from storage.records import history
from storage.support import channels, tickets
from storage.workspace import members, workspaces
from storage.workspace.members import Role

ZONE = "Europe/Berlin"
DEALS = 60
SINCE = timedelta(days=2)
PLACES: Mapping[str, str] = {
    "agent": people.AGENT,
    "support": people.SUPPORT,
    "customer": people.CARLA,
    "shared": people.HARBOR,
    "manager": people.MANAGER,
    "sales": people.SALES,
}


def fill(database: Database, now: datetime | None = None, plugins: Iterable[Plugin] = ()) -> bool:
    """Store the sample data, with that of plugins, in one transaction; return False if it is there already."""
    today = now or datetime.now(UTC)
    with database.transaction(WORKSPACE) as session:
        if workspaces.get(session, WORKSPACE) is not None:
            return False
        company = json.loads((files("bot.demo") / "company.json").read_text(encoding="utf-8"))
        chance = random.Random(7)  # the same company every time
        workspaces.ensure(session, name="Brightside", zone=ZONE, locale="en-US", currency="EUR")
        with history.recording(session, actor_id=None, source="demo", at=today - SINCE):
            _people(session)
            _channels(session)
        # Two days ago, so that a first `/crm undo` takes back what was done in the demo and not the demo.
        with history.recording(session, actor_id=REP, source="demo", at=today - SINCE):
            found = [_customer(session, given, number) for number, given in enumerate(company["customers"])]
            channels.link(session, people.HARBOR, found[0].id)
            channels.link(session, people.LANTERN, found[1].id)
            _deals(session, company, found, chance, today)
            _promises(session, company, found, today)
        with history.recording(session, actor_id=AGENT, source="demo", at=today - SINCE):
            _tickets(session, company, found, chance, today)
        for plugin in plugins:
            with history.recording(session, actor_id=REP, source="demo", at=today - SINCE):
                _of_plugin(session, plugin, today)
    return True


def _of_plugin(session: Session, plugin: Plugin, now: datetime) -> None:
    given = {"session": session, "workspace": workspaces.get(session, WORKSPACE), "now": now}
    for function in plugin.samples:
        function(**{name: given[name] for name in signature(function).parameters})


def live() -> list[tuple[str, str, str]]:
    """Return what customers write once the bot is there, so that support has something to look at.

    Each is a channel, an author and a text.
    """
    company = json.loads((files("bot.demo") / "company.json").read_text(encoding="utf-8"))
    return [(channel, author, text) for channel, author, text in company["live"]]


def _people(session: Session) -> None:
    roles = {REP: Role.REP, SECOND_REP: Role.REP, AGENT: Role.AGENT, MANAGER: Role.MANAGER}
    for person in people.OURS:
        profile = {**person, "team_id": WORKSPACE, "locale": "en-US", "profile": {"real_name": person["real_name"]}}
        known = members.ensure(session, person["id"], profile)
        if person["id"] in roles:
            members.set_roles(session, known, [roles[person["id"]]])
    boss = members.get(session, MANAGER)
    for user_id in (REP, SECOND_REP, AGENT):
        member = members.get(session, user_id)
        assert member is not None
        members.set_manager(session, member, boss)


def _customer(session: Session, given: Mapping[str, str], number: int) -> Customer:
    owner = SECOND_REP if number % 3 == 2 else REP
    return customers.add(session, **given, owner_id=owner)


def _channels(session: Session) -> None:
    names = {people.HARBOR: "ext-harbor", people.LANTERN: "ext-lantern", people.HELP: "help", people.SUPPORT: "support"}
    for channel_id, name in names.items():
        channels.seen(session, channel_id, name=name)
    channels.make_inbox(session, people.HELP)
    channels.set_triage(session, people.SUPPORT)


def _deals(
    session: Session, company: Mapping[str, Any], found: list[Customer], chance: random.Random, today: datetime
) -> None:
    stages = [s.name for s in pipelines.stages(session) if s.outcome == pipelines.Outcome.OPEN]
    for number in range(DEALS):
        customer = found[number % len(found)]
        title, amount = company["offers"][(number * 5 + number // len(found)) % len(company["offers"])]
        begun = today - timedelta(days=chance.randint(2, 58), hours=chance.randint(0, 9))
        deal = deals.add(
            session,
            name=title.format(customer.name),
            amount=Money(int(amount * chance.uniform(0.6, 1.8)) // 50 * 50 * 100, "EUR"),
            customer_id=customer.id,
            close_on=_workday(today.date() + timedelta(days=chance.randint(2, 70))),
            owner_id=customer.owner_id,
        )
        ended = None
        if number % 5 == 4:
            deals.win(session, deal)
        elif number % 7 == 6:
            deals.lose(session, deal, chance.choice(company["lost"]))
        else:
            deals.move(session, deal, chance.choice(stages))
        if deal.closed_at is not None:
            ended = min(today - timedelta(hours=2), begun + timedelta(days=chance.randint(1, 40)))
            deal.closed_at = ended
        deal.created_at = begun
        deal.touched_at = ended or min(today, begun + timedelta(days=chance.randint(0, 40)))
        session.flush()


def _workday(day: date) -> date:
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)


def _tickets(
    session: Session, company: Mapping[str, Any], found: list[Customer], chance: random.Random, today: datetime
) -> None:
    for number, given in enumerate(company["tickets"]):
        opened = today - timedelta(days=chance.uniform(0.1, 21))
        ticket = tickets.add(
            session,
            name=given["subject"],
            customer_id=found[(number * 7) % len(found)].id,
            priority=given["priority"],
            category=given["category"],
        )
        ticket.created_at = opened
        if number % 6:
            tickets.assign(session, ticket, AGENT if number % 4 else SECOND_REP)
            answered = opened + timedelta(minutes=chance.randint(4, 300))
            tickets.responded(session, ticket, min(answered, today))
        if number % 3:
            tickets.set_status(session, ticket, "resolved")
            ticket.resolved_at = min(today, opened + timedelta(hours=chance.uniform(1, 70)))
        elif number % 2:
            tickets.set_status(session, ticket, "waiting")
        session.flush()


def _promises(session: Session, company: Mapping[str, Any], found: list[Customer], today: datetime) -> None:
    for number, text in enumerate(company["notes"]):
        notes.add(session, found[number], text, at=today - SINCE)
    texts = ["Send the proposal", "Call back about pricing", "Ask legal for the contract", "Invite them to the webinar"]
    for number, text in enumerate(texts):
        due_at = datetime.combine(today.date() + timedelta(days=1 + number), time(8, 0), tzinfo=UTC)
        followups.add(session, text=text, due_at=due_at, zone=ZONE, owner_id=REP, about=found[number])
    schedules.add(
        session,
        name="Monday morning",
        at_time=time(9, 0),
        zone=ZONE,
        owner_id=MANAGER,
        frequency="weekly",
        target_user=MANAGER,
    )
