"""Show that webhooks are told what happened to records, whatever way it was done, and of nothing that did not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import time

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from storage.crm import customers, deals, notes
from storage.crm.customers import CUSTOMER
from storage.crm.deals import DEAL
from storage.database.engine import Database
from storage.digests import schedules
from storage.errors import Invalid
from storage.records import history, lifecycle
from storage.records.schema import field_definitions, noun_definitions, of
from storage.support import messages
from storage.webhooks import occurrences, settings
from storage.webhooks.model import CHANNEL, WebhookDelivery
from tests.support import webhooks
from tests.support.webhooks import told


@pytest.fixture
def hooked(database: Database, workspace: str) -> str:
    """Return a workspace with a webhook that is told everything."""
    with database.transaction(workspace) as session:
        webhooks.add(session)
    return workspace


@contextmanager
def does(database: Database, workspace: str, source: str = "test") -> Iterator[Session]:
    """Open a transaction that is recorded."""
    with database.transaction(workspace) as session, history.recording(session, actor_id="UREP", source=source):
        yield session


def test_each_kind_of_change_is_an_event(database: Database, hooked: str) -> None:
    with does(database, hooked) as session:
        lifecycle.add(session, CUSTOMER, {"name": "Heron"})
        lifecycle.add(session, CUSTOMER, {"name": "Heron Sails"})
    first, second = 1, 2
    for act in (
        lambda session: lifecycle.change(session, CUSTOMER, customers.get(session, first), {"tier": "gold"}),
        lambda session: lifecycle.archive(session, customers.get(session, first)),
        lambda session: lifecycle.restore(session, customers.get(session, first)),
        lambda session: lifecycle.merge(
            session, CUSTOMER, customers.get(session, second), customers.get(session, first)
        ),
        lambda session: history.undo(session, "UREP"),
    ):
        with does(database, hooked) as session:
            act(session)
    assert told(database, hooked) == [
        ("customer.created", "customer 1"),
        ("customer.created", "customer 2"),
        ("customer.changed", "customer 1"),
        ("customer.archived", "customer 1"),
        ("customer.restored", "customer 1"),
        ("customer.merged", "customer 2"),
        ("customer.restored", "customer 2"),
    ]


def test_what_is_undone_is_told_as_removed(database: Database, hooked: str) -> None:
    with does(database, hooked) as session:
        lifecycle.add(session, CUSTOMER, {"name": "Heron"})
    with does(database, hooked) as session:
        history.undo(session, "UREP")
    assert [one for one, _ in told(database, hooked)] == ["customer.created", "customer.removed"]


def test_a_record_is_told_once_however_often_it_was_written(database: Database, hooked: str) -> None:
    with does(database, hooked) as session:
        made = lifecycle.add(session, CUSTOMER, {"name": "Heron"})
        for tier in ("silver", "gold"):
            lifecycle.change(session, CUSTOMER, made, {"tier": tier})
    with does(database, hooked) as session:
        gone = lifecycle.add(session, CUSTOMER, {"name": "Brief"})
        session.delete(gone)
    assert told(database, hooked) == [("customer.created", "customer 1")]


def test_the_most_telling_event_that_is_wanted_is_told(database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session:
        webhooks.add(session, "deal.*", name="all of deals")
        webhooks.add(session, "deal.changed", name="changes")
        webhooks.add(session, "*.won", "deal.lost", name="ends")
        webhooks.add(session, "customer.*", name="others")
    with does(database, workspace) as session:
        made = lifecycle.add(session, DEAL, {"name": "Sails"})
    with does(database, workspace) as session:
        deals.win(session, deals.get(session, made.id))
    assert told(database, workspace) == [
        ("deal.created", "deal 1"),
        ("deal.won", "deal 1"),
        ("deal.changed", "deal 1"),
        ("deal.won", "deal 1"),
    ]


def test_a_classified_message_is_told(database: Database, hooked: str) -> None:
    judged = {"category": "billing", "confidence": 0.9, "reasons": [], "model_version": "1", "abstained": False}
    with does(database, hooked) as session:
        one = messages.receive(
            session, channel_id="C1", ts="1700000000.000100", text="x", author_id=None, judged=judged
        )
    assert one is not None
    assert told(database, hooked) == [("message.classified", f"message {one.id}")]


def test_a_part_that_was_taken_back_is_not_told(database: Database, hooked: str) -> None:
    judged = {"category": "billing", "confidence": 0.9, "reasons": [], "model_version": "1", "abstained": False}
    with does(database, hooked) as session:
        with pytest.raises(RuntimeError), session.begin_nested():
            lifecycle.add(session, CUSTOMER, {"name": "Heron"})
            messages.receive(session, channel_id="C1", ts="1700000000.000100", text="x", author_id=None, judged=judged)
            raise RuntimeError
        lifecycle.add(session, CUSTOMER, {"name": "Egret"})
    assert [one for one, _ in told(database, hooked)] == ["customer.created"]


def test_a_batch_of_something_long_tells_of_its_own_records(database: Database, hooked: str) -> None:
    with does(database, hooked) as session:
        lifecycle.add(session, CUSTOMER, {"name": "Heron"})
        change = history.current_change(session)
    with (
        database.transaction(hooked) as session,
        history.recording(session, actor_id="UREP", source="move", resumed=change),
    ):
        lifecycle.add(session, CUSTOMER, {"name": "Egret"})
    assert told(database, hooked) == [("customer.created", "customer 1"), ("customer.created", "customer 2")]


def test_an_import_is_quiet_and_what_comes_after_it_is_not(database: Database, hooked: str) -> None:
    with does(database, hooked, history.IMPORT) as session:
        made = lifecycle.add(session, DEAL, {"name": "Sails"})
        deals.win(session, deals.get(session, made.id))
        change = history.current_change(session)
    with (
        database.transaction(hooked) as session,
        history.recording(session, actor_id="UREP", source=history.IMPORT, resumed=change),
    ):
        lifecycle.add(session, CUSTOMER, {"name": "Heron"})
    assert told(database, hooked) == []
    with does(database, hooked) as session:
        lifecycle.add(session, CUSTOMER, {"name": "Egret"})
    assert [one for one, _ in told(database, hooked)] == ["customer.created"]


def test_own_nouns_and_own_fields_are_told(database: Database, hooked: str) -> None:
    with does(database, hooked) as session:
        noun_definitions.define(session, name="Contract", letter="K")
        field_definitions.define(session, CUSTOMER, name="Seats", type="number")
    with does(database, hooked) as session:
        customer = of(session).extend(CUSTOMER)
        made = lifecycle.add(session, customer, {"name": "Heron"})
        lifecycle.add(session, of(session).nouns["contract"], {"name": "Lease"})
    with does(database, hooked) as session:
        customer = of(session).extend(CUSTOMER)
        lifecycle.change(session, customer, customers.get(session, made.id), {"seats": 4, "tier": "gold"})
        (number,) = of(session).by_id
    assert [one for one, _ in told(database, hooked)] == ["customer.created", "contract.created", "customer.changed"]
    with database.transaction(hooked) as session:
        last = session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.seq.desc())).first()
        assert last is not None and sorted(last.changed) == [str(number), "tier"]


def test_notes_are_told_where_they_are_written_moved_and_taken_back(database: Database, hooked: str) -> None:
    with does(database, hooked) as session:
        for name in ("Heron", "Egret"):
            lifecycle.add(session, CUSTOMER, {"name": name})
    with does(database, hooked) as session:
        first = notes.add(session, customers.get(session, 1), "Called").id
    with does(database, hooked) as session:
        lifecycle.merge(session, CUSTOMER, customers.get(session, 1), customers.get(session, 2))
    with does(database, hooked) as session:
        second = notes.add(session, customers.get(session, 2), "Called again").id
    with does(database, hooked) as session:
        history.undo(session, "UREP")
    assert [one for one in told(database, hooked) if one[0].startswith("note")] == [
        ("note.created", f"note {first}"),
        ("note.changed", f"note {first}"),
        ("note.created", f"note {second}"),
        ("note.removed", f"note {second}"),
    ]


@pytest.mark.parametrize("typed", ["digest.created", "digest.*", "note.merged", "note.archived"])
def test_what_is_never_told_is_no_event(session: Session, typed: str) -> None:
    with pytest.raises(Invalid, match="is no event"):
        settings.check_events(session, [typed])
    assert settings.check_events(session, ["note.created", "note.*", "followup.changed"])


def test_settings_and_digests_are_no_events(database: Database, hooked: str) -> None:
    with does(database, hooked) as session:
        lifecycle.add(session, CUSTOMER, {"name": "Heron"})
    with does(database, hooked) as session:
        webhooks.add(session, "deal.*", name="another")
        schedules.add(session, name="Mornings", at_time=time(8), zone="UTC", owner_id="UREP")
    assert len(told(database, hooked)) == 1


def test_nobody_is_told_in_another_workspace_or_of_what_was_rolled_back(
    database: Database, hooked: str, second_workspace: str
) -> None:
    with does(database, second_workspace) as session:
        lifecycle.add(session, CUSTOMER, {"name": "Heron"})
    with database.listen([CHANNEL]) as listener:
        with pytest.raises(RuntimeError), does(database, hooked) as session:
            lifecycle.add(session, CUSTOMER, {"name": "Heron"})
            raise RuntimeError
        assert listener.wait(0.1) == []
        with does(database, hooked) as session:
            lifecycle.add(session, CUSTOMER, {"name": "Heron"})
        assert listener.wait(2)
    assert told(database, second_workspace) == []
    assert len(told(database, hooked)) == 1


def test_one_that_was_removed_is_told_nothing_and_one_that_pauses_is_told_later(
    database: Database, workspace: str
) -> None:
    with database.transaction(workspace) as session:
        settings.remove(session, webhooks.add(session, name="gone"))
        settings.pause(session, webhooks.add(session, name="asleep"))
    with does(database, workspace) as session:
        lifecycle.add(session, CUSTOMER, {"name": "Heron"})
    assert told(database, workspace) == [("customer.created", "customer 1")]


@pytest.mark.parametrize(
    ("patterns", "event", "matching"),
    [
        (["*"], "deal.won", True),
        (["deal.*"], "deal.won", True),
        (["*.won"], "deal.won", True),
        (["deal.won"], "deal.won", True),
        (["deal.*"], "dealer.won", False),
        (["*.won"], "deal.wonder", False),
        (["deal.lost", "*.created"], "deal.won", False),
        ([], "deal.won", False),
    ],
)
def test_patterns_name_events(patterns: list[str], event: str, matching: bool) -> None:
    assert occurrences.matches(patterns, event) is matching


def test_a_workspace_without_webhooks_pays_nothing(database: Database, workspace: str) -> None:
    """Count the statements: that there is none is known from what is written anyway."""
    without = _adding_takes(database, workspace)
    assert not [one for one in without if "webhook_delivery" in one or "FROM webhook" in one.partition("EXISTS")[0]]
    with database.transaction(workspace) as session:
        webhooks.add(session, "deal.won")
    assert len(_adding_takes(database, workspace)) > len(without)


def _adding_takes(database: Database, workspace: str) -> list[str]:
    said: list[str] = []

    def ran(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    event.listen(database.engine, "before_cursor_execute", ran)
    try:
        with does(database, workspace) as session:
            lifecycle.add(session, CUSTOMER, {"name": "Heron"})
    finally:
        event.remove(database.engine, "before_cursor_execute", ran)
    return said
