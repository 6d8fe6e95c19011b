"""What becomes of the promises of somebody who leaves."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, func, select, update

from sandbox.control.client import Person
from storage.crm import followups
from storage.queues import outbox_claims
from storage.queues.outbox import Delivery, Pause
from tests.support.company import Company
from tests.support.promises import comes_due
from tests.support.waiting import until


def reminders(company: Company) -> list[tuple[str | None, str]]:
    """Return to whom reminders go or went, and how far they are."""
    with company.database.transaction(company.workspace) as session:
        made = select(Delivery).where(Delivery.renderer == followups.RENDERER).order_by(Delivery.seq)
        return [(one.target_user, one.state) for one in session.scalars(made)]


def owner(company: Company) -> str | None:
    with company.database.transaction(company.workspace) as session:
        return followups.get(session, 1).owner_id


def leaves(company: Company, person: Person) -> None:
    company.sandbox.control.admin("user_changes", user=person.id, fields={"deleted": True})


def hold_up(company: Company, *, held: bool) -> None:
    """Keep every message from going out, or let them go."""
    with company.database.transaction(company.workspace) as session:
        if held:
            outbox_claims.pause(session, "chat.postMessage", 60)
        else:
            session.execute(delete(Pause))


def promised(company: Company, when: str) -> None:
    company.rep.types("/deal add Acme renewal")
    company.agent.types(f"/followup add D-1 when:{when} call back")


def test_promises_of_who_leaves_go_to_who_is_responsible(company: Company) -> None:
    promised(company, "tomorrow")
    leaves(company, company.agent)
    company.rep.sees("Anton Agent has left, so 1 follow-up of theirs is now yours.", channel="@Rapport")
    assert owner(company) == company.rep.id


def test_else_they_go_to_the_manager_of_who_leaves(company: Company, manager: Person) -> None:
    company.admin.types("/crm role @agent manager:@manager")
    company.agent.types("/deal add Acme renewal")
    company.agent.types("/followup add D-1 when:tomorrow call back")
    leaves(company, company.agent)
    manager.sees("Anton Agent has left, so 1 follow-up of theirs is now yours.", channel="@Rapport")
    assert owner(company) == manager.id


def test_where_nobody_is_responsible_they_stay(company: Company) -> None:
    company.agent.types("/deal add Acme renewal")
    company.agent.types("/followup add D-1 when:tomorrow call back")
    leaves(company, company.agent)
    company.settles()
    assert owner(company) == company.agent.id
    assert "call back" in company.rep.types("/followup list owner:@agent").text
    assert company.sandbox.control.calls("chat.postMessage") == []


@pytest.mark.parametrize("when", ["tomorrow", "daily"])
def test_a_reminder_that_waits_goes_to_the_heir_instead(company: Company, when: str) -> None:
    promised(company, when)
    hold_up(company, held=True)
    comes_due(company)
    leaves(company, company.agent)
    until(lambda: owner(company) == company.rep.id)
    company.bot.clock.materialise()
    hold_up(company, held=False)
    company.rep.sees("Snooze", channel="@Rapport")
    until(lambda: reminders(company) == [(company.agent.id, "cancelled"), (company.rep.id, "sent")])
    assert company.agent.messages("@Rapport") == []


@pytest.mark.parametrize("when", ["tomorrow", "daily"])
def test_what_the_leaver_was_reminded_of_the_heir_is_too(company: Company, when: str) -> None:
    promised(company, when)
    comes_due(company)
    company.agent.sees("Snooze", channel="@Rapport")
    leaves(company, company.agent)
    until(lambda: owner(company) == company.rep.id)
    company.bot.clock.materialise()
    assert "1 hour ago" in company.rep.sees("Snooze", channel="@Rapport")


def test_a_reminder_that_a_dead_process_had_in_hand_is_not_sent_to_who_was_its_owner(company: Company) -> None:
    promised(company, "daily")
    hold_up(company, held=True)
    comes_due(company)
    with company.database.transaction(company.workspace) as session:
        in_hand = {"state": "sending", "attempt": 1, "first_attempt_at": func.now(), "lease_until": func.now()}
        session.execute(update(Delivery).values(in_hand))
        followups.hand_over(session, followups.get(session, 1), company.rep.id)
    hold_up(company, held=False)
    until(lambda: (company.agent.id, "cancelled") in reminders(company))
    assert company.agent.messages("@Rapport") == []
