"""Show that webhooks are told in order for each record, again where they do not answer, and can be told anew."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from storage.database.engine import EVERY_WORKSPACE, Database
from storage.errors import Conflict, NotFound
from storage.queues.outbox import Delivery
from storage.webhooks import occurrences, queue, settings
from storage.webhooks.model import Webhook, WebhookDelivery
from storage.webhooks.occurrences import Occurrence
from storage.webhooks.queue import AT_ONCE, ATTEMPTS, Attempt
from tests.support import webhooks
from tests.support.passing_time import pass_time

TAKEN = Attempt(204, 12)
REFUSED = Attempt(500, 12, "answered 500")


def hook(database: Database, workspace: str, name: str = "") -> int:
    with database.transaction(workspace) as session:
        return webhooks.add(session, name=name).id


def happens(database: Database, workspace: str, *records: int) -> None:
    with database.transaction(workspace) as session:
        hooks = session.scalars(select(Webhook).where(Webhook.workspace_id == workspace))
        rows = [
            occurrences.row_of(one, "customer.changed", Occurrence("customer", record), None)
            for one in hooks
            for record in records
        ]
        for row in rows:
            session.add(WebhookDelivery(**row))
            session.flush()


def claims(database: Database, most: int = 50) -> list[WebhookDelivery]:
    with database.transaction(EVERY_WORKSPACE) as session:
        return sorted(queue.claim(session, most, 60.0), key=lambda row: row.seq)


def says(database: Database, row: WebhookDelivery, outcome: Attempt) -> bool:
    with database.transaction(row.workspace_id) as session:
        return (queue.failed if outcome.reason else queue.delivered)(session, row, outcome)


def read(database: Database, workspace: str, number: int) -> Webhook:
    with database.transaction(workspace) as session:
        return settings.get(session, number)


def state(database: Database, row: WebhookDelivery) -> tuple[str, int, int | None, str | None]:
    with database.transaction(row.workspace_id) as session:
        found = session.get(WebhookDelivery, (row.workspace_id, row.id))
        assert found is not None
        return found.state, found.attempt, found.status, found.reason


def test_one_record_is_told_in_order_and_others_do_not_wait(database: Database, workspace: str) -> None:
    hook(database, workspace)
    happens(database, workspace, 1, 1, 2)
    first, other = claims(database)
    assert (first.record_id, other.record_id) == (1, 2)
    assert claims(database) == []
    says(database, other, TAKEN)
    assert claims(database) == []
    says(database, first, REFUSED)
    pass_time(database, workspace, 6)
    assert claims(database) == []  # the next of the same record waits for it
    pass_time(database, workspace, 6)
    (again,) = claims(database)
    assert (again.id, again.attempt) == (first.id, 2)
    says(database, again, TAKEN)
    (next_one,) = claims(database)
    assert next_one.record_id == 1 and next_one.id != first.id


def test_two_webhooks_do_not_wait_for_each_other(database: Database, workspace: str) -> None:
    hook(database, workspace, "one")
    hook(database, workspace, "two")
    happens(database, workspace, *range(10))
    assert sorted(row.webhook_id for row in claims(database)) == [1] * AT_ONCE + [2] * AT_ONCE
    assert claims(database) == []


def test_one_that_does_not_answer_is_asked_seldom_and_by_one(database: Database, workspace: str) -> None:
    number = hook(database, workspace)
    happens(database, workspace, *range(5))
    waits = []
    for _ in range(9):
        (row,) = claims(database)[:1]
        says(database, row, REFUSED)
        found = read(database, workspace, number)
        waits.append(round((found.not_before - (row.tried_at or found.not_before)).total_seconds()))
        assert claims(database) == [] or waits == [5]
        pass_time(database, workspace, 400)
    assert waits[0] == 5 and waits[-1] == 300 and waits == sorted(waits)
    assert len(claims(database)) == 1


def test_one_that_answers_again_is_told_all_at_once(database: Database, workspace: str) -> None:
    number = hook(database, workspace)
    happens(database, workspace, 1, 2)
    for row in claims(database):
        says(database, row, REFUSED)
    pass_time(database, workspace, 30)
    (first,) = claims(database)
    says(database, first, TAKEN)
    found = read(database, workspace, number)
    assert (found.failures, found.failing_since) == (0, None)
    assert len(claims(database)) == 1


def test_after_three_days_it_is_switched_off_and_admins_are_told(database: Database, workspace: str) -> None:
    number = hook(database, workspace)
    happens(database, workspace, 1)
    days = 0
    while read(database, workspace, number).disabled_at is None:
        for row in claims(database):
            says(database, row, REFUSED)
        pass_time(database, workspace, 86_400)
        days += 1
        assert days < 6
    assert days == 4
    assert claims(database) == []
    with database.transaction(workspace) as session:
        told = session.scalars(select(Delivery)).all()
        assert [(one.target_user, one.renderer, one.payload) for one in told] == [
            ("UADMIN", queue.RENDERER, {"webhook": number})
        ]
        assert settings.resume(session, settings.get(session, number))
    assert len(claims(database)) == 1


def test_one_that_says_that_it_is_gone_is_switched_off_at_once(database: Database, workspace: str) -> None:
    number = hook(database, workspace)
    happens(database, workspace, 1)
    (row,) = claims(database)
    says(database, row, Attempt(410, 1, "answered 410", for_good=True))
    assert read(database, workspace, number).disabled_at is not None


def test_an_event_is_given_up_at_last_and_lets_the_next_go(database: Database, workspace: str) -> None:
    hook(database, workspace)
    happens(database, workspace, 1, 1)
    with database.transaction(workspace) as session:
        session.execute(update(WebhookDelivery).values(attempt=ATTEMPTS - 2))
    for left in ("pending", "dead"):
        (row,) = claims(database)
        says(database, row, REFUSED)
        assert state(database, row) == (left, row.attempt, 500, "answered 500")
        pass_time(database, workspace, 22_000)
    (following,) = claims(database)
    assert following.seq > row.seq


def test_who_was_overtaken_marks_nothing(database: Database, workspace: str) -> None:
    hook(database, workspace)
    happens(database, workspace, 1)
    (first,) = claims(database)
    pass_time(database, workspace, 61)
    (second,) = claims(database)
    assert (second.id, second.fence) == (first.id, first.fence + 1)
    assert not says(database, first, REFUSED)
    assert says(database, second, TAKEN)
    assert state(database, second) == ("sent", 2, 204, None)


def test_nothing_is_sent_while_it_pauses_was_removed_or_the_app_was(database: Database, workspace: str) -> None:
    number = hook(database, workspace)
    happens(database, workspace, 1)
    for off, on in (
        (settings.pause, settings.resume),
        (settings.remove, lambda _session, one: setattr(one, "removed_at", None)),
    ):
        with database.transaction(workspace) as session:
            off(session, settings.get(session, number))
        assert claims(database) == []
        with database.transaction(workspace) as session:
            found = session.get(Webhook, (workspace, number))
            assert found is not None
            on(session, found)
    assert len(claims(database)) == 1


def test_what_was_told_or_given_up_is_told_again_on_request(database: Database, workspace: str) -> None:
    number = hook(database, workspace)
    happens(database, workspace, 1)
    (row,) = claims(database)
    with database.transaction(workspace) as session:
        found = settings.get(session, number)
        with pytest.raises(Conflict):
            queue.replay(session, found, row.seq)
        with pytest.raises(NotFound):
            queue.replay(session, found, row.seq + 99)
    says(database, row, TAKEN)
    with database.transaction(workspace) as session:
        assert queue.replay(session, settings.get(session, number), row.seq).id == row.id
    (again,) = claims(database)
    assert (again.id, again.attempt, again.fence) == (row.id, 1, row.fence + 1)
    with database.transaction(workspace) as session:
        session.execute(update(WebhookDelivery).values(state="dead", lease_until=None))
        assert queue.replay_failed(session, settings.get(session, number)) == 1
        assert queue.replay_failed(session, settings.get(session, number)) == 0
        assert queue.counts(session, settings.get(session, number)) == {"pending": 1}


def test_the_log_pages_back(database: Database, workspace: str) -> None:
    number = hook(database, workspace)
    happens(database, workspace, *range(7))
    with database.transaction(workspace) as session:
        found = settings.get(session, number)
        newest = queue.log(session, found, limit=3)
        assert [row.record_id for row in newest] == [6, 5, 4]
        assert [row.record_id for row in queue.log(session, found, before=newest[-1].seq, limit=3)] == [3, 2, 1]
