"""Kinds of records of a team's own, as an admin makes them and everybody uses them at once."""

from __future__ import annotations

import pytest

from sandbox.control.client import Person
from tests.support.company import Company


@pytest.fixture
def contract(admin: Person) -> str:
    return admin.types("/crm noun add Contract letter:K of:customer").text


def test_it_has_all_that_a_declared_noun_has(contract: str, admin: Person, rep: Person) -> None:
    assert "Made *Contracts*" in contract and "/crm contract add" in contract
    admin.types("/crm field add contract Value type:money")
    rep.types("/customer add Acme")
    added = rep.types("/crm contract add Frame agreement customer:acme value:12k").text
    assert not [p for p in ("Added.", "*Frame agreement*  K-1", "Acme  C-1", "12,000") if p not in added], added
    rep.types("/crm contract add Support value:900")
    assert "K-1" in rep.types("/crm contract show frame").text
    assert "Frame agreement" in rep.types("/crm K-1").text
    assert "Frame agreement" in rep.types("/crm show k-1").text
    assert "Frame agreement" in rep.types("/crm find frme").text
    rep.clicks("Show")
    rep.sees("*Frame agreement*  K-1")
    card = rep.types("/customer show acme").text
    assert "*Contracts*\n• K-1 Frame agreement" in card and "K-2" not in card
    listed = rep.types("/crm contract list value>1k sort:-value").text
    assert "Frame" in listed and "Support" not in listed
    assert "Frame" in rep.types("/crm contract list customer:acme").text
    assert "Frame" in rep.types("/crm contract list mine").text
    assert "Noted on" in rep.types("/crm contract note K-1 signed today").text
    assert "signed today" in rep.types("/crm contract show K-1").text
    rep.types("/followup add K-1 when:tomorrow renew it")
    assert "K-1" in rep.types("/followup list").text
    rep.types("/crm contract edit K-1 value:20k")
    history = rep.types("/crm history K-1").text
    assert "Value: $12,000 → $20,000" in history and "Name: Frame agreement" in history
    assert "K-1" in rep.types("/crm undo").text
    assert "12,000" in rep.types("/crm contract show K-1").text
    assert "may be here already" in rep.types("/crm contract add frame  AGREEMENT").text
    assert "is archived" in rep.types("/crm contract archive K-2").text
    assert "is back" in rep.types("/crm contract restore K-2").text
    assert "is part of this one now" in rep.types("/crm contract merge K-2 into K-1").text
    assert "/crm contract add" in rep.types("/crm help contract").text


def test_its_form_opens_by_its_word_and_adds(contract: str, rep: Person) -> None:
    rep.types("/customer add Acme")
    rep.types("/crm contract")
    rep.submits({"Name": "Frame agreement"})
    rep.sees("*Frame agreement*  K-1")
    rep.clicks("Edit")
    rep.submits({"Name": "Frame contract"})
    rep.sees("*Frame contract*  K-1")


def test_somebody_new_is_offered_the_form(contract: str, rep: Person) -> None:
    offered = rep.types("/crm contract").text
    assert "New contract" in offered
    rep.clicks("New contract")
    rep.submits({"Name": "Frame agreement"})
    rep.sees("*Frame agreement*  K-1")


def test_an_admin_makes_and_changes_them_in_forms(admin: Person, rep: Person) -> None:
    assert "None yet." in admin.types("/crm nouns").text
    admin.clicks("New kind of record")
    assert "D is in use" in admin.submits({"Name of one": "Site visit", "Letter": "D"}).errors["letter"]
    admin.submits({"Name of one": "Site visit", "Letter": "V", "Belongs to": "Customer"})
    admin.sees("Made *Site visits*")
    assert "V-1" in rep.types("/crm site_visit add Berlin").text
    admin.types("/crm nouns")
    admin.clicks("Rename")
    admin.submits({"Name of one": "Visit", "Name of several": "Visits"})
    admin.sees("*Visits*")
    admin.types("/crm nouns")
    admin.clicks("Retire")
    admin.sees("are retired")
    assert "I don't know “site_visit" in rep.types("/crm site_visit add Paris").text
    admin.clicks("Bring back")
    admin.sees("It is back.")
    assert "Berlin" in rep.types("/crm V-1").text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("/crm noun add Deal", "deal means something else in commands"),
        ("/crm noun add Help", "help means something else in commands"),
        ("/crm noun add Contract letter:C", "C is in use"),
        ("/crm noun add Contract of:planet", "There are no records called planet"),
        ("/crm noun add Contract role:king", "king is no role"),
        ("/crm noun edit ghost name:X", "no kind of record called ghost"),
        ("/crm noun retire deal", "no kind of record called deal"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(admin: Person, typed: str, said: str) -> None:
    assert said in admin.types(typed).text


def test_only_admins_make_them_and_its_role_changes_its_records(admin: Person, rep: Person, agent: Person) -> None:
    assert "This needs the role admin" in rep.types("/crm noun add Contract").text
    admin.types("/crm noun add Contract letter:K role:admin")
    assert "This needs the role admin" in rep.types("/crm contract add Frame").text
    admin.types("/crm contract add Frame")
    assert "Frame" in rep.types("/crm contract show K-1").text
    assert "An admin can make and change them." in rep.types("/crm nouns").text


def test_its_owner_hears_what_others_do_with_a_record(contract: str, company: Company) -> None:
    company.rep.types("/crm contract add Frame")
    company.agent.types("/crm contract edit K-1 name:Other")
    company.rep.sees("changed your K-1 *Other*", channel="@Rapport")
    company.rep.clicks("Show", channel="@Rapport")
    company.rep.sees("*Other*  K-1")
