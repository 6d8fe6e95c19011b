"""Contacts as people meet them: all but one command of theirs is derived from the noun."""

from __future__ import annotations

import pytest

from sandbox.control.client import Person
from tests.support.company import Company
from tests.support.waiting import until


@pytest.fixture
def acme(rep: Person) -> Person:
    rep.types("/customer add Acme domain:acme.com")
    return rep


def test_a_person_is_added_to_a_customer_in_one_line(acme: Person) -> None:
    added = acme.types("/customer contact acme Jane Doe jane@acme.com role:CFO").text
    assert all(part in added for part in ("Added.", "Jane Doe", "P-1", "jane@acme.com", "CFO", "Acme  C-1"))
    shown = acme.types("/customer show acme").text
    assert "P-1 Jane Doe · CFO" in shown


def test_an_address_a_number_and_a_mention_are_told_from_the_name(acme: Person) -> None:
    added = acme.types("/crm contact add Jan, +49 (89) 1234-56 jan@acme.com customer:acme").text
    assert all(part in added for part in ("*Jan*", "+49 (89) 1234-56", "jan@acme.com", "Acme  C-1"))
    added = acme.types("/customer contact acme @agent").text
    assert "UAAGENT" in added or "Agent" in added


def test_a_contact_is_found_shown_listed_and_noted_on(acme: Person) -> None:
    acme.types("/customer contact acme Jane Doe jane@acme.com role:CFO")
    acme.types("/crm contact add Zoë Müller email:zoe@globex.example")
    assert "Jane Doe" in acme.types("/crm contact find jnae").text
    acme.clicks("Show")
    acme.sees("CFO")
    assert "CFO" in acme.types("/crm contact show jane@acme.com").text
    assert "Zoë Müller" in acme.types("/crm contact show zoe muller").text
    assert "Noted on" in acme.types("/crm contact note P-1 likes short calls").text
    assert "likes short calls" in acme.types("/crm contact show P-1").text
    listed = acme.types("/crm contact list").text
    assert "Jane Doe" in listed and "Zoë Müller" in listed
    filtered = acme.types("/crm contact list customer:acme").text
    assert "Jane Doe" in filtered and "Zoë" not in filtered
    assert "There is no salary" in acme.types("/crm contact list salary>10").text
    assert "Jane Doe" in acme.types("/crm find jane").text
    acme.clicks("Show")
    acme.sees("likes short calls")


def test_a_list_is_turned_page_by_page(acme: Person) -> None:
    for number in range(12):
        acme.types(f"/crm contact add Person {number:02}")
    first = acme.types("/crm contact list").text
    assert "Person 09" in first and "Person 10" not in first
    acme.clicks("More")
    acme.sees("Person 11")
    acme.clicks("Back")
    acme.sees("Person 00")


def test_fields_are_changed_by_words_and_in_a_form(acme: Person) -> None:
    acme.types("/customer contact acme Jane Doe jane@acme.com role:CFO")
    changed = acme.types("/crm contact edit Jane Doe role:CEO phone:+1-555-0100").text
    assert "Saved." in changed and "CEO" in changed and "+1-555-0100" in changed
    assert "CEO" not in acme.types("/crm contact edit P-1 role:none").text
    assert "Jane Roe" in acme.types('/crm contact edit P-1 name:"Jane Roe"').text
    assert "does not look like an e-mail" in acme.types("/crm contact edit P-1 email:nothing").text
    acme.types("/crm contact edit P-1")
    acme.clicks("Edit")
    assert "e-mail address" in acme.submits({"E-mail": "nonsense"}).errors["email"]
    acme.submits({"E-mail": "roe@acme.com", "Role": "Head of Sales"})
    acme.sees("Head of Sales")
    acme.types("/crm undo")
    assert "jane@acme.com" in acme.types("/crm contact show P-1").text


def test_a_likely_twin_is_asked_about_first(acme: Person) -> None:
    acme.types("/customer contact acme Jane Doe jane@acme.com")
    asked = acme.types("/crm contact add J. Doe jane@ACME.com role:CFO").text
    assert "nothing has been added yet" in asked and "P-1" in asked
    acme.clicks("Add anyway")
    acme.sees("P-2")
    assert "CFO" in acme.types("/crm contact show P-2").text
    acme.types("/customer show acme")
    acme.clicks("New contact")
    acme.submits(Name="Jane Doe")
    acme.sees("nothing has been added yet")
    acme.submits()
    acme.sees("P-3")
    assert "Acme" in acme.types("/crm contact show P-3").text


def test_somebody_in_slack_is_one_contact(acme: Person) -> None:
    acme.types("/customer contact acme Anton slack:@agent")
    assert "nothing has been added yet" in acme.types("/crm contact add Tony slack:@agent").text
    acme.clicks("Add anyway")
    acme.sees("P-1 Anton has this already. Change that one, or merge the two.")
    acme.types("/crm contact add Tony")
    assert "P-1 Anton has this already" in acme.types("/crm contact edit P-2 slack:@agent").text
    assert "Saved" in acme.types("/crm contact edit P-1 slack:@agent role:CFO").text


def test_what_is_archived_is_out_of_lists_and_comes_back(acme: Person) -> None:
    acme.types("/customer contact acme Jane Doe")
    assert "is archived" in acme.types("/crm contact archive jane doe").text
    assert "already" in acme.types("/crm contact archive P-1").text
    assert "No contacts yet" in acme.types("/crm contact list").text
    assert "Nothing has a name like" in acme.types("/crm find jane").text
    assert "Jane" not in acme.types("/customer show acme").text
    assert "Archived" in acme.types("/crm contact show P-1").text
    assert "is back" in acme.types("/crm contact restore P-1").text
    assert "Jane Doe" in acme.types("/crm contact list").text
    acme.types("/crm contact archive P-1")
    assert "Jane" in acme.types("/crm undo").text
    assert "Jane Doe" in acme.types("/crm contact list").text


def test_two_contacts_become_one_and_are_taken_apart_again(acme: Person) -> None:
    acme.types("/customer contact acme Jane Doe jane@acme.com")
    acme.types("/crm contact add Janie role:CFO")
    acme.types("/crm contact note P-2 met in Berlin")
    merged = acme.types("/crm contact merge P-2 into P-1").text
    assert all(part in merged for part in ("is part of this one now", "Jane Doe", "CFO", "met in Berlin"))
    assert "Jane Doe" in acme.types("/crm contact show P-2").text
    assert "Into which contact?" in acme.types("/crm contact merge P-2").text
    assert "cannot be merged into itself" in acme.types("/crm contact merge P-1 into:P-2").text
    assert "Janie" not in acme.types("/crm contact list").text
    acme.types("/crm undo")
    assert "met in Berlin" in acme.types("/crm contact show P-2").text
    assert "CFO" not in acme.types("/crm contact show P-1").text


def test_a_contact_is_made_of_who_wrote_a_message(company: Company) -> None:
    said = company.agent.posts("Hello from Acme", channel="CGENERAL")
    company.rep.shortcut("contacts.author", message=said.ts, channel="CGENERAL")
    assert company.rep.submits(Role="Consultant").ok
    assert "Consultant" in company.rep.types("/crm contact show P-1").text
    company.rep.shortcut("contacts.author", message=said.ts, channel="CGENERAL")
    until(lambda: "is a contact already" in str(company.rep.modal))


def test_only_who_may_change_contacts_changes_them(company: Company) -> None:
    company.rep.types("/crm contact add Jane Doe")
    company.gives("agent", "viewer")
    viewer = company.agent
    assert "Jane Doe" in viewer.types("/crm contact show P-1").text
    assert "needs the role rep" in viewer.types("/crm contact archive P-1").text
    viewer.types("/crm contact show P-1")
    viewer.clicks("Edit")
    until(lambda: "needs the role rep" in str(viewer.modal))


def test_who_was_overtaken_hears_by_whom(company: Company) -> None:
    company.rep.types("/crm contact add Jane Doe")
    company.rep.clicks("Edit")
    company.admin.types("/crm contact edit P-1 role:CFO")
    company.rep.submits(Name="Jane Roe")
    company.rep.sees("Saved, beside what Ada Admin has changed meanwhile.")
    shown = company.rep.types("/crm contact show P-1").text
    assert "Jane Roe" in shown and "CFO" in shown
