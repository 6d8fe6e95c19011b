"""Show that what fails is told honestly, costs one call where it is a plugin's, and is counted."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial

import pytest
from prometheus_client import generate_latest
from sqlalchemy import func, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bot.registry import Registry
from bot.requests.failures import Failures
from bot.requests.runtime import call_with
from bot.schedule.jobs import ensure
from storage import events
from storage.database.engine import Database
from storage.queues import due
from storage.queues.due import JOB, Due
from storage.workspace import workspaces
from tests.support.company import Company
from tests.support.trial_plugin import Trial, names
from tests.support.waiting import until


def failures(company: Company) -> float:
    return company.bot.metrics.get_sample_value("rapport_plugin_failures_total", {"plugin": "trial"}) or 0.0


def test_an_unexpected_failure_is_apologised_for_under_a_reference_that_is_in_the_log(
    tried: tuple[Company, Trial], caplog: pytest.LogCaptureFixture
) -> None:
    company, trial = tried
    before = failures(company)
    trial.fails.add("add")
    said = company.rep.types("/crm trial add Acme").text
    assert "Something went wrong on our side and nothing was saved." in said
    (number,) = re.findall(r"reference ([0-9a-f]{8})", said)
    assert f"reference {number}" in caplog.text
    assert "add fails as it was told" in caplog.text
    assert "add fails" not in said
    assert names(company) == []
    assert failures(company) == before + 1


def test_a_modal_that_fails_stays_open_with_what_was_entered(tried: tuple[Company, Trial]) -> None:
    company, trial = tried
    company.rep.types("/crm trial")
    trial.fails.add("submit")
    assert "under reference" in company.rep.submits(Name="Acme").errors["name"]
    trial.fails.clear()
    company.rep.submits()
    assert names(company) == ["Acme"]


def test_a_known_mistake_is_a_sentence_with_the_usage(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    said = company.rep.types("/crm trial card").text
    assert "Usage: /crm trial card <name>" in said.replace("`", "")
    assert "Did you mean `/crm trial card`" in company.rep.types("/crm trail card x").text
    said = company.rep.types("/crm trial add x share:yes share:no").text
    assert "share" in said
    assert "Usage: " in said
    assert names(company) == []


def test_a_plugins_event_listener_that_fails_costs_only_itself(tried: tuple[Company, Trial]) -> None:
    company, trial = tried
    before = failures(company)
    trial.fails.add("event")
    message = company.rep.posts("hello", channel="CGENERAL")
    company.rep.reacts("tada", message.ts, channel="CGENERAL")
    until(lambda: failures(company) == before + 1)
    company.settles()
    assert names(company) == []
    trial.fails.clear()
    company.rep.reacts("wave", message.ts, channel="CGENERAL")
    until(lambda: names(company) == ["wave"])


def test_a_plugins_listener_that_fails_does_not_keep_anybody_from_working(tried: tuple[Company, Trial]) -> None:
    company, trial = tried
    before = failures(company)
    trial.fails.add("heard Acme")
    assert "Added." in company.rep.types("/customer add Acme").text
    assert names(company) == ["Acme"]
    assert failures(company) == before + 1


def test_a_section_that_fails_costs_only_itself(tried: tuple[Company, Trial]) -> None:
    company, trial = tried
    before = failures(company)
    trial.fails.add("section")
    company.rep.opens_home()
    company.rep.sees("This part could not be shown right now.")
    company.rep.sees("Here is your work")
    assert failures(company) == before + 1


def test_what_is_asked_of_slack_and_refused_is_a_sentence(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    assert company.rep.types("/crm trial asks").text == "Slack said general."
    company.sandbox.control.fault("error", method="conversations.info", code="channel_not_found")
    assert "I am not in that channel yet" in company.rep.types("/crm trial asks").text
    company.sandbox.control.fault("server_error", method="conversations.info")
    assert "I can't reach Slack right now" in company.rep.types("/crm trial asks").text


def test_an_answer_that_is_too_long_is_cut_within_slacks_limits(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    said = company.rep.types("/crm trial long")
    assert said.ok, said.raw
    assert "more parts that do not fit here" in said.text


def test_failures_are_in_the_metrics(tried: tuple[Company, Trial]) -> None:
    company, trial = tried
    trial.fails.add("read")
    company.rep.types("/crm trial read")
    assert b'rapport_plugin_failures_total{plugin="trial"}' in generate_latest(company.bot.metrics)


def test_a_job_that_fails_is_counted_and_comes_again(tried: tuple[Company, Trial]) -> None:
    company, trial = tried
    before = failures(company)
    trial.fails.add("nightly")
    with company.database.transaction(company.workspace) as session:
        ensure(session, company.bot.registry, datetime.now(UTC))
        session.execute(update(Due).where(Due.kind == f"{JOB}trial.nightly").values(at=func.now()))
    company.bot.clock.jobs.wake()
    until(lambda: failures(company) > before)
    with company.database.transaction(company.workspace) as session:
        row = due.get(session, f"{JOB}trial.nightly", "trial.nightly")
        assert row is not None
        assert row.at is not None


def test_what_a_failed_call_did_and_said_is_undone(database: Database, workspace: str) -> None:
    heard: list[str] = []
    contained = Failures(Registry([]))

    def fails(session: Session) -> None:
        workspaces.setup(session, currency="JPY")
        events.emit(session, events.CustomerAdded("never"))
        raise RuntimeError

    def works(session: Session) -> str:
        events.emit(session, events.CustomerAdded("after"))
        return "done"

    with database.transaction(workspace) as session:
        events.emit(session, events.CustomerAdded("before"))
        assert contained.contain(fails, lambda: fails(session), session) is None
        assert contained.contain(works, lambda: works(session), session) == "done"
        heard += [fact.record for fact in events.drain(session)]
    assert heard == ["before", "after"]
    with database.transaction(workspace) as session:
        kept = workspaces.get(session, workspace)
        assert kept is not None
        assert kept.currency == "USD"


def test_what_the_database_could_not_do_is_no_fault_of_a_plugin(database: Database, workspace: str) -> None:
    contained = Failures(Registry([]))

    def fail(session: Session) -> None:
        session.execute(text("DO $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$"))

    with database.transaction(workspace) as session:
        with pytest.raises(DBAPIError, match="no room"):
            contained.contain(fail, partial(fail, session), session)
        session.rollback()


def test_what_a_built_in_handler_raises_passes() -> None:
    def fails() -> None:
        raise LookupError

    fails.__module__ = "bot.handlers.deals"
    with pytest.raises(LookupError):
        Failures(Registry([])).contain(fails, fails)


def test_a_function_gets_what_it_names() -> None:
    assert call_with(lambda found, now: (found, now), {"found": 1, "session": 2}) == (1, None)
