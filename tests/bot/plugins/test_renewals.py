"""The plugin to copy: renewals, their reminders, and what undo and history make of them."""

from __future__ import annotations

from sqlalchemy import func, select, update

from bot.schedule.jobs import ensure
from sandbox.control.client import Person
from storage.queues.due import Due
from tests.support.company import Company
from tests.support.waiting import until


def job_runs(company: Company) -> None:
    """Let the hour of the daily job come, and the clock tick."""
    with company.database.transaction(company.workspace) as session:
        ensure(session, company.bot.registry, company.bot.runtime.now())
        session.execute(update(Due).where(Due.kind == "job:renewals.remind").values(at=func.now()))
    company.bot.clock.jobs.wake()


def test_a_renewal_is_noted_listed_and_taken_back(rep: Person) -> None:
    rep.types("/customer add Acme Corp")
    assert "No renewals in the next twelve months." in rep.types("/crm renewal list").text
    said = rep.types('/crm renewal add acme on:"in 20 days"').text.replace("*", "")
    assert "Acme Corp renews on" in said
    assert "Its owner gets a reminder 30 days before." in said
    assert "Acme Corp  C-1" in rep.types("/crm renewal list").text.replace("*", "")
    rep.types("/crm undo")
    assert "No renewals" in rep.types("/crm renewal list").text


def test_it_is_in_the_customers_history(rep: Person) -> None:
    rep.types("/customer add Acme Corp")
    rep.types("/crm renewal add acme on:2030-03-01")
    rep.types("/crm renewal add acme on:2030-04-01")
    said = rep.types("/crm history C-1").text.replace("*", "")
    assert "@Rita Rep added a renewal" in said
    assert "On: Mar 1, 2030" in said
    assert "@Rita Rep changed a renewal" in said
    assert "On: Mar 1, 2030 → Apr 1, 2030" in said


def test_the_home_shows_those_that_are_near(company: Company) -> None:
    company.rep.types("/customer add Acme Corp")
    company.rep.types('/crm renewal add acme on:"in 20 days"')
    company.rep.opens_home()
    company.rep.sees("My renewals")
    company.agent.opens_home()
    company.agent.sees("Hello Anton Agent")
    company.agent.does_not_see("My renewals")


def test_the_owner_is_reminded_once(company: Company) -> None:
    company.rep.types("/customer add Acme Corp")
    company.rep.types("/customer add Globex")
    company.rep.types('/crm renewal add acme on:"in 20 days"')
    company.rep.types('/crm renewal add globex on:"in 90 days"')
    job_runs(company)
    company.rep.sees("Acme Corp renews on", channel="@Rapport")
    job_runs(company)
    with company.database.transaction(company.workspace) as session:
        waiting = Due.kind == "job:renewals.remind", Due.at <= func.now()
        until(lambda: not session.scalars(select(Due.id).where(*waiting)).all())
    company.settles()
    assert len(company.rep.messages("@Rapport")) == 1


def test_mistakes_are_named(company: Company) -> None:
    assert "on: is missing" in company.rep.types("/crm renewal add acme").text
    assert "There is no customer called acme" in company.rep.types("/crm renewal add acme on:2030-01-01").text
    company.rep.types("/customer add Acme Corp")
    said = company.rep.types("/crm renewal add acme on:someday").text
    assert "is not a date I understand" in said
    assert "Usage: `/crm renewal add <customer> on:2027-03-01`" in said
