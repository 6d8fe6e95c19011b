"""People hear what others do with what is theirs, and what their customers write."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from sandbox.control.client import Person
from storage.queues.outbox import Delivery
from tests.support.company import Company
from tests.support.support_desk import THANKS


def dm(company: Company, person: Person) -> str:
    """Return all that Rapport has told somebody by itself."""
    company.settles()
    return "\n".join(person.texts("@Rapport")).replace("*", "")


def told(company: Company, person: Person) -> list[str | None]:
    """Return about which records somebody was sent a notice, in order."""
    company.settles()
    with company.database.transaction(company.workspace) as session:
        own = (Delivery.renderer == "history.yours", Delivery.target_user == person.id)
        return list(session.scalars(select(Delivery.record).where(*own).order_by(Delivery.seq)))


def test_who_is_given_a_deal_hears_of_it_and_of_what_others_do_with_it(company: Company) -> None:
    company.rep.types("/deal add Acme renewal amount:12k owner:@agent")
    assert "@Rita Rep gave you D-1 Acme renewal" in dm(company, company.agent)
    company.rep.types("/deal edit D-1 amount:20k")
    company.rep.types("/deal won D-1")
    said = dm(company, company.agent)
    assert "@Rita Rep changed your D-1 Acme renewal" in said
    assert "Amount: $12,000 → $20,000" in said
    assert "@Rita Rep won your D-1 Acme renewal" in said
    # What follows from that is no news.
    assert not any(word in said for word in ("Status:", "Closed:", "In its stage since:", "Last worked on:"))
    assert said.count("Stage:") == 1
    company.rep.types("/crm undo")
    assert "@Rita Rep took a change of your D-1" in dm(company, company.agent)
    company.rep.types("/deal edit D-1 owner:@rep")
    assert "@Rita Rep took D-1 Acme renewal from you" in dm(company, company.agent)
    assert told(company, company.rep) == []


def test_nobody_hears_of_what_they_did_themselves(company: Company) -> None:
    company.rep.types("/customer add Acme")
    company.rep.types("/deal add Acme renewal customer:acme")
    company.rep.types("/deal lost D-1")
    assert told(company, company.rep) == []


def test_what_one_request_did_to_several_records_is_told_once(company: Company) -> None:
    company.rep.types("/customer add Acme")
    company.rep.types("/customer add Bolt Industries")
    for number in range(7):
        company.rep.types(f"/deal add Deal {number} customer:C-1")
    company.agent.types("/customer merge C-1 into C-2")
    assert len(told(company, company.rep)) == 1
    said = dm(company, company.rep)
    assert "changed your" in said
    assert "And also: " in said


def test_a_button_of_a_notice_shows_the_record(company: Company) -> None:
    company.rep.types("/deal add Acme renewal owner:@agent")
    company.agent.sees("gave you", channel="@Rapport")
    company.agent.clicks("Show", channel="@Rapport")
    company.agent.sees("Lead (10%)", channel="@Rapport")


@pytest.mark.usefixtures("support")
def test_an_agent_hears_of_a_ticket_given_and_of_each_message_also_after_it_is_resolved(
    company: Company, manager: Person
) -> None:
    manager.types("/ticket assign T-1 @agent")
    assert "gave you T-1" in dm(company, company.agent)
    first = next(one["ts"] for one in company.customer.messages("CSHARED"))
    company.agent.types("/ticket resolve T-1")
    company.customer.posts(THANKS, channel="CSHARED", thread=first)
    company.agent.sees("which is resolved", channel="@Rapport")
    company.customer.posts("It is broken again, nobody can sign in", channel="CSHARED", thread=first)
    company.agent.sees("nobody can sign in", channel="@Rapport")
    assert told(company, company.agent) == ["T-1"]


@pytest.mark.usefixtures("linked")
def test_the_owner_hears_that_a_customer_wants_to_cancel(company: Company) -> None:
    company.customer.posts("We want to cancel our subscription at the end of the month.", channel="CSHARED")
    company.rep.sees("Your customer *Globex* C-1 wants to cancel", channel="@Rapport")
    company.rep.clicks("Show ticket", channel="@Rapport")
    company.rep.sees("cancel our subscription", channel="@Rapport")


def test_quiet_hours_hold_what_concerns_somebody_and_a_mute_keeps_it(company: Company) -> None:
    company.agent.types("/crm mute yours")
    company.rep.types("/deal add Acme renewal owner:@agent")
    company.settles()
    assert "gave you" not in dm(company, company.agent)
    assert "D-1" in company.agent.types("/crm held").text
    company.agent.clicks("Send now")
    company.agent.sees("gave you", channel="@Rapport")
