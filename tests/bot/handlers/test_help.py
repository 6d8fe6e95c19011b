"""Help shows each person what they may do, and how."""

from __future__ import annotations

import pytest

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
    # What is like nothing is not guessed at.
    said = "I don't know “qqq zzz”. `/crm help` lists what you can do, `/crm find qqq zzz` searches."
    assert rep.types("/crm qqq zzz").text == said
    assert "setup" not in rep.types("/crm setpu").text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("/crm report", "Did you mean `/digest explain`"),
        ("/crm remind me to call", "`/followup add`"),
        ("/crm ?", "Did you mean `/crm help`"),
        ("/crm upload", "Did you mean `/crm import`"),
        ("/crm notifications", "Did you mean `/crm quiet`?"),
        ("/deal assign D-1 tom", "Did you mean `/deal edit`?"),
        ("/crm labels", "I don't know “labels”. `/crm help` lists"),
        ("/deal close D-1", "Did you mean `/deal won` or `/deal lost`?"),
        ("/deal stage D-1 lead", "It is already in Lead."),
        ("/followup snooze F-1 1d", "I will remind you "),
        ("/followup delete F-1", "Did you mean `/followup cancel`?"),
        ("/deal hinzufügen Messe", "Did you mean `/deal add`?"),
        ("/deal zzz D-1", "I don't know “zzz D-1”. `/crm help deal` lists"),
        ("/deal D-1 30kk", "I don't know what “30kk” is to do with D-1. `/crm help deal` lists"),
        ("/deal D-1 close", "Did you mean `/deal won` or `/deal lost`?"),
        ("/deal D-99", "There is no D-99."),
        ("/deal D-99 won", "There is no D-99."),
    ],
)
def test_words_of_other_programs_lead_to_ours(rep: Person, typed: str, said: str) -> None:
    rep.types("/deal add Pilot for Harbor")
    rep.types("/followup add D-1 when:tomorrow call")
    assert said in rep.types(typed).text


def test_words_for_going_out_of_use_lead_to_ours(admin: Person) -> None:
    for word in ("remove", "archive", "delete"):
        assert "`/crm field retire`" in admin.types(f"/crm field {word} deal region").text


def test_import_and_export_say_how_they_begin(company: Company) -> None:
    assert "Send me a CSV, TSV or XLSX file" in company.rep.types("/crm import").text
    assert "as:xlsx" in company.agent.types("/crm export").text


def test_the_record_may_come_first_and_its_number_alone_will_do(company: Company) -> None:
    rep, agent = company.rep, company.agent
    rep.types("/deal add Pilot amount:1k")
    assert "€2,000" in rep.types("/deal D-1 amount:2k").text or "$2,000" in rep.types("/deal d1").text
    assert "Noted on *Pilot*" in rep.types("/deal D-1 note they  like it").text
    assert "they  like it" in rep.types("/deal history 1").text
    assert "*Pilot*  D-1" in rep.types("/deal #1").text
    assert "There is no deal called t1." in rep.types("/deal t1").text
    assert "Won." in rep.types("/crm D-1 WON").text
    agent.types("/ticket add Login fails priority:high")
    assert "It is now with" in agent.types("/ticket T-1 assign me").text
    assert "*Open tickets* assignee:" in agent.types("/ticket mine").text
    assert "Login fails" in agent.types("/ticket mine open").text
    assert "Now resolved." in agent.types("/ticket resolve t1").text
    assert "Now open." in agent.types("/ticket 1 reopen").text
    assert "Now about Billing and payment." in agent.types("/ticket category T-1 billing").text
    assert "→ Billing and payment" in agent.types("/ticket history T-1").text
    assert "It is already about Billing" in agent.types("/ticket T-1 category billing").text
    assert "You have no follow-ups." in agent.types("/followup mine").text
    # A number alone could be of any noun, so nothing is guessed from it.
    assert "Nothing is called 1." in rep.types("/followup add 1 box when:tomorrow").text


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
