"""Digests of records for which filters hold, by a team's own fields too."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from sandbox.control.client import Person
from storage.crm import deals, followups
from storage.crm.customers import CUSTOMER
from storage.crm.deals import DEAL
from storage.digests import schedules
from storage.queues.due import Due
from storage.queues.outbox import Delivery
from storage.records.schema import field_definitions
from storage.workspace.members import Role
from tests.support.company import Company

FILTERS = "Only what these filters find"


def plain(text: str) -> str:
    return text.replace("*", "").replace("_", "").replace("\u00a0", " ")


@pytest.fixture
def regions(company: Company, manager: Person) -> Company:
    """Give the company a region of customers, a source of deals, and records with and without them."""
    with company.database.transaction(company.workspace) as session:
        field_definitions.define(session, CUSTOMER, name="Region", type="choice", choices=["EMEA", "APAC"])
        field_definitions.define(session, CUSTOMER, name="Margin", type="number", seen_by=[Role.MANAGER])
        field_definitions.define(session, DEAL, name="Source", type="text")
    for line in (
        "/customer add Nearby region:EMEA", "/customer add Distant region:APAC",
        "/deal add Small amount:5k customer:Nearby source:web", "/deal add Big amount:70k customer:Distant",
        "/ticket add Broken customer:Nearby", "/ticket add Slow customer:Distant", "/ticket add Nobody's",
    ):  # fmt: skip
        company.rep.types(line)
    manager.types("/customer edit C-1 margin:40")
    with company.database.transaction(company.workspace) as session:
        for number in (1, 2):
            due_at, about = datetime.now(UTC) - timedelta(days=1), deals.get(session, number)
            followups.add(
                session, text="Call", due_at=due_at, zone="UTC", owner_id=str(about.owner_id), about=about, late=False
            )
    return company


def comes_due(company: Company) -> None:
    with company.database.transaction(company.workspace) as session:
        session.execute(update(Due).where(Due.subject == "G-1").values(at=func.now()))
    company.bot.clock.materialise()


def seen_by(company: Company, roles: Collection[Role]) -> None:
    with company.database.transaction(company.workspace) as session:
        field_definitions.change(
            session, field_definitions.called(session, CUSTOMER, "margin"), CUSTOMER, seen_by=roles
        )


def test_a_digest_counts_what_filters_find(regions: Company, manager: Person) -> None:
    shown = plain(manager.types("/digest now region:emea").text)
    assert all(part in shown for part in ("Only region:emea", "Lead  1  $5,000", "Backlog  1", "Tickets opened\n1"))
    assert "70,000" not in shown
    manager.selects("Behind the numbers…", "F1 Open deals")
    explained = plain(manager.sees("F1 Open deals: 1"))
    assert "D-1 Small" in explained
    assert "Only region:emea" in explained
    assert "D-2 Big" in plain(manager.types("/digest explain open region:apac").text)
    assert "Follow-ups overdue: 1" in plain(manager.types("/digest explain overdue region:emea").text)
    assert "T-1 Broken" in plain(manager.types("/digest explain backlog region:emea").text)
    # Two of them hold together.
    assert "Open deals: 0" in plain(manager.types("/digest explain open region:apac source:web").text)


def test_what_the_filters_say_nothing_of_is_left_out(regions: Company, manager: Person) -> None:
    shown = plain(manager.types("/digest now source:web").text)
    assert "Support is left out: Tickets have no source, nor have their customers." in shown
    assert "Lead  1  $5,000" in shown
    assert "Backlog" not in shown
    listed = plain(manager.types("/digest explain open source:web").text)
    assert "All of them: `/deal list source:web`" in listed
    assert "Small  D-1" in plain(manager.types("/deal list source:web").text)
    assert "has no source" in manager.types("/digest explain backlog source:web").text
    for word in ("quarter", "this Quarter"):
        assert "against the period before (3 months)" in plain(manager.types(f"/digest now {word}").text), word
    assert "There is no planet" in manager.types("/digest now planet:mars").text
    assert "mars" in manager.types("/digest now region:mars").text
    assert "A key stands for what was counted." in manager.types("/digest explain F1 region:emea").text


def test_a_scheduled_digest_has_filters_and_says_when_they_mean_nothing(regions: Company, manager: Person) -> None:
    manager.types("/digest new")
    refused = manager.submits({FILTERS: "source:web"})
    assert "Support cannot be counted by these filters" in str(refused)
    manager.submits({FILTERS: "region:emea"})
    manager.sees("Only region:emea")
    comes_due(regions)
    assert "$5,000" in plain(manager.sees("Only region:emea", channel="@Rapport"))
    manager.types("/digest list")
    manager.clicks("Edit")
    manager.submits({FILTERS: "region:apac"})
    comes_due(regions)
    apac = plain(manager.sees("Only region:apac", channel="@Rapport"))
    assert "70,000" in apac
    # What counted other records is nothing to compare with.
    assert "current totals" not in apac
    with regions.database.transaction(regions.workspace) as session:
        field_definitions.retire(session, field_definitions.called(session, CUSTOMER, "region"))
    assert "a field that is gone, or that you cannot see" in manager.types("/digest list").text
    comes_due(regions)
    said = plain(manager.sees("Nothing is counted", channel="@Rapport"))
    assert "There is no region" in said
    assert "70,000" not in said


def test_a_digest_tells_nobody_by_what_they_may_not_see(regions: Company, manager: Person) -> None:
    manager.types("/digest new")
    refused = manager.submits({FILTERS: "margin>10", "To a channel": "CSUPPORT"})
    assert "There is no margin" in str(refused)
    manager.submits({FILTERS: "margin>10", "To a channel": ""})
    comes_due(regions)
    assert "$5,000" in plain(manager.sees("Only margin>10", channel="@Rapport"))
    assert "There is no margin" in regions.rep.types("/digest explain open margin>10").text
    seen_by(regions, [Role.ADMIN])
    with regions.database.transaction(regions.workspace) as session:
        schedules.get(session, 1).skip_empty = True
    comes_due(regions)
    said = plain(manager.sees("Nothing is counted", channel="@Rapport"))
    assert "$5,000" not in said
    listed = manager.types("/digest list").text
    assert "margin" not in listed
    # What they cannot see stays as it was where they change something else.
    manager.clicks("Edit")
    manager.submits({"Name": "Another"})
    with regions.database.transaction(regions.workspace) as session:
        assert (schedules.get(session, 1).only, schedules.get(session, 1).name) == ("margin>10", "Another")
        assert session.scalar(select(func.count()).select_from(Delivery).where(Delivery.state == "dead")) == 0
