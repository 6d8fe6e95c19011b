"""Show what a webhook is told: the record as the API shows it, and nothing that is not for it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from sqlalchemy import select

from api import payloads
from bot.delivery.webhooks import WebhookSender
from bot.registry import Registry
from storage.crm.customers import CUSTOMER
from storage.crm.followups import Followup
from storage.crm.notes import Note
from storage.database.engine import Database
from storage.records import history
from storage.records.schema import field_definitions
from storage.support import messages
from storage.webhooks.model import WebhookDelivery
from storage.workspace.members import Role
from tests.support import webhooks
from tests.support.passing_time import pass_time
from tests.support.programs import Program
from tests.support.rapport import ROOT
from tests.support.receivers import Receiver, caller
from tests.support.waiting import until

WORKER = """
import sys
from api import payloads
from bot.delivery.webhooks import WebhookSender
from bot.registry import load
from storage.database.engine import Database
from tests.support.receivers import caller

database = Database(sys.argv[1], pool_size=1)
sender = WebhookSender(database, payloads.drawing(load().declarations), caller(timeout_s=60))
for row in sender.claim(9):
    sender.work(row)
"""


@pytest.fixture
def receiver() -> Any:
    one = Receiver()
    yield one
    one.close()


class Told:
    """Send what waits, and hold what came."""

    def __init__(self, database: Database, registry: Registry, workspace: str, receiver: Receiver) -> None:
        self.database, self.workspace, self.receiver = database, workspace, receiver
        self.sender = WebhookSender(database, payloads.drawing(registry.declarations), caller())

    def hook(self, *events: str, sensitive: bool = False, name: str = "") -> None:
        """Add a webhook."""
        with self.database.transaction(self.workspace) as session:
            webhooks.add(session, *events, url=self.receiver.url(f"/{name}"), name=name, sensitive=sensitive)

    def bodies(self, name: str = "") -> list[Any]:
        """Send all that waits, and return the bodies that came since."""
        self.receiver.got.clear()
        while rows := self.sender.claim(9):
            for row in rows:
                self.sender.work(row)
        return [got.json for got in self.receiver.got if got.path == f"/{name}"]


@pytest.fixture
def told(database: Database, registry: Registry, workspace: str, receiver: Receiver) -> Told:
    return Told(database, registry, workspace, receiver)


def test_a_record_is_told_as_the_api_shows_it(program: Program, told: Told) -> None:
    told.hook("*")
    with told.database.transaction(told.workspace) as session:
        field_definitions.define(session, CUSTOMER, name="Seats", type="number")
    program.adds("customer", name="Heron <Söhne>", seats=4, tier="gold")
    program.changes("records/customer/C-1", {"seats": 5, "owner": "UREP"})
    made, changed = told.bodies()
    shown = program.gets("records/customer/C-1").json
    assert changed["data"]["record"] == shown == made["data"]["record"]
    assert (made["type"], changed["type"]) == ("customer.created", "customer.changed")
    assert (made["data"]["changed"], changed["data"]["changed"]) == ([], ["owner", "seats"])
    assert changed["data"]["by"]["name"].startswith("key ")
    assert changed["data"]["source"] == "api.change customer"
    assert made["timestamp"] < changed["timestamp"]


def test_each_way_out_of_the_lists_is_told(program: Program, told: Told) -> None:
    for name in ("One", "Two", "Three"):
        program.adds("customer", name=name)
    told.hook("*")
    program.posts("records/customer/C-1/archive")
    program.posts("records/customer/C-2/merge", {"into": "C-3"})
    program.posts("records/customer/C-3/followups", {"text": "Call", "due_at": "2099-01-01T09:00:00Z", "owner": "UREP"})
    archived, merged, followup = told.bodies()
    assert archived["type"] == "customer.archived" and archived["data"]["record"]["archived_at"]
    assert (merged["type"], merged["data"]["record"]["merged_into"]) == ("customer.merged", "C-3")
    assert (followup["type"], followup["data"]["record"]["text"]) == ("followup.created", "Call")


def test_what_was_removed_is_told_by_its_reference(program: Program, told: Told) -> None:
    program.adds("customer", name="Heron")
    told.hook("*.removed")
    program.posts("undo")
    (gone,) = told.bodies()
    assert gone["data"]["record"] == {"id": "C-1", "noun": "customer"}


def test_notes_and_follow_ups_are_told_in_the_words_of_the_api(program: Program, told: Told) -> None:
    program.adds("customer", name="Heron")
    told.hook("note.*", "followup.*")
    note = program.posts("records/customer/C-1/notes", {"text": "They sail", "kind": "call"}).json
    due = {"text": "Call", "due_at": "2099-01-01T09:00:00Z", "owner": "UREP"}
    made = program.posts("records/customer/C-1/followups", due).json
    program.posts(f"followups/{made['id']}/done")
    wrote, promised, done = (one["data"] for one in told.bodies())
    assert note.items() <= wrote["note"].items() and wrote["note"]["about"] == "C-1"
    assert (wrote["changed"], promised["changed"], done["changed"]) == ([], [], ["status"])
    assert {*done["changed"]} <= {*done["record"]}
    with (
        told.database.transaction(told.workspace) as session,
        history.recording(session, actor_id=None, source="x"),
    ):
        session.get_one(Followup, (told.workspace, 1)).owner_id = "UAGENT"
        session.delete(session.get_one(Note, (told.workspace, wrote["note"]["id"])))
    changed, gone = sorted((one["data"] for one in told.bodies()), key=lambda one: "note" in one)
    assert (changed["changed"], changed["record"]["owner"]) == (["owner"], "UAGENT")
    assert gone["note"] == {"id": wrote["note"]["id"]}


def test_a_message_is_told_with_what_was_made_of_it(told: Told) -> None:
    told.hook("message.classified")
    judged = {"category": "billing", "confidence": 0.9, "reasons": [], "model_version": "1", "abstained": False}
    with told.database.transaction(told.workspace) as session, history.recording(session, actor_id=None, source="x"):
        ts = "1700000000.0001"
        messages.receive(session, channel_id="C1", ts=ts, text="Refund me", author_id="UX", judged=judged)
    (one,) = told.bodies()
    message = one["data"]["message"]
    assert (message["text"], message["category"], message["confidence"]) == ("Refund me", "billing", 0.9)
    assert one["data"]["by"] == {"id": None, "name": "Rapport"}


def test_fields_for_some_roles_are_for_webhooks_with_the_right(program: Program, told: Told) -> None:
    with told.database.transaction(told.workspace) as session:
        field_definitions.define(session, CUSTOMER, name="Margin", type="number", seen_by=[Role.MANAGER])
    told.hook("*", name="plain")
    told.hook("*", name="trusted", sensitive=True)
    program.adds("customer", name="Heron", margin=17)
    program.changes("records/customer/C-1", {"margin": 18})
    program.changes("records/customer/C-1", {"margin": 19, "tier": "gold"})
    told.receiver.got.clear()
    plain = told.bodies("plain")
    trusted = [got.json for got in told.receiver.got if got.path == "/trusted"]
    assert [one["data"]["changed"] for one in plain] == [[], ["tier"]]
    assert "margin" not in str(plain)
    assert [one["data"]["changed"] for one in trusted] == [[], ["margin"], ["tier", "margin"]]
    assert trusted[0]["data"]["record"]["fields"]["margin"] == 19


def test_a_right_that_was_taken_away_holds_for_what_waits(program: Program, told: Told) -> None:
    with told.database.transaction(told.workspace) as session:
        field_definitions.define(session, CUSTOMER, name="Margin", type="number", seen_by=[Role.MANAGER])
    told.hook("*", name="trusted", sensitive=True)
    told.receiver.answers = [500]
    program.adds("customer", name="Heron", margin=17)
    (first,) = told.bodies("trusted")
    with told.database.transaction(told.workspace) as session:
        session.connection().exec_driver_sql("UPDATE webhook SET sensitive = false")
    pass_time(told.database, told.workspace, 60)
    (again,) = told.bodies("trusted")
    assert first["data"]["record"]["fields"]["margin"] == 17
    assert "margin" not in str(again)


def test_what_is_of_a_noun_that_is_retired_is_not_told(program: Program, told: Told) -> None:
    told.hook("*")
    program.adds("customer", name="Heron")
    with told.database.transaction(told.workspace) as session:
        session.connection().exec_driver_sql("UPDATE webhook_delivery SET noun = 'ship', record_id = 7")
    assert told.bodies() == []
    with told.database.transaction(told.workspace) as session:
        assert session.scalars(select(WebhookDelivery.state)).all() == ["cancelled"]


def test_what_a_killed_worker_may_have_sent_is_told_again_under_its_id_and_before_what_follows(
    program: Program, told: Told
) -> None:
    told.hook("*")
    program.adds("customer", name="Heron")
    program.changes("records/customer/C-1", {"tier": "gold"})
    told.receiver.drip_s = 5.0  # it has come, and the answer takes long
    url = told.database.url.render_as_string(hide_password=False)
    with subprocess.Popen([sys.executable, "-c", WORKER, url], cwd=ROOT) as worker:
        until(lambda: told.receiver.got or worker.poll() is not None)
        worker.kill()
    sent = told.receiver.got[0].headers["webhook-id"]
    told.receiver.drip_s = 0.0
    assert told.bodies() == []  # as long as the dead one's lease holds
    pass_time(told.database, told.workspace, 61)
    assert [one["type"] for one in told.bodies()] == ["customer.created", "customer.changed"]
    assert [got.headers["webhook-id"] == sent for got in told.receiver.got] == [True, False]
