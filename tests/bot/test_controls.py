"""Use every control with values that nobody was offered: none may do what the command, so typed, would not.

What there is to try is derived from the registry and from the forms as they are drawn, so that a new control, field or
menu is tried too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import pytest

from bot.kit import blocks as b
from bot.plugin import Role
from bot.registry import Registry
from bot.requests.answer import Answer, ModalAnswer
from bot.requests.request import RequestKind
from storage.crm import followups
from storage.crm.followups import Followup
from storage.database.engine import Database
from storage.errors import NotFound
from storage.notifications import failures
from storage.queues import outbox
from storage.queues.outbox import Delivery
from storage.records import history
from storage.support import channels, tickets
from storage.workspace import members
from storage.workspace.members import Member
from tests.support.answers import is_failure, options_of, view_of
from tests.support.contents import Contents
from tests.support.office import (
    HERE,
    STAFF,
    STRANGERS,
    Office,
    Somewhere,
    Use,
    entered,
    furnish,
    id_of,
    is_refused,
    said,
)

NOT_OURS = [*map(id_of, STRANGERS), "UBOT", "UNOBODY", "", "U'; DROP"]
NO_RECORDS = ["F-1", "G-1", "C-99999", "D-99999", "T-99999", "C-99999999999999999999", "Z-1", "zzzz"]
NO_DETAILS = [
    "",
    "forged",
    "99999",
    "9" * 30,
    "-1",
    "UGUEST",
    "[]",
    "null",
    '["x"]',
    '["x",1,2,3,4,5,6]',
    "bug\nbug",
    "\x00",
]
EVERYBODYS = {"digests.behind", "digests.page"}
"""What only shows: it may be used with anything, and changes nothing."""


class Watched(b.Control):
    """Remember whether a handler looks at the detail of a control, or at its record."""

    looked: set[str] = set()

    def __getattribute__(self, name: str) -> Any:
        if name in {"detail", "record"}:
            Watched.looked.add(name)
        return super().__getattribute__(name)


class KnowsNobody(Somewhere):
    """Answer as Slack does of people that there are not."""

    def user(self, user_id: str) -> Mapping[str, Any]:
        """Know nobody whom we have not met."""
        raise NotFound("Slack does not know that person.")


@dataclass(frozen=True)
class Field:
    """Hold one field of a form as it is drawn, and the form as it would be submitted."""

    view: str
    role: str
    block: Mapping[str, Any]
    entered: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """Return which element it is."""
        return str(self.block["element"]["type"])

    def filled(self, state: Mapping[str, Any], *, blocks: bool = True) -> Use:
        """Return the form's submission with something else in this field, and without what it drew if told so."""
        entered = deepcopy(dict(self.entered))
        for element in entered["state"]["values"][self.block["block_id"]].values():
            element |= state
        if not blocks:
            entered["blocks"] = []
        return Use("view", self.view, self.role, RequestKind.VIEW, {"view": entered})


@pytest.fixture(scope="module")
def all_plugins(registry: Registry) -> Registry:
    """Return every plugin there is."""
    return registry


@pytest.fixture
def office(database: Database, all_plugins: Registry, workspace: str) -> Office:
    """Furnish a workspace in which everybody is."""
    with database.transaction(workspace) as session:
        for name, what in {**STRANGERS, "bot": {"kind": members.MemberKind.BOT}}.items():
            session.merge(Member(**{"workspace_id": workspace, "id": id_of(name), "name": name, "roles": [], **what}))
        channels.seen(session, HERE, name="here")
    furnish(database, workspace, "quartz")
    with database.transaction(workspace) as session, history.recording(session, actor_id="UADMIN", source="test"):
        merged, other = (tickets.add(session, name=name) for name in ("Merged", "Other"))
        tickets.merge(session, merged, other)
    return Office(database, all_plugins, KnowsNobody())


def fields(office: Office, workspace: str) -> Iterator[Field]:
    """Yield every field of every form, as it is drawn for an admin."""
    for view in office.registry.views.values():
        if view.submitted is None:
            continue
        for name, opening in _openings(office, view.id).items():
            filled = view_of(office.does(opening, workspace, "UADMIN"))
            submitted = entered(view, filled)
            for block in filled.get("blocks", ()):
                if block["type"] == "input":
                    yield Field(name, view.role.value, block, submitted)


def _openings(office: Office, view_id: str) -> dict[str, Use]:
    """Return the uses that open a modal, by its name and what it is of where there are several."""
    opening = office.opening(office.registry.views[view_id], 1)
    nouns = {key: noun.declaration.letter for key, noun in office.registry.nouns.items()}
    controls = {
        "triage.more": {detail: b.Control("T-1", 1, detail) for detail in ("assign", "note", "join")},
        "records.new": {key: b.Control("C-1", 1, key) for key in nouns},
        "records.edit": {key: b.Control(f"{prefix}-1", 1) for key, prefix in nouns.items()},
    }.get(view_id)
    if controls is None:
        return {view_id: opening}
    pressed = {what: {"action_id": view_id, "value": str(one)} for what, one in controls.items()}
    return {
        f"{view_id} {what}": replace(opening, body={**opening.body, "actions": [one]}) for what, one in pressed.items()
    }


def held(office: Office, workspace: str, contents: Contents, uses: Iterator[Use]) -> list[tuple[str, str]]:
    """Return what came of those uses that changed something, were not refused, or failed on our side."""
    wrong = []
    before = contents.of(workspace)
    for use in uses:
        answer = office.does(use, workspace, "UADMIN")
        after = contents.of(workspace)
        if after != before or not failed(answer) or "on our side" in said(answer):
            wrong.append((f"{use.name} {_state(use)}", said(answer)[:200]))
        before = after
    return wrong


def failed(answer: Answer) -> bool:
    """Tell whether an answer says that nothing was done."""
    return is_failure(answer)


def _state(use: Use) -> str:
    return str(use.body.get("view", {}).get("state", {}).get("values", ""))[:300]


def test_no_form_takes_somebody_who_may_be_given_nothing(office: Office, workspace: str, contents: Contents) -> None:
    # Anybody can be a contact.
    selects = [one for one in fields(office, workspace) if one.kind == "users_select"]
    people = [one for one in selects if one.block["block_id"] != "slack"]
    assert {one.view for one in people} >= {
        "records.new deal",
        "records.edit customer",
        "records.edit ticket",
        "triage.more assign",
    }
    tried = (
        one.filled({"selected_user": who}) for one in people for who in NOT_OURS if who or not one.block.get("optional")
    )
    assert held(office, workspace, contents, tried) == []


@pytest.mark.parametrize(
    ("view", "field", "wrong"),
    [
        ("records.new ticket", "assignee", "UREP"),
        ("records.edit ticket", "assignee", "UREP"),
        ("triage.more assign", "person", "UREP"),
        ("triage.more assign", "person", "UVIEWER"),
        ("records.new deal", "owner", "UAGENT"),
        ("records.edit deal", "owner", "UVIEWER"),
        ("records.edit customer", "owner", "UVIEWER"),
    ],
)
def test_who_is_given_a_record_may_work_on_it(
    office: Office, workspace: str, contents: Contents, view: str, field: str, wrong: str
) -> None:
    (one,) = [one for one in fields(office, workspace) if (one.view, one.block["block_id"]) == (view, field)]
    assert held(office, workspace, contents, iter([one.filled({"selected_user": wrong})])) == []


@pytest.mark.parametrize("blocks", [True, False], ids=["as drawn", "by hand"])
def test_no_form_takes_what_it_does_not_offer(office: Office, workspace: str, contents: Contents, blocks: bool) -> None:
    offering = [one for one in fields(office, workspace) if "options" in one.block["element"]]
    assert {one.kind for one in offering} == {"static_select", "checkboxes"}
    forged = [{"value": "forged"}, {"value": "999999999999999999999"}, {"value": "\x00"}]
    tried = (
        one.filled({"selected_options": [v]} if one.kind == "checkboxes" else {"selected_option": v}, blocks=blocks)
        for one in offering
        for v in forged
        # One that has a single box means what is not that box as nothing.
        if blocks or one.block["block_id"] != "skip"
    )
    assert held(office, workspace, contents, tried) == []


def test_no_form_takes_a_record_that_is_none(office: Office, workspace: str, contents: Contents) -> None:
    searched = [one for one in fields(office, workspace) if one.kind == "external_select"]
    assert {one.view for one in searched} >= {
        "records.new deal",
        "records.edit ticket",
        "followups.new",
        "triage.more join",
    }
    tried = (one.filled({"selected_option": {"value": record}}) for one in searched for record in NO_RECORDS)
    assert held(office, workspace, contents, tried) == []


def test_no_form_takes_rubbish_for_a_time_or_a_day(office: Office, workspace: str, contents: Contents) -> None:
    asked = [one for one in fields(office, workspace) if one.kind in {"datepicker", "timepicker"}]
    names = {"datepicker": "selected_date", "timepicker": "selected_time"}
    tried = (one.filled({names[one.kind]: text}) for one in asked for text in ("forged", "2031-13-45", "99:99"))
    assert held(office, workspace, contents, tried) == []


def test_every_kind_of_field_is_tried(office: Office, workspace: str) -> None:
    kinds = {one.kind for one in fields(office, workspace)}
    free = {"plain_text_input"}
    assert kinds - free == {
        "users_select", "static_select", "checkboxes", "external_select", "datepicker", "timepicker", "channels_select",
    }  # fmt: skip


def test_a_digest_goes_to_no_channel_in_which_a_customer_reads(
    office: Office, workspace: str, contents: Contents
) -> None:
    asked = [one for one in fields(office, workspace) if one.kind == "channels_select"]
    assert {one.view for one in asked} == {"digests.new", "digests.edit"}
    tried = (one.filled({"selected_channel": "C0QUARTZ1"}) for one in asked)
    assert held(office, workspace, contents, tried) == []


def test_no_control_does_anything_with_a_record_or_a_detail_that_is_none(
    office: Office, workspace: str, contents: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether a control looks at its record and its detail is seen while it is used, with none of both that is true."""
    before, wrong = contents.of(workspace), []
    for action in office.registry.actions.values():
        if action.handler is None or action.id in EVERYBODYS:
            continue
        body: dict[str, Any] = {"actions": [{"action_id": action.id, "value": ""}], "channel": {"id": HERE}}
        use = Use("action", action.id, action.role.value, RequestKind.ACTION, body)
        good = office.record(action.id, 1)
        forged = [(record, "") for record in (*NO_RECORDS, "")] + [(good, detail) for detail in NO_DETAILS]
        for record, detail in forged:
            Watched.looked = set()
            request = replace(use.by(workspace, "UADMIN"), control=Watched(record, 1, detail))
            Watched.looked = set()
            answer = office.runtime.perform(request)
            after = contents.of(workspace)
            reads = "record" if record != good else "detail"
            if "on our side" in said(answer):
                wrong.append((action.id, record, detail, said(answer)[:120]))
            if after != before and reads in Watched.looked:
                wrong.append((action.id, record, detail, "had an effect"))
            before = after
    assert wrong == []


def test_a_follow_up_is_finished_by_its_owner_or_by_who_works_with_records(office: Office, workspace: str) -> None:
    """Those who only look on keep their own promises, and nobody else's."""
    ways = {
        "followup done": "done F-1",
        "followup cancel": "cancel F-1",
        "followup move": 'move F-1 when:"next friday 9am"',
    }
    uses = [
        Use("command", name, "viewer", RequestKind.COMMAND, {"command": "/followup", "text": text})
        for name, text in ways.items()
    ]
    for name in ("done", "done_in_list", "snooze"):
        value = str(b.Control("F-1", 1, "1h"))
        body = {"actions": [{"action_id": f"followups.{name}", "value": value}], "channel": {"id": HERE}}
        uses.append(Use("action", name, "viewer", RequestKind.ACTION, body))
    uses += [office.opening(office.registry.views[f"followups.{name}"], 1) for name in ("reschedule", "log")]
    with office.database.transaction(workspace) as session:
        followups.get(session, 1).owner_id = "UREP"
    for use in uses:
        answer = office.does(use, workspace, "UVIEWER")
        assert failed(answer) and "belongs to somebody else" in said(answer), use
    with office.database.transaction(workspace) as session:
        assert followups.get(session, 1).closed_at is None
        session.get_one(Followup, (workspace, 1)).owner_id = "UVIEWER"
    assert not failed(office.does(uses[2], workspace, "UVIEWER"))
    with office.database.transaction(workspace) as session:
        control = b.Control("F-1", followups.get(session, 1).version)
    pressed = {"action_id": "followups.log", "value": str(control)}
    logging = office.does(replace(uses[-1], body={**uses[-1].body, "actions": [pressed]}), workspace, "UVIEWER")
    assert is_refused(logging, "rep"), "a note on a deal takes a rep, whichever button writes it"
    assert not failed(office.does(uses[0], workspace, "UMANAGER"))


def test_what_could_be_done_once_is_taken_back_only_in_the_same_role(office: Office, workspace: str) -> None:
    add = Use("command", "customer add", "rep", RequestKind.COMMAND, {"command": "/customer", "text": "add Heron"})
    undo = Use("command", "undo", "viewer", RequestKind.COMMAND, {"command": "/crm", "text": "undo"})
    assert not is_failure(office.does(add, workspace, "UREP"))
    with office.database.transaction(workspace) as session:
        rep = members.get(session, "UREP")
        assert rep is not None
        members.set_roles(session, rep, [Role.VIEWER])
    office.people.forget(workspace, "UREP")
    assert is_refused(office.does(undo, workspace, "UREP"), "rep")
    with office.database.transaction(workspace) as session:
        rep = members.get(session, "UREP")
        assert rep is not None
        members.set_roles(session, rep, [Role.REP])
    office.people.forget(workspace, "UREP")
    assert not is_failure(office.does(undo, workspace, "UREP"))


def test_menus_that_are_typed_into_offer_what_would_be_taken(office: Office, workspace: str) -> None:
    for source in office.registry.sources.values():
        for query in ("", "Finch", "Merged", "quartz"):
            body = {"action_id": source.id, "value": query}
            offered = office.does(
                Use("options", source.id, source.role.value, RequestKind.OPTIONS, body), workspace, "UADMIN"
            )
            values = {option["value"] for option in options_of(offered)}
            assert not values & {"T-2", "F-1", "G-1"}, source.id
            if source.id == "customers.pick":
                assert all(value.startswith("C-") for value in values)


def test_each_of_our_roles_is_tried() -> None:
    assert set(STAFF) == {role.value for role in Role}


def test_a_refused_message_is_sent_again_by_managers_and_by_who_was_told_of_it(office: Office, workspace: str) -> None:
    with office.database.transaction(workspace) as session:
        refused = outbox.enqueue(session, target_channel="C1", renderer="triage.card", record="T-1")
        session.get_one(Delivery, (workspace, refused)).state = "dead"
    body = {"actions": [{"action_id": "deliveries.resend", "value": f":0:{refused}"}], "channel": {"id": HERE}}
    use = Use("action", "deliveries.resend", "viewer", RequestKind.ACTION, body)
    assert is_refused(office.does(use, workspace, "UREP"), "manager")
    with office.database.transaction(workspace) as session:
        about = {"delivery": str(refused)}
        outbox.enqueue(session, target_user="UREP", renderer=failures.RENDERER, record=None, payload=about)
    assert is_refused(office.does(use, workspace, "UAGENT"), "manager")
    assert not is_failure(office.does(use, workspace, "UREP"))


def test_an_answer_goes_to_the_channel_that_slack_was_asked_about(office: Office, workspace: str) -> None:
    with office.database.transaction(workspace) as session:
        ticket = tickets.resolve(session, "T-1")
        ticket.channel_id, ticket.thread_ts = "C0QUARTZ1", "1.0"
    opening = office.opening(office.registry.views["triage.reply"], 1)
    for channel, opens in (("C0QUARTZ1", True), (HERE, False)):
        pressed = {"action_id": "triage.reply", "value": str(b.Control("T-1", ticket.version, channel))}
        answer = office.does(replace(opening, body={**opening.body, "actions": [pressed]}), workspace, "UAGENT")
        assert isinstance(answer, ModalAnswer) is opens, said(answer)
