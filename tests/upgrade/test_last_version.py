"""Go on with what the last version left: its buttons, open forms, unsent messages, unhandled events, kept answers."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from bot.app import Rapport
from bot.grammar.calendar.recurrence import next_time
from bot.registry import Registry
from bot.requests.answer import dump
from bot.schedule.jobs import Jobs
from bot.settings import Settings
from sandbox.server import Sandbox
from sandbox.world.persistence import FILE
from storage.backup.restore import restore
from storage.database.engine import EVERY_WORKSPACE
from storage.queues import due
from tests.support.cluster import Cluster, connect
from tests.support.waiting import until
from tests.upgrade.left import (
    DATABASE,
    FOLDER,
    Left,
    declared,
    missing,
    outcomes,
    presses,
    request_of,
    runtime_at,
    waiting,
)

pytestmark = pytest.mark.usefixtures("no_errors")

ON_PURPOSE: Mapping[str, str] = dict.fromkeys(
    ("replies.new", "replies.delete", "replies.delete_listed"), "saved replies have a history, and so are changes"
) | {"triage.more": "tickets of two customers are merged only once somebody says that it is meant"}
"""Ids that are gone, or whose use comes out otherwise, with the reason; empty again with the next recording."""

TO_SEND = "SELECT renderer, kind, reason FROM outbox WHERE state IN ('pending', 'sending') AND not_before <= now()"
A_SECOND_PASSES = "UPDATE outbox SET sent_at = sent_at - interval '1 s' WHERE sent_at > now() - interval '1 s'"
UNSENDABLE = "SELECT renderer, kind, reason FROM outbox WHERE state IN ('pending', 'dead') AND attempt > 0"
TO_HANDLE = """
    SELECT kind, error FROM inbox WHERE error IS NULL AND
        (state = 'pending' AND not_before <= now() OR state = 'working')
"""
GOODBYE = ("app_uninstalled", "tokens_revoked")
"""After which nothing is done for the workspace any more."""
ANSWERS = """
    SELECT request_key, answer FROM change_set JOIN change_answer
        ON change_answer.workspace_id = change_set.workspace_id AND change_answer.change_set_id = change_set.id
"""


@pytest.fixture(scope="module")
def left() -> Left:
    """Read what was left."""
    return Left.read()


@pytest.fixture(scope="module")
def restored(cluster: Cluster, registry: Registry) -> Iterator[str]:
    """Restore the last version's database and bring it up to this one."""
    url = cluster.create()
    restore(url, FOLDER / DATABASE, registry.lines, login=make_url(url).username, progress=_quiet, next_time=None)
    yield url
    cluster.drop(url)


def _quiet(_line: str) -> None:
    """Say nothing."""


@pytest.fixture
def slack(left: Left, tmp_path: Path) -> Iterator[Sandbox]:
    """Run a Slack in which all stands as the last version left it."""
    (tmp_path / FILE).write_text(json.dumps(left.slack), encoding="utf-8")
    with Sandbox(data=tmp_path) as sandbox:
        yield sandbox


def rows(url: str, query: str) -> list[Any]:
    """Return what the superuser sees."""
    with closing(connect(url)) as connection:
        found = connection.execute(query.encode())
        return found.fetchall() if found.description else []


@dataclass
class Desk:
    """Hold a bot that has not begun with anything, and its database, in which all waits as it was left."""

    bot: Rapport
    url: str

    def rows(self, query: str) -> list[Any]:
        """Return what the superuser sees."""
        return rows(self.url, query)

    def count(self, query: str) -> dict[str, int]:
        """Return how many there are of each kind."""
        return dict(self.rows(f"SELECT concat_ws(' ', {query} GROUP BY 1"))

    def is_done(self, query: str) -> None:
        """Wait until no row of this kind is there."""
        until(lambda: not self.rows(query), otherwise=lambda: self.rows(query))

    def sends(self) -> None:
        """Wait until what is to be sent is sent, or was found to be unsendable, each second in no time."""
        until(lambda: not (self.rows(A_SECOND_PASSES) or self.rows(TO_SEND)), otherwise=lambda: self.rows(TO_SEND))
        assert self.rows(UNSENDABLE) == []


@pytest.fixture
def desk(cluster: Cluster, restored: str, slack: Sandbox, registry: Registry, models: Path) -> Iterator[Desk]:
    """Wire the whole bot to a copy of the database, and begin with nothing yet."""
    url = cluster.create(restored)
    settings = Settings(
        bot_token="xoxb-a-sandbox",
        api_url=f"{slack.url}/api/",
        data_dir=models,
        slack_pace=100,
    )
    bot = Rapport(settings, url, registry=registry)
    bot.installations.load()
    yield Desk(bot, url)
    bot.stop(10)
    cluster.drop(url)


@pytest.fixture
def no_errors(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail where something failed on our side, whoever was told so."""
    yield
    assert [one.getMessage() for one in caplog.get_records("call") if one.levelno >= logging.ERROR] == []


def test_all_that_can_be_left_was_left(left: Left, restored: str) -> None:
    assert missing(left) == set()
    assert waiting(restored) == left.waiting


def test_every_id_is_still_known(left: Left, registry: Registry) -> None:
    known = declared(registry)
    renamed = {name for name, now in registry.renamed.items() if now.now in {*known["actions"], *known["views"]}}
    gone = {kind: {*ids} - {*known[kind]} - {*ON_PURPOSE} - renamed for kind, ids in left.declared.items()}
    assert {kind: sorted(ids) for kind, ids in gone.items() if ids} == {}


def test_each_button_menu_form_and_command_does_what_it_did(
    left: Left, restored: str, slack: Sandbox, registry: Registry
) -> None:
    runtime = runtime_at(left, restored, f"{slack.url}/api/", registry)
    came = outcomes(left, runtime)
    runtime.database.dispose()
    other = {name: f"was {was}, is {came[name]}" for name, was in left.outcomes.items() if came.get(name, "") != was}
    assert {name: how for name, how in other.items() if name.split(" ")[1] not in ON_PURPOSE} == {}
    assert len(came) == len({press.name for press in presses(left)}) + len(left.requests)
    assert {*came.values()} == {"changed", "shown", "refused", "repeated"}


def test_a_request_that_was_answered_is_answered_the_same(
    left: Left, restored: str, slack: Sandbox, registry: Registry
) -> None:
    runtime = runtime_at(left, restored, f"{slack.url}/api/", registry)
    kept = dict(rows(restored, ANSWERS))
    repeated = {}
    for sent in left.requests:
        request = request_of(sent["kind"], sent["body"])
        if request.key in kept:
            answer = runtime.repeated(request)
            assert answer is not None
            repeated[request.key] = dump(answer)
    runtime.database.dispose()
    assert repeated.keys() == kept.keys()
    assert Counter(said["kind"] for said in repeated.values()) == left.waiting["answers"]
    for key, said in repeated.items():
        assert said == {name: kept[key][name] for name in said}
        assert not any(value for name, value in kept[key].items() if name not in said)


def test_what_was_to_be_sent_is_sent(desk: Desk, left: Left) -> None:
    waited = desk.rows("SELECT id::text FROM outbox WHERE state = 'pending'")
    desk.bot.delivery.start()
    desk.sends()
    ids = ", ".join(f"'{one}'" for (one,) in waited)
    assert desk.count(f"state, renderer, kind), count(*) FROM outbox WHERE id IN ({ids})") == {
        f"sent {kind}": number for kind, number in left.waiting["outbox"].items()
    }


def test_what_falls_due_is_sent(desk: Desk, left: Left) -> None:
    desk.rows("UPDATE followup SET due_at = now() WHERE closed_at IS NULL")
    desk.rows("UPDATE sla_clock SET due_at = now() WHERE due_at IS NOT NULL")
    desk.rows("UPDATE due SET at = now() WHERE NOT is_job AND at IS NOT NULL")
    keys = desk.rows("SELECT kind || ':' || subject || ':', kind FROM due WHERE NOT is_job AND at IS NOT NULL")
    desk.bot.clock.materialise()
    desk.bot.delivery.start()
    desk.sends()
    became: Counter[str] = Counter()
    for key, kind in keys:
        for (state,) in desk.rows(f"SELECT state FROM outbox WHERE starts_with(dedupe_key, '{key}')"):
            became[f"{kind} {state}"] += 1
    assert became == {
        f"{kind} sent": number for kind, number in left.waiting["due"].items() if not kind.startswith(due.JOB)
    }


def test_what_recurs_is_done(desk: Desk, left: Left) -> None:
    desk.rows("UPDATE due SET at = now() WHERE is_job")
    with desk.bot.database.transaction(EVERY_WORKSPACE) as session:
        claimed = due.claim_jobs(session, 100, 60.0)
    done: Counter[str] = Counter()
    for job in claimed:
        with desk.bot.database.transaction(job.workspace_id) as session:
            Jobs(desk.bot.runtime).run(job, session)
            done[job.kind] += due.finish(session, job, next_time=next_time)
    assert done == {kind: number for kind, number in left.waiting["due"].items() if kind.startswith(due.JOB)}


def test_what_was_not_handled_is_handled(desk: Desk, left: Left) -> None:
    waited = desk.rows("SELECT id FROM inbox WHERE state IN ('pending', 'working')")
    last = f"kind IN ({', '.join(repr(kind) for kind in GOODBYE)})"
    desk.rows(f"UPDATE inbox SET not_before = now() + interval '1 day' WHERE {last}")
    desk.bot.delivery.start()
    desk.bot.intake.start()
    desk.is_done(TO_HANDLE)
    desk.sends()
    desk.rows(f"UPDATE inbox SET not_before = now() WHERE {last}")
    desk.is_done(TO_HANDLE)
    ids = ", ".join(str(one) for (one,) in waited)
    assert desk.count(f"state, kind, error), count(*) FROM inbox WHERE id IN ({ids})") == {
        f"done {kind}": number for kind, number in left.waiting["inbox"].items()
    }
    notes = "SELECT text, count(*) FROM note WHERE text LIKE 'In a % its effect' GROUP BY 1"
    assert {*desk.rows(notes)} == {
        (f"In a {what} that ends {when} its effect", 1) for what in ("form", "command") for when in ("before", "after")
    }
    written = desk.rows("SELECT text, ticket_id IS NOT NULL FROM message WHERE text LIKE 'Nobody can log in%'")
    assert written == [("Nobody can log in any more, error 404", True)]
