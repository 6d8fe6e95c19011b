"""Help shows each person what they may do, and how."""

from __future__ import annotations

from sandbox.control.client import Person
from tests.support.company import Company


def test_help_is_short_and_lists_what_one_may_do(company: Company, manager: Person) -> None:
    said = company.rep.types("/crm help").text
    assert all(line in said for line in ("`/deal`  add, ", "`/crm`  ", "find, ", "`/ticket`  ", "`/followup`  add, "))
    assert not any(word in said for word in ("setup", "inbox", "For managers", "For admins"))
    assert len(said.splitlines()) < 20
    assert "inbox" in manager.types("/crm help").text.partition("For managers: `/crm`")[2]
    assert "setup" in company.admin.types("/crm help").text.partition("For admins: `/crm`")[2]


def test_help_opens_forms(company: Company) -> None:
    company.rep.types("/crm help")
    company.rep.clicks("New deal")
    company.rep.submits(Name="Acme renewal")
    company.rep.sees("Acme renewal")


def test_an_unknown_command_names_the_nearest_three(company: Company) -> None:
    rep = company.rep
    assert "Did you mean `/deal add`?" in rep.types("/deal ad Acme").text
    assert "`/crm find`" in rep.types("/crm fnd acme").text
    # Words of other programs.
    assert "Did you mean `/deal archive`" in rep.types("/deal delete D-1").text
    assert "Did you mean `/customer add`" in rep.types("/customer new Acme").text
    # One word after a noun may be a record's name.
    assert "There is no deal called zzz." in rep.types("/deal zzz").text
    said = rep.types("/crm qqq zzz").text
    assert said.count("` or `") == 1
    assert "`/crm help` lists what you can do." in said
    assert "setup" not in rep.types("/crm setpu").text


def test_help_explains_one_command_or_a_noun(rep: Person) -> None:
    said = rep.types("/crm help deal add").text
    assert "`/deal add <name>" in said
    assert "For example `/deal add" in said
    assert said == rep.types("/crm help /deal ADD").text == rep.types("/deal help add").text
    assert "`/deal add <name>" in rep.types("/deal help").text
    noun = rep.types("/crm help deal").text
    assert all(command in noun for command in ("/deal add", "/deal list", "/deal won"))


def test_help_says_whom_a_command_is_for(rep: Person) -> None:
    said = rep.types("/crm help setup").text
    assert "needs the role admin" in said
    assert "An admin can give it to you" in said


def test_a_misspelt_command_is_guessed(rep: Person) -> None:
    assert "Did you mean `/deal add`" in rep.types("/crm help deal ad").text
    assert "`/crm help` lists them all." in rep.types("/crm help zzzzzz").text


def test_a_guest_is_told_who_it_is_for(company: Company) -> None:
    said = company.guest.types("/crm help", channel="CSUPPORT").text
    assert "This needs the role viewer" in said
