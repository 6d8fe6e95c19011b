"""Tickets as people meet them: typed, clicked and filled in."""

from __future__ import annotations

import pytest

from sandbox.control.client import Person
from tests.support.company import Company
from tests.support.support_desk import BROKEN, ticket_of
from tests.support.waiting import until


def test_a_ticket_goes_from_opened_to_resolved(agent: Person) -> None:
    agent.types("/customer add Acme Corp")
    added = agent.types("/ticket add Login fails on Safari customer:acme priority:high").text
    assert all(part in added for part in ("T-1", "Acme Corp", "new", "high", "nobody yet"))
    agent.clicks("Take")
    agent.sees("It is now yours.")
    assert "Now waiting on customer." in agent.types("/ticket status T-1 waiting on customer").text
    assert "It is already waiting on customer." in agent.types("/ticket status T-1 waiting").text
    assert "Noted on" in agent.types("/ticket note T-1 works after a reset").text
    assert "works after a reset" in agent.types("/ticket show login fails").text
    agent.clicks("Resolve")
    agent.sees("Now resolved.")
    agent.selects("Status", "open")
    agent.sees("Now open.")


def test_a_ticket_is_given_to_a_colleague_and_to_nobody(company: Company) -> None:
    company.rep.types("/ticket add Login fails")
    assert "It is now with @Anton Agent." in company.rep.types("/ticket assign T-1 @agent").text
    assert "Login fails" in company.agent.types("/ticket list assignee:me").text
    assert "It is now with nobody." in company.rep.types("/ticket assign T-1 nobody").text
    assert "It is already with nobody." in company.rep.types("/ticket assign T-1 nobody").text
    assert "It is now with @Rita Rep." in company.rep.types("/ticket assign T-1 me").text
    assert "is not a person I can see" in company.rep.types("/ticket assign T-1 bob").text
    assert "It is now with @Anton Agent." in company.rep.types("/ticket assign T-1 anton").text


def test_a_stale_card_does_nothing_and_says_who_was_quicker(company: Company) -> None:
    company.rep.types("/ticket add Login fails")
    company.agent.types("/ticket show T-1")
    company.agent.clicks("Take")
    company.agent.sees("It is now yours.")
    company.rep.clicks("Take")
    company.rep.sees("Nothing was done:")
    company.agent.types("/ticket status T-1 waiting")
    company.rep.clicks("Resolve")
    assert "waiting on customer" in company.rep.types("/ticket show T-1").text


def test_a_ticket_of_the_same_title_is_shown_before_anything_is_stored(rep: Person) -> None:
    rep.types("/ticket add Login fails")
    assert "nothing has been added yet" in rep.types("/ticket add LOGIN fails priority:urgent").text
    rep.clicks("Add anyway")
    rep.sees("urgent")
    rep.types("/ticket")
    rep.submits(Title="login fails")
    rep.sees("nothing has been added yet")
    rep.submits()
    rep.sees("T-3")


def test_a_ticket_is_edited_and_noted_on_in_forms(company: Company) -> None:
    rep = company.rep
    rep.types("/customer add Acme")
    rep.clicks("New ticket")
    rep.submits(Title="Login fails")
    rep.sees("T-1")
    assert "C-1" in rep.types("/ticket show T-1").text
    rep.clicks("Edit")
    rep.submits(Title="Login fails on Safari", Priority="urgent", Assignee="UAREP")
    rep.sees("Saved.")
    shown = rep.types("/ticket show T-1").text
    assert all(part in shown for part in ("Login fails on Safari", "urgent", "open", "C-1"))
    rep.clicks("Note")
    rep.submits(Note="asked for logs")
    rep.sees("asked for logs")
    rep.types("/ticket show T-1")
    rep.clicks("Edit")
    company.agent.types("/ticket status T-1 waiting")
    rep.submits(Priority="low")
    assert "waiting on customer" in rep.types("/ticket show T-1").text


def test_tickets_are_listed_by_filters_and_in_pages(rep: Person) -> None:
    assert "No open tickets yet." in rep.types("/ticket list").text
    for number in range(11):
        rep.types(f"/ticket add Ticket {number:02} priority:{'urgent' if number == 10 else 'low'}")
    first = rep.types("/ticket list").text
    assert "1 to 10" in first
    assert first.index("Ticket 10") < first.index("Ticket 00")
    rep.clicks("More")
    rep.sees("11 to 11")
    rep.clicks("Back")
    rep.sees("1 to 10")
    rep.types("/ticket status T-1 resolved")
    assert "Ticket 00" in rep.types("/ticket list status:resolved").text
    assert "Ticket 00" in rep.types("/ticket list resolved>2020-01-01").text
    assert "No tickets match priority:high" in rep.types("/ticket list priority:high").text
    rep.clicks("Show")
    rep.sees("nobody yet")


def test_mistakes_are_named(rep: Person) -> None:
    rep.types("/ticket add Login fails")
    said = {
        "/ticket add": "The name is missing.",
        "/ticket add Slow priority:very": "very is not a priority.",
        "/ticket add Slow customer:zenith": "There is no customer called zenith.",
        "/ticket status T-1 bogus": "bogus is not a status.",
        "/ticket show nothing": "There is no ticket called nothing",
        "/ticket list colour:red": "There is no colour to filter or sort by.",
    }
    for typed, sentence in said.items():
        assert sentence in rep.types(typed).text, typed


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "{}",
        "[]",
        "null",
        '["A", 0, "loud", 0]',
        '["", 0, "low", 0]',
        '[1, 0, "low", 0]',
        '["A", 99, "low", null]',
        '["A", "x", "low", null]',
        '["A", null, "low", "UGUEST"]',
    ],
)
def test_an_older_button_that_is_not_ours_adds_nothing(company: Company, forged: str) -> None:
    added = company.rep.types("/ticket add Login fails")
    company.rep.forges("tickets.add_anyway", f":0:{forged}", added.ts)
    company.settles()
    assert "There is no T-2" in company.rep.types("/ticket show T-2").text


def test_buttons_of_older_cards_do_what_they_did(company: Company) -> None:
    added = company.rep.types("/ticket add Login fails")
    company.rep.forges("tickets.add_anyway", ':0:["Login “x”", null, "high", "UAREP"]', added.ts)
    company.rep.sees("T-2")
    company.rep.sees("high")
    company.rep.forges("tickets.show", "T-1:1:", added.ts)
    company.rep.sees("nobody yet")
    company.rep.forges("tickets.new", "", added.ts)
    until(lambda: "New ticket" in str(company.rep.modal))
    company.rep.submits(Title="Export fails")
    company.rep.sees("T-3")
    company.rep.forges("tickets.edit", "T-3:1:", added.ts)
    until(lambda: "Edit ticket" in str(company.rep.modal))
    company.rep.submits(Priority="urgent")
    company.rep.sees("Saved.")


def test_a_ticket_is_edited_by_words_and_archived_once_it_is_resolved(company: Company) -> None:
    rep = company.rep
    rep.types("/ticket add Login fails priority:dringend")
    said = rep.types("/ticket edit T-1 priority:niedrig assignee:@agent name:Slow").text
    assert all(part in said for part in ("Saved.", "low", "open", "Anton Agent", "Slow"))
    assert "nobody yet" in rep.types("/ticket edit T-1 assignee:none").text
    assert "T-1 is still open. Resolve it first." in rep.types("/ticket archive T-1").text
    rep.types("/ticket resolve T-1")
    assert "is archived" in rep.types("/ticket archive T-1").text
    assert "No tickets match" in rep.types("/ticket list all").text
    rep.types("/ticket reopen T-1")
    assert "Slow" in rep.types("/ticket list").text
    assert "Slow" in rep.types("/ticket list title:slow owner:none").text


def test_everyday_words_close_reopen_and_prioritise(agent: Person) -> None:
    agent.types("/ticket add Login fails")
    assert "Now resolved." in agent.types("/ticket resolve T-1").text
    assert "Now open." in agent.types("/ticket reopen T-1").text
    assert "Now closed." in agent.types("/ticket close T-1").text
    assert "It is already closed." in agent.types("/ticket close T-1").text
    assert "Priority: *high*" in agent.types("/ticket priority T-1 high").text
    assert "Its priority is already high." in agent.types("/ticket priority T-1 high").text
    assert "is not a priority" in agent.types("/ticket priority T-1 purple").text


def test_a_ticket_is_merged_as_people_say_it(agent: Person) -> None:
    agent.types("/ticket add Login fails")
    agent.types("/ticket add Export fails")
    assert "is part of this one now" in agent.types("/ticket merge T-2 into T-1").text
    assert "Into which ticket?" in agent.types("/ticket merge T-1").text
    assert "Did you mean `T-2 into T-1`?" in agent.types("/ticket merge T-2 T-1").text
    assert "Did you mean `/ticket assign`?" in agent.types("/ticket unassign T-1").text
    assert "There is no T-9" in agent.types("/ticket merge T-1 into T-9").text


def test_tickets_of_two_customers_are_merged_once_somebody_says_that_it_is_meant(agent: Person) -> None:
    agent.types("/customer add Acme Corp")
    agent.types("/customer add Globex Ltd")
    agent.types("/ticket add Login fails customer:acme")
    agent.types("/ticket add Export fails customer:globex")
    asked = agent.types("/ticket merge T-2 into T-1").text
    assert "T-2 is of Globex Ltd, T-1 is of Acme Corp. Nothing is merged yet." in asked
    assert "Export fails" in agent.types("/ticket list").text
    agent.clicks("Merge anyway", message="Nothing is merged yet")
    agent.sees("is part of this one now")
    assert "Export fails" not in agent.types("/ticket list").text
    assert "Export fails: Status: closed → new" in agent.types("/crm undo").text
    agent.types("/ticket merge T-2 into T-1")
    agent.clicks("Merge anyway", message="Nothing is merged yet")
    agent.sees("is part of this one now")
    # What nobody's is needs no question.
    agent.types("/ticket add Nobody knows whose")
    assert "is part of this one now" in agent.types("/ticket merge T-3 into T-1").text


def test_a_ticket_is_shown_with_its_whole_conversation_and_what_can_be_done(linked: Company) -> None:
    support = linked
    support.manager.types("/crm sla set answer:1h resolve:8h", channel="CGENERAL")
    first = support.customer.posts(BROKEN, channel="CSHARED").ts
    support.agent.sees("First answer promised by", channel="CSUPPORT")
    support.customer.posts("It also happens on my phone", channel="CSHARED", thread=first)
    support.settles()
    shown = support.agent.types("/ticket show T-1", channel="CGENERAL").text
    assert shown.index(BROKEN) < shown.index("It also happens on my phone")
    assert all(said in shown for said in ("First answer promised by", "Solution promised by"))
    support.agent.clicks("Reply to customer", channel="CGENERAL")
    support.agent.submits({"Your answer": "We are looking into it."})
    support.agent.submits()
    support.settles()
    shown = support.agent.types("/ticket show T-1", channel="CGENERAL").text
    assert shown.index("on my phone") < shown.index("We are looking into it.")
    support.agent.selects("Category", "Billing and payment", channel="CGENERAL")
    support.agent.sees("Now about Billing and payment.", channel="CGENERAL")


def test_of_a_long_conversation_the_first_and_the_last_are_shown(support: Company) -> None:
    first = next(one["ts"] for one in support.customer.messages("CSHARED"))
    for number in range(13):
        support.customer.posts(f"Line number {number}", channel="CSHARED", thread=first)
    support.settles()
    shown = support.rep.types("/ticket show T-1", channel="CGENERAL").text
    assert BROKEN in shown
    assert "… 3 messages in between …" in shown
    assert "Line number 2" not in shown
    assert "Line number 12" in shown


def test_what_is_merged_keeps_the_higher_priority_and_shows_both_messages(support: Company) -> None:
    support.manager.types("/crm grouping #ext-globex by:message", channel="CGENERAL")
    support.customer.posts("Nobody can sign in at all, everything is down", channel="CSHARED")
    support.settles()
    support.agent.types("/ticket priority T-1 low", channel="CGENERAL")
    support.agent.types("/ticket priority T-2 urgent", channel="CGENERAL")
    support.agent.types("/ticket merge T-2 into T-1", channel="CGENERAL")
    support.agent.sees("wrote again: Nobody can sign in", channel="CSUPPORT")
    assert ticket_of(support).priority == "urgent"
    support.agent.types("/crm undo", channel="CGENERAL")
    assert ticket_of(support).priority == "low"


def test_after_a_merge_the_card_names_no_words_for_what_the_merge_said(support: Company) -> None:
    support.manager.types("/crm grouping #ext-globex by:message", channel="CGENERAL")
    support.customer.posts("I want my money back for the last invoice", channel="CSHARED")
    support.agent.sees("T-2", channel="CSUPPORT")
    support.agent.types("/ticket merge T-2 into T-1", channel="CGENERAL")
    support.agent.sees("wrote again: I want my money back", channel="CSUPPORT")
    support.agent.sees("*Bug or outage*  set by @Anton Agent", channel="CSUPPORT")
