"""Show that deliveries are claimed once, fairly, in order, at Slack's pace, and that the overtaken are refused."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from storage.database.engine import EVERY_WORKSPACE, Database
from storage.queues import outbox, outbox_claims
from storage.queues.outbox import Delivery
from storage.workspace.members import MEMBERS_CHANGED, Member
from storage.workspace.workspaces import Installation
from tests.support.cluster import connect, sessions
from tests.support.outbox_rows import claim, post, read, send
from tests.support.passing_time import pass_time
from tests.support.waiting import PATIENCE_S, until


def test_a_delivery_is_claimed_by_one_of_many_at_the_same_time(database: Database, workspace: str) -> None:
    wanted = {post(database, workspace, f"C{number}") for number in range(40)}
    claimed: list[Delivery] = []

    def work() -> None:
        while len(claimed) < 100 and (batch := claim(database, 3)):
            claimed.extend(batch)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert {row.id for row in claimed} == wanted
    assert len(claimed) == 40


def test_what_was_claimed_while_another_looked_is_not_claimed_twice(
    database: Database, workspace: str, second_workspace: str, admin_url: str
) -> None:
    post(database, second_workspace)
    with database.transaction(second_workspace) as session:
        outbox_claims.pause(session, "chat.postMessage", 3_600)
    looks = f"workspace_id <> '{second_workspace}' OR pg_advisory_xact_lock_shared(4711)::text = ''"
    with ThreadPoolExecutor(1) as pool, closing(connect(admin_url)) as admin:
        # Whoever looks at the second workspace waits there, with a look at the first that is older and older.
        admin.execute(f"CREATE POLICY slow ON outbox_pause AS RESTRICTIVE FOR SELECT USING ({looks})".encode())
        claimed: list[UUID] = []
        for number in range(40):
            # Until it is the second workspace's turn before the first's, which is left to chance.
            wanted = post(database, workspace, f"C{number}")
            admin.execute("SELECT pg_advisory_lock(4711)")
            looking = pool.submit(claim, database)
            until(lambda: sessions(admin_url, "wait_event = 'advisory'") == 1)
            with database.transaction(workspace) as session:
                claimed = [row.id for row in outbox_claims.claim(session, 10, 60)]
            admin.execute("SELECT pg_advisory_unlock(4711)")
            assert [*claimed, *(row.id for row in looking.result())] == [wanted]
            if claimed:
                break
        assert claimed


def test_one_conversation_is_never_in_two_hands(database: Database, workspace: str) -> None:
    ids = [post(database, workspace) for _ in range(8)]
    claimed: list[Delivery] = []

    def work() -> None:
        claimed.extend(claim(database, 5))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [row.id for row in claimed] == ids[:1]


def test_a_conversation_gets_one_message_a_second_in_order(database: Database, workspace: str) -> None:
    ids = [post(database, workspace) for _ in range(3)]
    order = []
    for _ in ids:
        (row,) = claim(database)
        order.append(row.id)
        send(database, row)
        assert claim(database) == []
        pass_time(database, workspace, 1)
    assert order == ids


def test_the_second_is_a_second(database: Database, workspace: str) -> None:
    post(database, workspace)
    post(database, workspace)
    send(database, claim(database)[0])
    assert outbox_claims.LANE_INTERVAL_S == 1
    # As if it were sent in a moment, whenever this machine comes to look.
    pass_time(database, workspace, -3_600)
    assert claim(database) == []
    pass_time(database, workspace, 3_600 + outbox_claims.LANE_INTERVAL_S)
    assert len(claim(database)) == 1


def test_urgent_goes_before_bulk_in_other_conversations_too(database: Database, workspace: str) -> None:
    post(database, workspace, "C1")
    post(database, workspace, "C2")
    alert = post(database, workspace, "C3", priority=10)
    same = post(database, workspace, "C1", priority=10)
    assert [row.id for row in claim(database, 2)] == [alert, same]


def test_a_flood_in_one_workspace_leaves_the_other_its_share(
    database: Database, workspace: str, second_workspace: str
) -> None:
    for number in range(10):
        post(database, workspace, f"C{number}")
    post(database, second_workspace)
    assert second_workspace in {row.workspace_id for row in claim(database, 2)}


def test_what_is_for_later_waits_and_holds_up_nobody(database: Database, workspace: str) -> None:
    post(database, workspace, not_before=datetime.now(UTC) + timedelta(hours=1), priority=10)
    now = post(database, workspace)
    assert [row.id for row in claim(database)] == [now]


def test_a_lease_that_ran_out_is_claimed_as_ambiguous_and_who_had_it_is_refused(
    database: Database, workspace: str
) -> None:
    post(database, workspace)
    (slow,) = claim(database, lease_s=0)
    (quick,) = claim(database)
    assert not slow.ambiguous
    assert (quick.ambiguous, quick.attempt, quick.fence) == (True, 2, slow.fence + 1)
    assert quick.first_attempt_at == slow.first_attempt_at
    with database.transaction(workspace) as session:
        assert not outbox_claims.mark_sent(session, slow, channel="C1", ts="17.1")
        assert not outbox_claims.mark_ambiguous(session, slow, "reset", grace_s=0)
        assert not outbox_claims.retry_later(session, slow, "429", delay_s=0)
        assert not outbox_claims.release(session, slow)
        assert not outbox_claims.unreadable(session, slow, "history", delay_s=0)
        assert not outbox_claims.dead(session, slow, "no")
        assert not outbox_claims.cancelled(session, slow, "no")
        assert not outbox_claims.resolved(session, slow, "D1")
        assert outbox_claims.mark_sent(session, quick, channel="C1", ts="17.1")
    assert read(database, workspace, quick.id).state == "sent"


def test_a_tried_delivery_holds_up_its_conversation_and_goes_first(database: Database, workspace: str) -> None:
    first = post(database, workspace)
    post(database, workspace, priority=10)
    other = post(database, workspace, "C2")
    with database.transaction(workspace) as session:
        session.execute(
            update(Delivery).where(Delivery.priority == 10).values(not_before=datetime.now(UTC) + timedelta(hours=1))
        )
    row = next(row for row in claim(database) if row.id == first)
    with database.transaction(workspace) as session:
        session.execute(update(Delivery).where(Delivery.priority == 10).values(not_before=datetime.now(UTC)))
        assert outbox_claims.mark_ambiguous(session, row, "reset", grace_s=3_600)
    assert claim(database) == []
    with database.transaction(workspace) as session:
        session.execute(update(Delivery).where(Delivery.id == first).values(not_before=datetime.now(UTC)))
    (again,) = claim(database)
    assert (again.id, again.ambiguous, again.reason) == (first, True, "reset")
    assert read(database, workspace, other).state == "sending"


def test_what_cannot_be_sent_for_a_quarter_of_an_hour_lets_the_others_pass(database: Database, workspace: str) -> None:
    held = post(database, workspace)
    (row,) = claim(database)
    behind = post(database, workspace)
    with database.transaction(workspace) as session:
        outbox_claims.unreadable(session, row, "history", delay_s=3_600)

    def tried_for(minutes: float) -> None:
        since = datetime.now(UTC) - timedelta(minutes=minutes)
        with database.transaction(workspace) as session:
            session.execute(update(Delivery).values(first_attempt_at=since).where(Delivery.id == held))

    for minutes in (0, 10):
        tried_for(minutes)
        assert claim(database) == []
    tried_for(16)
    assert [row.id for row in claim(database)] == [behind]


def test_history_is_unreadable_since_the_first_time(database: Database, workspace: str) -> None:
    delivery_id = post(database, workspace)
    seen = set()
    for _ in range(2):
        (row,) = claim(database)
        with database.transaction(workspace) as session:
            outbox_claims.unreadable(session, row, "history", delay_s=0)
        seen.add(read(database, workspace, delivery_id).unreadable_since)
    assert len(seen) == 1
    assert None not in seen


def test_a_message_is_watched_until_a_look_at_it_has_ended(database: Database, workspace: str) -> None:
    delivery_id = post(database, workspace)
    (row,) = claim(database)
    row.ambiguous = True
    with database.transaction(workspace) as session:
        outbox_claims.mark_sent(session, row, channel="C1", ts="1.1")
        old = {"check_at": datetime.now(UTC), "sent_at": datetime.now(UTC) - timedelta(minutes=11)}
        session.execute(update(Delivery).where(Delivery.id == delivery_id).values(old))
    for _killed in range(2):
        with database.transaction(EVERY_WORKSPACE) as session:
            taken = outbox_claims.claim_checks(session, 10)
        assert [one.id for one in taken] == [delivery_id]
        assert read(database, workspace, delivery_id).check_at is not None
        with database.transaction(workspace) as session:
            outbox_claims.check_again(session, taken, 0)
    with database.transaction(workspace) as session:
        outbox_claims.checked(session, taken)
    assert read(database, workspace, delivery_id).check_at is None


def test_a_released_delivery_is_as_if_it_was_never_claimed(database: Database, workspace: str) -> None:
    post(database, workspace)
    (row,) = claim(database)
    with database.transaction(workspace) as session:
        assert outbox_claims.release(session, row)
    (again,) = claim(database)
    assert (again.attempt, again.ambiguous) == (1, False)
    assert again.first_attempt_at and row.first_attempt_at and again.first_attempt_at > row.first_attempt_at


def test_a_pause_holds_one_method_in_one_workspace(database: Database, workspace: str, second_workspace: str) -> None:
    card = post(database, workspace, "C1")
    send(database, claim(database)[0])
    pass_time(database, workspace, 1)
    post(database, workspace, "C2")
    change = post(database, workspace, kind="update", edits=card)
    theirs = post(database, second_workspace)
    with database.transaction(workspace) as session:
        outbox_claims.pause(session, "chat.postMessage", 60)
        outbox_claims.pause(session, "chat.postMessage", 1)  # a shorter one takes nothing away
        assert 59 < outbox_claims.take(session, "chat.postMessage", per_minute=60, burst=60) <= 60
    assert {row.id for row in claim(database)} == {change, theirs}


def test_a_bucket_gives_its_burst_and_then_its_rate(database: Database, workspace: str, second_workspace: str) -> None:
    def take(where: str = workspace, method: str = "chat.update") -> float:
        with database.transaction(where) as session:
            return outbox_claims.take(session, method, per_minute=1 / 60, burst=3)

    assert [take() for _ in range(3)] == [0, 0, 0]
    assert 3_000 < take() <= 3_600
    assert take(method="chat.delete") == take(second_workspace) == 0
    pass_time(database, workspace, 3_600)
    assert take() == 0
    assert take() > 0


def test_a_bucket_that_is_empty_holds_its_method_back_for_all(database: Database, workspace: str) -> None:
    post(database, workspace)
    with database.transaction(workspace) as session:
        assert [outbox_claims.take(session, "chat.postMessage", per_minute=60, burst=1) == 0 for _ in range(2)] == [
            True,
            False,
        ]
    assert claim(database) == []


def test_many_at_the_same_time_get_no_more_than_there_is(database: Database, workspace: str) -> None:
    waits: list[float] = []

    def work() -> None:
        for _ in range(6):
            with database.transaction(workspace) as session:
                waits.append(outbox_claims.take(session, "chat.update", per_minute=1, burst=5))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert waits.count(0) == 5


def test_nothing_is_claimed_for_who_took_the_app_away(database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session:
        session.add(Installation(workspace_id=workspace))
    post(database, workspace)
    with database.transaction(workspace) as session:
        session.get_one(Installation, workspace).revoked_at = datetime.now(UTC)
    assert claim(database) == []
    with database.transaction(workspace) as session:
        session.get_one(Installation, workspace).revoked_at = None
    assert len(claim(database)) == 1


def test_cancelling_and_claiming_at_the_same_time_do_one_or_the_other(database: Database, workspace: str) -> None:
    for number in range(10):
        delivery_id = post(database, workspace, f"C{number}")
        assert cancel_while_claiming(database, workspace, delivery_id) is (
            read(database, workspace, delivery_id).attempt == 0
        )


def cancel_while_claiming(database: Database, workspace: str, delivery_id: UUID) -> bool:
    start = threading.Barrier(2)
    cancelled: list[bool] = []

    def cancel() -> None:
        with database.transaction(workspace) as session:
            start.wait()
            cancelled.append(outbox.cancel(session, delivery_id, reason="closed"))

    thread = threading.Thread(target=cancel)
    thread.start()
    start.wait()
    claim(database)
    thread.join()
    claim(database)
    return cancelled[0]


@pytest.mark.parametrize("state", ["dead", "cancelled"])
def test_a_settled_delivery_is_never_claimed_again(database: Database, workspace: str, state: str) -> None:
    post(database, workspace)
    (row,) = claim(database)
    with database.transaction(workspace) as session:
        (outbox_claims.dead if state == "dead" else outbox_claims.cancelled)(session, row, "why")
    assert claim(database) == []
    assert (read(database, workspace, row.id).state, read(database, workspace, row.id).reason) == (state, "why")


def test_every_process_hears_of_a_conversation_that_is_new_and_of_no_other(database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session:
        session.execute(update(Member).where(Member.id == "UREP").values(dm_channel_id="D1"))
    with database.listen([MEMBERS_CHANGED]) as listener:
        for channel in ("D1", "D2", "D2"):
            with database.transaction(workspace) as session:
                outbox_claims.opened(session, "UREP", channel)
        assert [note.payload for note in listener.wait(PATIENCE_S)] == [f"{workspace} UREP"]
        assert listener.wait(0.05) == []
