"""Show that imports make, change, leave alone and refuse what they should, once, whatever happens meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select, update

from storage.crm import contacts, customers, notes
from storage.crm.contacts import Contact
from storage.crm.customers import Customer
from storage.errors import Conflict, Invalid
from storage.money import Money
from storage.records import lifecycle, schema
from storage.records.history import ChangeSet, recording
from storage.records.schema import field_definitions
from storage.transfer import running, tables
from storage.transfer.lookup import Links
from storage.transfer.mapping import Matches
from storage.transfer.model import ExternalId
from storage.transfer.reading import ID_LIMIT
from storage.workspace.members import Member
from tests.support.tables import Desk

COMPANIES = """Company,Website,Tier,Owner
Acme Corp,https://www.acme.com/about,Gold,rep@ours.example
Globex,globex.com,,Rep
Initech,,silver,Somebody Who Left
"""
PEOPLE = """First name,Last name,E-mail,Company,Job title,Phone
Jane,Doe,jane@acme.com,ACME CORP,CFO,+1 555 0100
Wei,Zhang,wei@initech.com,Initech GmbH,,
Max,Muster,max@new.example,Neue Firma,CEO,
"""


def every(desk: Desk, model: type[Any], *columns: Any) -> list[Any]:
    with desk.database.transaction(desk.workspace) as session:
        return [tuple(row) for row in session.execute(select(*columns).select_from(model).order_by(model.id))]


def count(desk: Desk, model: type[Any]) -> int:
    with desk.database.transaction(desk.workspace) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_companies_come_in_with_their_fields_read_by_type(desk: Desk) -> None:
    with desk.database.transaction(desk.workspace) as session:
        session.execute(update(Member).where(Member.id == "UREP").values(email="Rep@ours.example"))
    path = desk.write(COMPANIES, "companies.csv")
    assert desk.rehearse(path) == {"added": 3}
    run = desk.bring_in(path)
    assert running.as_numbers(run.counts) == {"added": 3}
    assert every(desk, Customer, Customer.name, Customer.domain, Customer.tier, Customer.owner_id) == [
        ("Acme Corp", "acme.com", "gold", "UREP"),
        ("Globex", "globex.com", None, "UREP"),
        ("Initech", None, "silver", None),
    ]
    with desk.database.transaction(desk.workspace) as session:
        initech = customers.resolve(session, "initech")
        assert [note.text for note in notes.about(session, initech)] == ["Owner: Somebody Who Left"]


def test_people_are_linked_to_companies_as_they_are_called_and_missing_ones_are_added(desk: Desk) -> None:
    desk.bring_in(desk.write(COMPANIES, "companies.csv"))
    path = desk.write(PEOPLE, "people.csv")
    assert desk.rehearse(path) == {"added": 3, "along": 1}
    run = desk.bring_in(path)
    assert running.as_numbers(run.counts) == {"added": 3, "along": 1}
    assert every(desk, Contact, Contact.name, Contact.email, Contact.job_title, Contact.customer_id) == [
        ("Jane Doe", "jane@acme.com", "CFO", 1),
        ("Wei Zhang", "wei@initech.com", None, 3),
        ("Max Muster", "max@new.example", "CEO", 4),
    ]
    assert count(desk, Customer) == 4


def test_a_company_is_linked_by_its_name_without_the_address_of_its_page(desk: Desk) -> None:
    desk.bring_in(desk.write("Name,Company\nJane,Acme (https://www.notion.so/Acme-1f2e)\nBo,Acme (UK)\n", "people.csv"))
    assert every(desk, Customer, Customer.name) == [("Acme",), ("Acme (UK)",)]


def test_the_same_file_again_changes_nothing(desk: Desk) -> None:
    for name, text in (("companies.csv", COMPANIES), ("people.csv", PEOPLE)):
        path = desk.write(text, name)
        desk.bring_in(path)
        again = desk.bring_in(path)
        assert running.as_numbers(again.counts) == {"same": 3}
        assert again.change_set_id is None


@pytest.mark.parametrize(
    ("matches", "tier", "domain"),
    [(Matches.CHANGE, "platinum", "acme.com"), (Matches.FILL, "gold", "acme.com"), (Matches.SKIP, "gold", None)],
)
def test_what_happens_with_what_is_there_is_a_choice(
    desk: Desk, matches: Matches, tier: str, domain: str | None
) -> None:
    desk.bring_in(desk.write("Company,Tier\nAcme Ltd,gold\n"))
    desk.bring_in(desk.write("Company,Tier,Website\nACME,platinum,acme.com\n"), matches=matches)
    assert every(desk, Customer, Customer.name, Customer.tier, Customer.domain) == [
        ("ACME" if matches == Matches.CHANGE else "Acme Ltd", tier, domain)
    ]


def test_a_name_alone_is_not_the_same_where_the_domain_or_the_company_differs(desk: Desk) -> None:
    desk.bring_in(desk.write("Company,Website\nAcme,acme.com\nAcme,acme.de\n"))
    assert count(desk, Customer) == 2
    desk.bring_in(desk.write("Name,Company,Email\nJane Doe,Globex,\nJane Doe,Initech,\n", "contacts.csv"))
    assert count(desk, Contact) == 2


def test_one_free_mail_provider_is_no_company(desk: Desk) -> None:
    desk.bring_in(desk.write("Company,Website\nBakery Miller,gmail.com\nFlorist Rose,gmail.com\n"))
    assert count(desk, Customer) == 2


def test_a_number_from_elsewhere_says_that_it_is_the_same_whatever_it_is_called_now(desk: Desk) -> None:
    desk.bring_in(desk.write("Id,Company,Website\n17,Acme,acme.com\n18,Acme,acme.com\n"))
    assert count(desk, Customer) == 2
    run = desk.bring_in(desk.write("Id,Company,Website\n17,Acme Holding,acme.example\n19,Acme,\n"))
    assert running.as_numbers(run.counts) == {"added": 1, "changed": 1}
    assert every(desk, Customer, Customer.name, Customer.domain) == [
        ("Acme Holding", "acme.example"),
        ("Acme", "acme.com"),
        ("Acme", None),
    ]


def test_rows_of_one_file_that_are_the_same_record_make_one(desk: Desk) -> None:
    path = desk.write("Company,Tier\nAcme,gold\nGlobex,\nacme,silver\nACME Inc.,\n")
    assert desk.rehearse(path) == {"added": 2, "again": 2}
    for size in (1, 500):
        run = desk.bring_in(path, size=size)
        assert sum(run.counts.values()) == 4
    assert count(desk, Customer) == 2


def test_a_row_that_may_be_several_is_refused_and_named(desk: Desk) -> None:
    desk.bring_in(desk.write("Id,Company\n1,Acme\n2,Acme\n"))
    run = desk.bring_in(desk.write("Company,Tier\nAcme,gold\n"))
    assert desk.refused(run.id) == {
        2: "This may be C-1 or C-2. Merge them, or give the row the number or address of the one that is meant."
    }


def test_refused_rows_say_which_column_and_why_and_keep_no_other_row(desk: Desk) -> None:
    rows = "Company,Website,Tier\nAcme,acme.com,gold\n,x.com,\nGlobex,not a domain,\nInitech,,gold,shifted\n"
    path = desk.write(rows)
    assert desk.rehearse(path) == {"added": 2, "refused": 2}
    run = desk.bring_in(path)
    assert desk.refused(run.id) == {
        4: "Website: This does not look like a domain: not a domain",
        5: "The row has more cells than there are columns.",
    }
    assert every(desk, Customer, Customer.name) == [("Acme",), ("x.com",)]


def test_what_only_the_database_refuses_is_refused_alone(desk: Desk) -> None:
    path = desk.write("Name,Slack,Email\nA,UREP,a@x.example\nB,UREP,b@x.example\nC,,c@x.example\n", "contacts.csv")
    how = desk.understood(path).with_column(1, to="slack")
    run = desk.bring_in(path, how)
    assert running.as_numbers(run.counts) == {"added": 2, "refused": 1}
    assert list(desk.refused(run.id)) == [3]


def test_a_company_that_was_merged_is_changed_where_it_went(desk: Desk) -> None:
    desk.bring_in(desk.write("Id,Company\n1,Acme\n2,Acme Holding\n"))
    with desk.database.transaction(desk.workspace) as session, recording(session, actor_id="UREP", source="slash"):
        gone, kept = customers.get(session, 1), customers.get(session, 2)
        lifecycle.merge(session, customers.CUSTOMER, gone, kept)
    desk.bring_in(desk.write("Id,Company,Tier\n1,Acme Group,gold\n"))
    with desk.database.transaction(desk.workspace) as session:
        assert (customers.get(session, 2).name, customers.get(session, 2).tier) == ("Acme Group", "gold")


@pytest.mark.parametrize("size", [1, 2, 500])
def test_an_import_is_one_change_that_is_taken_back_whole(desk: Desk, size: int) -> None:
    desk.bring_in(desk.write("Company,Tier\nAcme Corp,bronze\n"))
    companies, people = desk.write(COMPANIES, "companies.csv"), desk.write(PEOPLE, "people.csv")
    first = desk.bring_in(companies, size=size)
    second = desk.bring_in(people, size=size)
    assert desk.undo(second.id, size) == []
    assert count(desk, Contact) == 0
    assert count(desk, Customer) == 3
    assert desk.undo(first.id, size) == []
    assert every(desk, Customer, Customer.name, Customer.tier, Customer.domain) == [("Acme Corp", "bronze", None)]
    with desk.database.transaction(desk.workspace) as session:
        sets = select(ChangeSet.summary, ChangeSet.undoes_id).order_by(ChangeSet.id)
        assert [bool(undoes) for _, undoes in session.execute(sets)] == [False, False, False, True, True]
    with pytest.raises(Conflict, match="undone"):
        desk.undo(first.id)


def test_what_somebody_has_changed_since_stays(desk: Desk) -> None:
    run = desk.bring_in(desk.write(COMPANIES, "companies.csv"))
    with desk.database.transaction(desk.workspace) as session, recording(session, actor_id="UREP", source="slash"):
        lifecycle.change(session, customers.CUSTOMER, customers.get(session, 2), {"tier": "gold"})
        contacts.add(session, name="Wei", customer_id=3)
    kept = desk.undo(run.id)
    assert kept == [
        "Initech cannot be removed, because Wei refers to it.",
        "Globex was changed by Rep since, so it cannot be undone.",
    ]
    assert every(desk, Customer, Customer.name) == [("Globex",), ("Initech",)]


def test_what_was_taken_back_comes_in_again(desk: Desk) -> None:
    path = desk.write("Id,Company\n1,Acme\n")
    desk.undo(desk.bring_in(path).id)
    assert running.as_numbers(desk.bring_in(path).counts) == {"added": 1}


class Died(Exception):
    """The process ended here."""


@pytest.mark.parametrize("killed_after", range(0, 40, 2))
def test_an_import_that_dies_anywhere_goes_on_with_nothing_lost_and_nothing_twice(
    desk: Desk, killed_after: int
) -> None:
    lines = [f"{n},Company {n},c{n}.example,Contact of {n % 7}" for n in range(40)]
    path = desk.write("Id,Company,Website,Note\n" + "\n".join(lines) + "\n")
    how = desk.understood(path)
    number = desk.begin(path, how)
    links = Links(how.source, desk.declarations)
    with pytest.raises(Died):
        for done, rows in enumerate(running.batches(tables.open_table(path).rows(), 2)):
            with desk.database.transaction(desk.workspace) as session:
                running.run_batch(session, number, links, rows)
                if done * 2 == killed_after:
                    raise Died
    run = desk.go_on(number, path, how, size=7)
    assert running.as_numbers(run.counts) == {"added": 40}
    assert every(desk, Customer, Customer.name) == [(f"Company {n}",) for n in range(40)]
    assert count(desk, ExternalId) == 40
    assert desk.undo(number, 9) == []
    assert count(desk, Customer) == 0


def test_a_stopped_import_does_nothing_more_until_it_is_begun_again(desk: Desk) -> None:
    path = desk.write(COMPANIES, "companies.csv")
    number = desk.begin(path)
    how = desk.understood(path)
    rows = list(tables.open_table(path).rows())
    with desk.database.transaction(desk.workspace) as session:
        running.run_batch(session, number, Links(how.source, desk.declarations), rows[:1])
    with desk.database.transaction(desk.workspace) as session:
        running.stop(session, number)
    assert desk.go_on(number, path).state == "stopped"
    assert count(desk, Customer) == 1
    with desk.database.transaction(desk.workspace) as session:
        running.begin(session, number)
    assert desk.go_on(number, path).state == "done"
    assert count(desk, Customer) == 3


def test_a_half_done_import_can_be_taken_back(desk: Desk) -> None:
    path = desk.write(COMPANIES, "companies.csv")
    number, how = desk.begin(path), desk.understood(path)
    with desk.database.transaction(desk.workspace) as session:
        running.run_batch(
            session, number, Links(how.source, desk.declarations), list(tables.open_table(path).rows())[:2]
        )
    with pytest.raises(Conflict, match="running"):
        desk.undo(number)
    with desk.database.transaction(desk.workspace) as session:
        running.stop(session, number)
    assert desk.undo(number) == []
    assert count(desk, Customer) == 0


def test_another_workspace_sees_nothing_of_it(desk: Desk, second_workspace: str) -> None:
    run = desk.bring_in(desk.write("Company\nAcme\n"))
    other = Desk(desk.database, second_workspace, desk.folder)
    assert count(other, Customer) == 0
    with pytest.raises(Exception, match="There is no import"):
        other.undo(run.id)


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "Fax,Colour\n1,2\n"])
def test_a_file_in_which_nothing_is_a_name_is_refused_with_its_columns(desk: Desk, text: str) -> None:
    with pytest.raises(Invalid, match="which column"):
        desk.understood(desk.write(text))


def test_a_field_of_the_workspaces_own_comes_in_by_its_name(desk: Desk) -> None:
    with desk.database.transaction(desk.workspace) as session, recording(session, actor_id="UADMIN", source="slash"):
        field_definitions.define(session, customers.CUSTOMER, name="Budget", type="money")
    path = desk.write('Company,Budget\nAcme,"1.200,50 €"\n', "companies.csv")
    desk.bring_in(path)
    with desk.database.transaction(desk.workspace) as session:
        budget = schema.extended(session, customers.CUSTOMER).field("budget")
        assert budget.of(customers.get(session, 1)) == Money(120050, "EUR")
    assert running.as_numbers(desk.bring_in(path).counts) == {"same": 1}


def test_a_row_with_what_cannot_be_stored_keeps_no_other_row(desk: Desk) -> None:
    table = "Company,Website,Owner,External ID,Colour\nAc\0me,,,1,\nFine,,,2,r\0d\nNone,,So\0me,3,\nId,,,4\0,\n"
    path = desk.write(table)
    assert desk.rehearse(path) == {"added": 1, "refused": 3}
    run = desk.bring_in(path)
    assert set(desk.refused(run.id).values()) == {"The row has a character that cannot be stored."}


def test_ids_too_long_to_keep_are_not_taken_for_one(desk: Desk) -> None:
    begun = "x" * ID_LIMIT
    path = desk.write(f"Company,External ID\nA,{begun}\nB,{begun}1\nC,{begun}2\n", "companies.csv")
    assert desk.rehearse(path) == {"added": 1, "refused": 2}
    assert "300 characters; this one has 301" in desk.refused(desk.bring_in(path).id)[3]


def test_numbers_that_a_spreadsheet_has_cut_are_not_taken_for_one(desk: Desk) -> None:
    table = 'Name,Phone,External ID\nA,1.23457E+17,1\nB,+1,1.23457E+17\nC,+1,"1,23457E+17"\nD,+1,12E\n'
    path = desk.write(table, "contacts.csv")
    assert desk.rehearse(path) == {"added": 1, "refused": 3}
    run = desk.bring_in(path)
    assert "only the first digits" in desk.refused(run.id)[2]
