"""Show that what other programs export comes in whole, as somebody new would bring it in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from storage.crm.contacts import Contact
from storage.crm.customers import Customer
from storage.crm.deals import Deal
from storage.crm.notes import Note
from storage.crm.pipelines import Stage, StageChange
from storage.money import Money
from storage.support.tickets import Ticket
from storage.transfer import running
from storage.transfer.model import ExternalId
from storage.workspace.members import Member
from tests.support import vendor_work, vendors
from tests.support.tables import Desk
from tests.support.vendor_work import Work
from tests.support.vendors import Export


@pytest.mark.parametrize("write", [vendors.hubspot, vendors.salesforce, vendors.pipedrive, vendors.zoho])
def test_companies_and_people_come_in_with_their_links_and_once(desk: Desk, write: Callable[[], Export]) -> None:
    with desk.database.transaction(desk.workspace) as session:
        session.execute(update(Member).where(Member.id == "UREP").values(email="rep@ours.example"))
    export = write()
    companies, people = desk.write(export.companies, "a.csv"), desk.write(export.people, "b.csv")
    assert desk.understood(companies).source == write.__name__
    refused = 0
    for path, count in ((companies, export.n_companies), (people, export.n_people)):
        rehearsed = desk.rehearse(path)
        done = running.as_numbers(desk.bring_in(path).counts)
        assert rehearsed == done
        assert done["added"] == count
        refused += done.get("refused", 0)
    assert refused == export.refused
    with desk.database.transaction(desk.workspace) as session:
        assert session.scalar(select(func.count()).select_from(Customer)) == export.n_companies
        linked = select(func.count()).select_from(Contact).where(Contact.customer_id.is_not(None))
        assert session.scalar(linked) == export.n_people
        owner = select(ExternalId.external_id).where(
            ExternalId.noun == "customer", ExternalId.record_id == Contact.customer_id
        )
        assert session.scalar(owner.limit(1)) is not None
        first = session.scalars(select(Customer).order_by(Customer.id).limit(1)).one()
        assert first.created_at.date() == datetime(2024, 3, 1, tzinfo=UTC).date()
    for path, count in ((companies, export.n_companies), (people, export.n_people)):
        again = running.as_numbers(desk.bring_in(path).counts)
        assert (again["same"], again.get("added")) == (count, None)


@pytest.mark.parametrize(
    "write", [vendor_work.hubspot, vendor_work.salesforce, vendor_work.pipedrive, vendor_work.zoho]
)
def test_thousands_of_deals_and_tickets_come_in_with_their_sums_and_links(
    desk: Desk, write: Callable[[], Work]
) -> None:
    work = write()
    if work.companies:
        desk.bring_in(desk.write(work.companies, "companies.csv"))
    counts = {}
    files = [("deal", work.deals), ("ticket", work.tickets)]
    for at, (noun, content) in enumerate(files if work.tickets else files[:1]):
        path = desk.write(content, f"{noun}s.csv")
        how = desk.understood(path)
        assert (how.source, how.noun) == (write.__name__, noun)
        rehearsed = desk.rehearse(path)
        done = running.as_numbers(desk.bring_in(path).counts)
        assert rehearsed == done
        assert done["refused"] == work.refused[at]
        counts[noun] = done["added"]
    assert sum(counts.values()) == len(work.links)
    assert counts["deal"] == sum(work.stages.values())
    with desk.database.transaction(desk.workspace) as session:
        named = select(Deal.name, Customer.name).join(Customer, Customer.id == Deal.customer_id)
        cases = select(Ticket.name, Customer.name).join(Customer, Customer.id == Ticket.customer_id)
        assert {row[0]: row[1] for row in session.execute(named.union_all(cases))} == work.links
        sums: Counter[str] = Counter()
        stages: Counter[str] = Counter()
        for deal in session.scalars(select(Deal)):
            stages[deal.stage.name] += 1
            if deal.amount is not None:
                sums[deal.amount.currency] += deal.amount.minor
        assert (sums, stages) == (work.sums, work.stages)


TICKETS = """Ticket ID,Ticket name,Ticket status,Priority,Associated Contact IDs,Associated Contact
1,Slow,Waiting on contact,Medium,5,
2,Broken,Waiting on us,Critical,,Nobody Known
3,Odd,Somewhere,,,
"""


def test_tickets_come_with_who_asked_and_with_states_as_they_are_called_here(desk: Desk) -> None:
    desk.bring_in(desk.write("Record ID,First Name,Last Name\n5,Bo,Lind\n", "contacts.csv"))
    path = desk.write(TICKETS, "tickets.csv")
    assert desk.rehearse(path) == {"added": 2, "refused": 1}
    desk.bring_in(path)
    with desk.database.transaction(desk.workspace) as session:
        found = session.scalars(select(Ticket).order_by(Ticket.id)).all()
        assert [(one.status, one.priority, one.contact_id) for one in found] == [
            ("waiting", "normal", 1),
            ("open", "urgent", None),
        ]
        assert [note.text for note in session.scalars(select(Note))] == ["Contact: Nobody Known"]


def test_an_address_book_brings_people_their_companies_and_nobody_twice(desk: Desk) -> None:
    path = desk.write(vendors.address_book(), "contacts.tsv")
    done = running.as_numbers(desk.bring_in(path).counts)
    assert (done["added"], done["same"], "refused" in done) == (300, 10, False)
    assert running.as_numbers(desk.bring_in(path).counts) == {"same": 310}


DEALS = """Record ID,Deal Name,Deal Stage,Amount,Currency,Close Date,Closed,Associated Company,Create Date
1,Pilot,Proposal,"1,200.50",USD,2026-02-13,,Acme,2026-01-05 10:00
2,Renewal,Closed Won,"12,000",EUR,2026-02-14,2026-02-12 09:00,Acme,2026-01-05 10:00
3,Lost cause,Lost,,,2026-03-01,2026-02-20 09:00,Globex,2026-01-05 10:00
4,Odd,Nowhere,5,USD,,,,
5,Plain,,5,USD,,,,
"""


def changes(session: Session, deal: Deal) -> list[tuple[str, date]]:
    """Return the stages that a deal came into, and when."""
    found = session.scalars(select(StageChange).where(StageChange.deal_id == deal.id).order_by(StageChange.id))
    return [(session.get_one(Stage, (deal.workspace_id, one.to_stage_id)).name, one.at.date()) for one in found]


PIPEDRIVE = """Deal - ID,Deal - Title,Deal - Stage,Deal - Status,Deal - Deal closed on,Deal - Lost reason,\
Deal - Expected close date,Deal - Last stage change,Deal - Deal created
1,Fleet,Proposal,Won,2026-02-12 09:00:00,,2026-02-10,,2026-01-05 10:00:00
2,Gone,Proposal,Lost,,Too dear,2026-02-10,,2026-01-05 10:00:00
3,Alive,Proposal,Open,,,2031-02-10,2026-01-20 10:00:00,2026-01-05 10:00:00
""".replace("\\\n", "")


def test_deals_are_won_and_lost_as_they_were_elsewhere_whatever_their_stage(desk: Desk) -> None:
    run = desk.bring_in(desk.write(PIPEDRIVE, "deals.csv"))
    assert running.as_numbers(run.counts) == {"added": 3}
    with desk.database.transaction(desk.workspace) as session:
        fleet, gone, alive = session.scalars(select(Deal).order_by(Deal.id))
        assert [(one.stage.name, one.status, one.lost_reason) for one in (fleet, gone, alive)] == [
            ("Won", "won", None),
            ("Lost", "lost", "Too dear"),
            ("Proposal", "open", None),
        ]
        assert changes(session, fleet) == [("Proposal", date(2026, 1, 5)), ("Won", date(2026, 2, 12))]
        assert changes(session, gone) == [("Proposal", date(2026, 1, 5)), ("Lost", date(2026, 2, 10))]
        assert alive.stage_since.date() == date(2026, 1, 20)


def test_deals_that_are_over_there_by_now_are_over_here_since_the_same_day_and_stay_so(desk: Desk) -> None:
    began = PIPEDRIVE.replace(",Won,2026-02-12 09:00:00,,", ",Open,,,").replace(",Lost,,Too dear,", ",Open,,,")
    desk.bring_in(desk.write(began, "deals.csv"))
    assert {line.split(" | ")[3] for line in desk.told("deal")} == {"Proposal"}
    now = desk.write(PIPEDRIVE, "deals.csv")
    assert desk.rehearse(now) == {"changed": 2, "same": 1}
    run = desk.bring_in(now)
    assert running.as_numbers(run.counts) == {"changed": 2, "same": 1}
    with desk.database.transaction(desk.workspace) as session:
        fleet, gone, _alive = session.scalars(select(Deal).order_by(Deal.id))
        assert (fleet.status, gone.status, gone.lost_reason) == ("won", "lost", "Too dear")
        assert fleet.closed_at is not None
        assert fleet.closed_at.date() == date(2026, 2, 12)
    assert running.as_numbers(desk.bring_in(now).counts) == {"same": 3}
    assert desk.undo(run.id) == []
    assert {line.split(" | ")[3] for line in desk.told("deal")} == {"Proposal"}


def test_deals_come_in_with_stages_amounts_and_the_days_they_were_closed_on(desk: Desk) -> None:
    path = desk.write(DEALS, "deals.csv")
    how = desk.understood(path)
    assert (how.source, how.noun) == ("hubspot", "deal")
    how = how.with_column(6, to="closed")
    assert desk.rehearse(path, how) == {"added": 4, "refused": 1, "along": 2}
    run = desk.bring_in(path, how)
    assert running.as_numbers(run.counts) == {"added": 4, "refused": 1, "along": 2}
    assert desk.refused(run.id)[5].startswith("Deal Stage: ")
    with desk.database.transaction(desk.workspace) as session:
        found = {deal.name: deal for deal in session.scalars(select(Deal))}
        assert {name: (str(deal.stage.name), deal.status) for name, deal in found.items()} == {
            "Pilot": ("Proposal", "open"),
            "Renewal": ("Won", "won"),
            "Lost cause": ("Lost", "lost"),
            "Plain": ("Lead", "open"),
        }
        assert found["Pilot"].amount == Money(120050, "USD")
        assert found["Renewal"].amount == Money(1200000, "EUR")
        closed = found["Renewal"].closed_at
        assert closed is not None
        assert (closed.date(), found["Pilot"].closed_at) == (date(2026, 2, 12), None)
        assert found["Renewal"].created_at.date() == date(2026, 1, 5)
        assert changes(session, found["Renewal"]) == [("Lead", date(2026, 1, 5)), ("Won", date(2026, 2, 12))]
        assert changes(session, found["Pilot"]) == [("Proposal", date(2026, 1, 5))]
    assert running.as_numbers(desk.bring_in(path, how).counts) == {"same": 4, "refused": 1}
    assert desk.undo(run.id) == []
    with desk.database.transaction(desk.workspace) as session:
        assert session.scalar(select(func.count()).select_from(Deal)) == 0
