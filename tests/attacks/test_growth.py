"""Let every table that grows grow for a year: what is over goes, and what is still needed stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update

from bot.schedule.clock import Clock
from sandbox.server import Sandbox
from storage.crm import customers
from storage.database.engine import Database
from storage.queues import inbox, outbox, retention
from storage.queues.outbox import Delivery
from storage.queues.retention import KINDS, Keep
from storage.records import history
from storage.records.history import undo
from storage.support import model_versions
from tests.support.cluster import connect, count
from tests.support.replicas import StartReplica
from tests.support.waiting import until

MANY, MANY_IN_LONG = 20_000, 100_000
YEAR = "now() - interval '1 year'"
FILL = f"""
INSERT INTO inbox (workspace_id, kind, body, event_id, state, received_at)
SELECT :w, 'message', '{{}}', 'Ev' || i, CASE WHEN i % 2 = 0 THEN 'done' ELSE 'dead' END, {YEAR}
FROM generate_series(1, :n) AS i;
INSERT INTO outbox
    (workspace_id, id, kind, target_channel, renderer, state, created_at, sent_at, held_by, held_at, stays)
SELECT :w, gen_random_uuid(), 'post', 'C1', 'x.y', state, {YEAR}, CASE WHEN state = 'sent' THEN {YEAR} END,
    CASE WHEN state = 'held' THEN 'muted' END, CASE WHEN state = 'held' THEN {YEAR} END, i % 4 = 0
FROM generate_series(1, :n) AS i,
    LATERAL (SELECT (ARRAY['sent', 'dead', 'cancelled', 'held'])[i / 4 % 4 + 1]) AS s (state);
INSERT INTO due (workspace_id, kind, subject, at, last_at, zone, error)
SELECT :w, 'job:x.y', 's' || i, NULL, {YEAR}, 'UTC', 'failed' FROM generate_series(1, :n) AS i;
INSERT INTO change_set (workspace_id, source, request_key, at)
SELECT :w, 'slash', 'k' || i, {YEAR} FROM generate_series(1, :n) AS i;
INSERT INTO change_answer (workspace_id, change_set_id, answer, kept_at)
SELECT :w, id, '{{}}', {YEAR} FROM change_set WHERE workspace_id = :w AND request_key LIKE 'k%%';
INSERT INTO name_word (workspace_id, word, near) SELECT :w, 'word' || i, 'w' FROM generate_series(1, :n) AS i;
INSERT INTO name_word_left (workspace_id, word) SELECT :w, 'word' || i FROM generate_series(1, :n) AS i;
INSERT INTO import_run (workspace_id, file_name, digest, columns_key, mapping, updated_at)
VALUES (:w, 'a.csv', '', '', '{{}}', {YEAR});
INSERT INTO import_part (workspace_id, import_id, part, body)
SELECT :w, id, i, 'x' FROM import_run, generate_series(1, :n) AS i WHERE workspace_id = :w;
INSERT INTO export_file (workspace_id, name, body, created_at)
SELECT :w, 'deal.csv', 'x', {YEAR} FROM generate_series(1, :n) AS i;
INSERT INTO digest_run (workspace_id, name, target_channel, asked, since, until, created_at)
SELECT :w, 'Old', 'C1', false, {YEAR}, {YEAR}, {YEAR} - interval '1 year' FROM generate_series(1, :n) AS i;
INSERT INTO webhook (workspace_id, name, name_key, url, events, secret) VALUES (:w, 'x', 'x', 'x', '{{*}}', 'x');
INSERT INTO webhook_delivery (workspace_id, id, webhook_id, event, noun, record_id, state, created_at)
SELECT :w, gen_random_uuid(), webhook.id, 'deal.won', 'deal', i,
    (ARRAY['sent', 'dead', 'cancelled', 'pending'])[i % 4 + 1], {YEAR}
FROM webhook, generate_series(1, :n) AS i WHERE workspace_id = :w;
INSERT INTO model_version (workspace_id, version, state, trained_at, live_at, weights)
SELECT :w, 'v' || i, 'retired', {YEAR}, {YEAR} + i * interval '1 second', 'x' FROM generate_series(1, :m) AS i;
INSERT INTO model_version (workspace_id, version, state, trained_at, live_at, weights)
VALUES (:w, 'now', 'live', {YEAR} - interval '1 day', {YEAR} - interval '1 day', 'x');
"""
TABLES = ("inbox", "outbox", "due", "change_answer", "digest_run", "webhook_delivery")


@pytest.fixture
def many(long_form: bool) -> int:
    """Return how many rows each table has grown by."""
    return MANY_IN_LONG if long_form else MANY


def fill(url: str, workspace: str, number: int, models: int) -> None:
    with connect(url) as connection:
        for statement in FILL.split(";\n"):
            given = statement.replace(":w", f"'{workspace}'").replace(":n", str(number)).replace(":m", str(models))
            if given.strip():
                connection.execute(given)
        connection.execute("ANALYZE")


class NoRepairs:
    """Stand for a delivery that has nothing to repair."""

    def repair(self) -> None:
        """Do nothing."""


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes(inner)


def test_a_batch_reads_about_what_it_deletes(
    admin_url: str, database: Database, workspace: str, second_workspace: str, many: int
) -> None:
    fill(admin_url, workspace, many, 1_000)
    fill(admin_url, second_workspace, 1_000, 10)
    most = 50
    given = {"workspace": workspace, "days": 90, "most": most, "rolled_back_to": 5}
    for kind in KINDS:
        with database.transaction(workspace) as session:
            assert retention.purge(session, kind, Keep(), limit=1) == 1
            plan = session.execute(
                text(f"EXPLAIN (ANALYZE, FORMAT JSON) {retention.STATEMENTS[kind]}"), given
            ).scalar_one()[0]["Plan"]
        for node in nodes(plan):
            read = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
            # There are few models, and each was thousands of messages' work.
            assert kind == "models" or read <= 10 * most + 10, (kind, node)


def test_what_is_over_goes_and_other_workspaces_keep_theirs(
    admin_url: str, database: Database, workspace: str, second_workspace: str, many: int
) -> None:
    fill(admin_url, workspace, many, 100)
    with database.transaction(workspace) as session:
        session.execute(text("INSERT INTO installation (workspace_id) VALUES (:w)"), {"w": workspace})
    # Nobody has installed it there: the rows are nobody's to delete.
    fill(admin_url, second_workspace, 100, 1)
    clock = Clock(database, NoRepairs(), run_job=lambda *_: None)
    clock.upkeep()
    for table in TABLES:
        expected = many // 4 if table == "outbox" else 0
        assert count(admin_url, table, f"workspace_id = '{workspace}'") == expected, table
        assert count(admin_url, table, f"workspace_id = '{second_workspace}'") == 100, table
    assert count(admin_url, "outbox", f"workspace_id = '{workspace}' AND NOT stays") == 0
    # The history stays.
    assert count(admin_url, "change_set", f"workspace_id = '{workspace}'") == many
    with database.transaction(workspace) as session:
        kept = session.scalars(
            select(model_versions.ModelVersion.version).where(model_versions.ModelVersion.weights.is_not(None))
        )
        assert set(kept) == {"now", "v96", "v97", "v98", "v99", "v100"}
        assert session.query(model_versions.ModelVersion).count() == 101


def test_what_is_younger_than_its_days_stays(admin_url: str, database: Database, workspace: str) -> None:
    fill(admin_url, workspace, 8, 0)
    with database.transaction(workspace) as session:
        # A word that nobody is called any more has no age: it goes.
        for kind in set(KINDS) - {"words"}:
            assert retention.purge(session, kind, Keep(3650, 3650, 3650, 3650, 3650)) == 0
        assert retention.purge(session, "deliveries", Keep()) == 6
        assert retention.purge(session, "deliveries", Keep()) == 0
    with pytest.raises(ValueError, match="at least 2 days"):
        Keep(requests=1)


def test_one_process_at_a_time_deletes_and_others_do_not_wait(
    admin_url: str, database: Database, workspace: str
) -> None:
    fill(admin_url, workspace, 8, 0)
    with database.transaction(workspace) as first:
        assert retention.purge(first, "requests", Keep(), limit=1) == 1
        with database.transaction(workspace, statement_timeout_ms=2_000) as second:
            assert retention.purge(second, "requests", Keep()) == 0
    with database.transaction(workspace) as session:
        assert retention.purge(session, "requests", Keep()) == 3


def test_what_is_needed_is_still_there(admin_url: str, database: Database, workspace: str) -> None:
    old = datetime.now(UTC) - timedelta(days=200)
    ids: dict[str, Any] = {}
    with database.transaction(workspace) as session:
        for name, state in (
            ("edited", "sent"),
            ("pending", "pending"),
            ("card", "sent"),
            ("watched", "sent"),
            ("digest", "dead"),
        ):
            ids[name] = outbox.enqueue(session, target_channel="C1", renderer="x.y", record="T-1", dedupe_key=name)
            values = {"state": state, "created_at": old, "sent_at": old if state == "sent" else None}
            session.execute(update(Delivery).where(Delivery.id == ids[name]).values(values))
        session.execute(update(Delivery).where(Delivery.id == ids["watched"]).values(check_at=old))
        # By an older program, which knows nothing of what stays.
        ids["change"] = outbox.enqueue(session, kind="update", edits=ids["edited"], renderer="x.y", record="T-1")
        session.execute(update(Delivery).where(Delivery.id == ids["edited"]).values(stays=False))
        session.execute(
            text(
                "INSERT INTO ticket"
                " (workspace_id, id, name, name_key, find_key, status, priority, version, card_delivery_id)"
                " VALUES (:w, 1, 'x', 'x', 'x', 'open', 'normal', 1, :card)"
            ),
            {"w": workspace, "card": ids["card"]},
        )
        session.execute(
            text(
                "INSERT INTO digest_run (workspace_id, name, target_channel, asked, since, until, delivery_id)"
                " VALUES (:w, 'x', 'C1', false, now(), now(), :run)"
            ),
            {"w": workspace, "run": ids["digest"]},
        )
    with database.transaction(workspace) as session:
        assert [retention.purge(session, kind, Keep()) for kind in KINDS] == [0] * len(KINDS)
        assert set(session.scalars(select(Delivery.id))) == set(ids.values())


def test_what_was_changed_once_stays(database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session:
        for kind in (outbox.UPDATE, outbox.DELETE):
            post = outbox.enqueue(session, target_channel="C1", renderer="x.y", record="T-1")
            assert not session.get_one(Delivery, (workspace, post)).stays
            change = outbox.enqueue(session, kind=kind, edits=post, renderer="x.y", record="T-1")
            session.flush()
            session.expire_all()
            assert session.get_one(Delivery, (workspace, post)).stays
            assert not session.get_one(Delivery, (workspace, change)).stays


def test_an_event_is_recognised_after_a_day_and_a_change_is_undone(
    admin_url: str, database: Database, workspace: str
) -> None:
    with database.transaction(workspace) as session:
        item = inbox.store(session, kind="message", body={}, event_id="Ev1", lease_s=60)
        assert item is not None and inbox.done(session, item)
        session.execute(text("UPDATE inbox SET received_at = now() - interval '23 hours'"))
        with history.recording(session, actor_id="UREP", source="slash", request_key="k"):
            customers.add(session, name="Harbor")
            history.save_answer(session, {"text": "added"})
    with database.transaction(workspace) as session:
        for kind in KINDS:
            retention.purge(session, kind, Keep(2, 2, 2, 2, 2))
        assert inbox.store(session, kind="message", body={}, event_id="Ev1") is None
        assert history.find_answer(session, "k") == {"text": "added"}
        with history.recording(session, actor_id="UREP", source="slash"):
            assert [row.name for row in undo(session, "UREP").rows] == ["Harbor"]


def test_a_card_that_was_posted_long_ago_is_changed_in_place(
    admin_url: str, slack: Sandbox, start: StartReplica
) -> None:
    replica = start()
    support = slack.person("UAAGENT")
    assert "#support" in slack.person("UAADMIN").types("/crm triage #support", channel="CGENERAL").text
    slack.person("UAADMIN").types("/customer add Globex", channel="CGENERAL")
    slack.person("UAADMIN").types("/customer link Globex channel:#ext-globex", channel="CGENERAL")
    slack.person("UBCARLA").types("The export fails with an error 500, please help", channel="CSHARED")
    until(lambda: count(admin_url, "outbox", "state = 'sent' AND renderer = 'triage.card'") > 0)
    assert replica.stop() == 0
    with connect(admin_url) as connection:
        connection.execute(
            "UPDATE outbox SET created_at = created_at - interval '200 days', sent_at = sent_at - interval '200 days'"
        )
        (workspace,) = connection.execute("SELECT id FROM workspace LIMIT 1").fetchone() or ("",)
    fill(admin_url, workspace, 1_000, 0)
    posted = count(admin_url, "outbox", "kind = 'post' AND renderer = 'triage.card'")
    start()
    until(lambda: count(admin_url, "outbox", "NOT stays AND created_at < now() - interval '100 days'") == 0)
    assert "T-1" in support.types("/ticket assign T-1 me", channel="CGENERAL").text
    until(
        lambda: (
            count(admin_url, "outbox", "kind = 'update' AND state = 'sent' AND sent_at > now() - interval '1 day'") > 0
        )
    )
    assert count(admin_url, "outbox", "kind = 'post' AND renderer = 'triage.card'") == posted
