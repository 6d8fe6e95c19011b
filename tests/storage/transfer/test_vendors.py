"""Show that what other programs export comes in whole, as somebody new would bring it in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select, update

from storage.crm.contacts import Contact
from storage.crm.customers import Customer
from storage.transfer import running
from storage.transfer.model import ExternalId
from storage.workspace.members import Member
from tests.support import vendors
from tests.support.tables import Desk
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


def test_an_address_book_brings_people_their_companies_and_nobody_twice(desk: Desk) -> None:
    path = desk.write(vendors.address_book(), "contacts.tsv")
    done = running.as_numbers(desk.bring_in(path).counts)
    assert (done["added"], done["same"], "refused" in done) == (300, 10, False)
    assert running.as_numbers(desk.bring_in(path).counts) == {"same": 310}
