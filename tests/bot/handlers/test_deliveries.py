"""What Slack refuses to deliver, as those meet it who can do something about it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import delete, func, select, update

from bot.delivery.audit import Audit
from storage.crm.followups import Followup
from storage.notifications import failures
from storage.queues import outbox
from storage.queues.due import Due
from storage.queues.outbox import Delivery
from tests.support.company import Company
from tests.support.waiting import until

REFUSALS = ["channel_not_found", "is_archived", "restricted_action", "msg_too_long", "not_in_channel"]


def reminder_is_refused(company: Company, code: str) -> None:
    company.admin.types("/crm role @rep rep manager:@manager")
    company.rep.types("/deal add Acme renewal")
    company.rep.types('/followup add D-1 when:"in 3 days" call back')
    company.sandbox.control.fault("error", method="chat.postMessage", code=code, count=1)
    with company.database.transaction(company.workspace) as session:
        session.execute(update(Due).where(Due.subject == "F-1").values(at=func.now()))
        session.execute(update(Followup).values(due_at=func.now()))
    company.bot.clock.materialise()


def states(company: Company) -> list[tuple[str, str]]:
    with company.database.transaction(company.workspace) as session:
        rows = session.execute(select(Delivery.renderer, Delivery.state).order_by(Delivery.seq))
        return [(row.renderer, row.state) for row in rows]


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_is_kept_with_its_reason_and_told_to_the_manager(company: Company, code: str) -> None:
    reminder_is_refused(company, code)
    notice = company.manager.sees("This could not be delivered", channel="@Rapport")
    assert "A reminder F-1 for" in notice
    until(lambda: states(company) == [("followups.reminder", "dead"), ("deliveries.undelivered", "sent")])
    # One attempt each: nothing loops.
    assert len(company.sandbox.control.calls("chat.postMessage")) == 2


def test_it_is_sent_again_from_the_notice(company: Company) -> None:
    reminder_is_refused(company, "restricted_action")
    company.manager.sees("This could not be delivered", channel="@Rapport")
    company.manager.clicks("Send again", channel="@Rapport")
    company.rep.sees("call back", channel="@Rapport")
    assert "Everything was delivered." in company.admin.types("/crm undelivered").text
    company.manager.clicks("Send again", channel="@Rapport")
    company.manager.sees("Somebody has already dealt with this message.", channel="@Rapport")


def test_an_admin_sends_it_again_from_the_home(company: Company) -> None:
    reminder_is_refused(company, "restricted_action")
    company.manager.sees("This could not be delivered", channel="@Rapport")
    company.admin.opens_home()
    company.admin.sees("Not delivered")
    company.admin.clicks("Send again", view="home")
    company.admin.sees("It is on its way again")
    company.rep.sees("call back", channel="@Rapport")
    assert "Everything was delivered." in company.admin.types("/crm undelivered").text


def test_a_token_that_is_no_longer_valid_is_said_to_be_so(company: Company) -> None:
    reminder_is_refused(company, "is_archived")
    company.manager.sees("This could not be delivered", channel="@Rapport")
    with company.database.transaction(company.workspace) as session:
        session.execute(update(Delivery).where(Delivery.state == "dead").values(reason="account_inactive"))
    assert "the app's token is no longer valid" in company.admin.types("/crm undelivered").text


def test_it_is_listed_and_given_up(company: Company) -> None:
    reminder_is_refused(company, "is_archived")
    company.manager.sees("This could not be delivered", channel="@Rapport")
    assert "the channel is archived" in company.admin.types("/crm undelivered").text
    company.admin.opens_home()
    company.admin.sees("Not delivered")
    company.admin.clicks("Give up", view="home")
    company.admin.sees("It is off the list")
    assert "Everything was delivered." in company.admin.types("/crm undelivered").text


def test_a_notice_that_is_refused_is_told_to_nobody(company: Company) -> None:
    reminder_is_refused(company, "msg_too_long")
    company.manager.sees("This could not be delivered", channel="@Rapport")
    company.sandbox.control.fault("error", method="chat.postMessage", code="restricted_action", count=1)
    with company.database.transaction(company.workspace) as session:
        notice = outbox.enqueue(
            session, target_user="UAMANAGER", renderer=failures.RENDERER, record=None, payload=_payload(company)
        )
    until(lambda: _state(company, notice) == "dead")
    company.settles()
    assert [one for one in states(company) if one[1] in {"pending", "sending"}] == []


def test_admins_are_told_where_nobody_else_is_responsible(company: Company) -> None:
    company.admin.types("/customer add Acme Corp")
    company.rep.types("/deal add Acme renewal")
    company.rep.types('/followup add D-1 when:"in 3 days" call back')
    with company.database.transaction(company.workspace) as session:
        outbox.enqueue(session, target_channel="CGONE", renderer="followups.reminder", record="F-1")
        session.execute(update(Followup).values(owner_id=None))
    assert "A reminder F-1 for" in company.admin.sees("This could not be delivered", channel="@Rapport")


def test_the_heartbeat_stops_while_something_is_late(company: Company, tmp_path: Path) -> None:
    metrics, heartbeat = CollectorRegistry(), tmp_path / "heartbeat"
    audit = Audit(company.database, metrics, heartbeat)
    audit.tick()
    assert heartbeat.exists()
    heartbeat.unlink()
    with company.database.transaction(company.workspace) as session:
        stuck = outbox.enqueue(session, target_channel="C1", renderer="triage.card", record="T-1")
        past: dict[str, Any] = {"not_before": func.now() - timedelta(minutes=6)}
        past |= {"created_at": past["not_before"], "state": "sending", "lease_until": func.now() + timedelta(hours=1)}
        session.execute(update(Delivery).where(Delivery.id == stuck).values(past))
    audit.tick()
    assert not heartbeat.exists()
    assert metrics.get_sample_value("rapport_late_deliveries") == 1
    with company.database.transaction(company.workspace) as session:
        session.execute(delete(Delivery).where(Delivery.id == stuck))


def _payload(company: Company) -> dict[str, Any]:
    with company.database.transaction(company.workspace) as session:
        return {"delivery": str(failures.dead(session)[0].id)}


def _state(company: Company, delivery_id: UUID) -> str:
    with company.database.transaction(company.workspace) as session:
        return failures.get(session, delivery_id).state
