"""Show how connections of Socket Mode begin and end, and that what one could not carry is told another way."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.sync.server import ServerConnection, serve

from bot.wire.socket import LONGEST_WAIT_S, LONGEST_WAIT_WITH_ONE_S, ReconnectPace
from bot.wire.socket_line import SocketLine
from sandbox.control.client import Reply
from sandbox.sample_teams import APP_ID
from tests.support.company import Company
from tests.support.trial_plugin import Trial, controls, names
from tests.support.waiting import until

Talk = Callable[[ServerConnection], None]
HELLO = json.dumps({"type": "hello"})


class Heard:
    """Hold what came by a connection, and what it said of itself."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.states: list[str] = []

    def take(self, _line: SocketLine, message: dict[str, Any], _received: float) -> None:
        self.messages.append(message)

    def changed(self, line: SocketLine) -> None:
        self.states.append("serves" if line.serves else "leaves" if line.leaves else "over")


@contextmanager
def line_to(talk: Talk) -> Iterator[tuple[SocketLine, Heard]]:
    """Open a connection to a server that talks as told."""
    heard = Heard()
    with serve(talk, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.socket.getsockname()[1]
        line = SocketLine(f"ws://127.0.0.1:{port}/", take=heard.take, changed=heard.changed)
        line.start()
        yield line, heard
        line.close()
        until(lambda: line.over)
        server.shutdown()


def test_an_event_that_nobody_can_read_is_passed_on_without_its_payload_to_be_acknowledged() -> None:
    endless = "[" * 200_000
    event = f'{{"envelope_id":"1-a","type":"events_api","payload":{{"text":"\\"envelope_id\\":\\"no\\"","x":{endless}'
    click = f'{{"envelope_id":"2-b","type":"interactive","payload":{{"x":{endless}'

    def talk(slack: ServerConnection) -> None:
        slack.send(HELLO)
        for said in (click, event, b"\xff", json.dumps({"envelope_id": "3-c"})):
            slack.send(said)
        slack.recv()

    with line_to(talk) as (_line, heard):
        until(lambda: len(heard.messages) == 2)
    passed_on = {"type": "events_api", "envelope_id": "1-a", "payload": {"type": "event_callback"}}
    assert heard.messages == [passed_on, {"envelope_id": "3-c"}]


def test_a_connection_serves_from_hello_until_it_is_to_go_and_still_sends_then() -> None:
    said = threading.Event()

    def talk(slack: ServerConnection) -> None:
        slack.send(HELLO)
        slack.send(json.dumps({"envelope_id": "one"}))
        said.wait(20)
        slack.send(json.dumps({"type": "disconnect", "reason": "warning"}))
        slack.send(json.dumps({"type": "disconnect", "reason": "refresh_requested"}))
        answers.append(str(slack.recv()))

    answers: list[str] = []
    with line_to(talk) as (line, heard):
        until(lambda: heard.messages == [{"envelope_id": "one"}])
        assert (line.serves, line.leaves) == (True, False)
        said.set()
        until(lambda: len(heard.states) == 3)
        assert (line.serves, line.leaves, line.why) == (False, True, "warning")
        assert line.send("the answer")
        until(lambda: answers == ["the answer"])
    assert heard.states == ["serves", "leaves", "leaves", "over"]


def test_long_messages_and_those_in_parts_go_both_ways() -> None:
    long = json.dumps({"text": "é" * 200_000}, ensure_ascii=False)

    def talk(slack: ServerConnection) -> None:
        slack.send(HELLO)
        slack.send([long[:7], long[7:70_000], long[70_000:]])
        answers.append(str(slack.recv()))

    answers: list[str] = []
    with line_to(talk) as (line, heard):
        until(lambda: len(heard.messages) == 1)
        assert heard.messages[0]["text"] == "é" * 200_000
        assert line.send(long)
        until(lambda: answers == [long])


def test_what_is_not_json_costs_no_connection() -> None:
    def talk(slack: ServerConnection) -> None:
        for text in (HELLO, "Ping from applink-1", "[1]", "{", json.dumps({"envelope_id": "one"})):
            slack.send(text)
        slack.recv()

    with line_to(talk) as (line, heard):
        until(lambda: heard.messages == [{"envelope_id": "one"}])
        assert line.serves


def test_whoever_is_not_let_in_never_served() -> None:
    def talk(slack: ServerConnection) -> None:
        slack.send(json.dumps({"type": "disconnect", "reason": "too_many_websockets"}))
        slack.recv()

    with line_to(talk) as (line, heard):
        until(lambda: line.over)
        assert (line.why, line.served_for(), "serves" in heard.states) == ("too_many_websockets", 0.0, False)


def test_only_a_pong_proves_that_what_was_sent_was_heard() -> None:
    gone = threading.Event()

    def talk(slack: ServerConnection) -> None:
        slack.send(HELLO)
        slack.recv()
        gone.wait(20)
        slack.socket.close()

    with line_to(talk) as (line, _heard):
        until(lambda: line.serves)
        assert line.send("first")
        assert line.proves_heard()
        gone.set()
        until(lambda: line.over)
        assert not line.proves_heard()
        assert not line.send("second")


def test_attempts_that_fail_come_later_and_later_up_to_a_bound() -> None:
    now = 100.0
    pace = ReconnectPace(lambda: now)
    assert pace.left(with_one=False) == 0
    waits = []
    for _ in range(12):
        pace.failed()
        waits.append((pace.left(with_one=False), pace.left(with_one=True)))
    assert all(0.25 * 2**n <= waits[n][0] <= 0.5 * 2**n for n in range(4))
    assert all(LONGEST_WAIT_S / 2 <= wait <= LONGEST_WAIT_S for wait, _with_one in waits[6:])
    assert all(LONGEST_WAIT_WITH_ONE_S / 2 <= wait <= LONGEST_WAIT_WITH_ONE_S for _wait, wait in waits[8:])
    assert len({wait for wait, _with_one in waits[6:]}) > 1
    now += LONGEST_WAIT_S
    assert pace.left(with_one=False) == 0
    pace.lasted()
    pace.failed()
    assert pace.left(with_one=True) <= 0.5


def test_connections_that_are_soon_lost_are_opened_again_within_seconds() -> None:
    pace = ReconnectPace(lambda: 100.0)
    for _ in range(20):
        pace.failed(served=True)
    assert 2.0 <= pace.left(with_one=False) == pace.left(with_one=True) <= 4.0
    for _ in range(6):
        pace.failed()
    pace.failed(served=True)
    assert pace.left(with_one=True) > 10.0


def test_slack_is_left_alone_for_as_long_as_it_says() -> None:
    pace = ReconnectPace(lambda: 100.0)
    pace.failed(300.0)
    assert pace.left(with_one=False) == 300.0


@pytest.fixture
def cut(tried: tuple[Company, Trial]) -> Iterator[Callable[[Callable[[], Reply]], Reply]]:
    """Return what has a person do something and cuts the connection while it is done."""
    company, trial = tried
    hub = company.sandbox.core.courier.sockets
    until(lambda: hub.count(APP_ID) == 2)
    with ThreadPoolExecutor(1) as pool:

        def run(act: Callable[[], Reply]) -> Reply:
            until(lambda: hub.count(APP_ID) == 2)
            trial.gate.clear()
            trial.ran.clear()
            reply = pool.submit(act)
            until(lambda: bool(trial.ran))
            company.sandbox.control.admin("cuts", app_id=APP_ID)
            answered = reply.result()
            trial.gate.set()
            assert not answered.ok
            return answered

        yield run
        trial.gate.set()
        until(lambda: hub.count(APP_ID) == 2)


Cut = Callable[[Callable[[], Reply]], Reply]


def test_a_commands_answer_comes_by_response_url(tried: tuple[Company, Trial], cut: Cut) -> None:
    company, _trial = tried
    cut(lambda: company.rep.types("/crm trial add Acme", channel="CGENERAL"))
    company.rep.sees("Added Acme as C-1.")
    assert names(company) == ["Acme"]


def test_what_came_too_late_for_slack_comes_by_response_url_too(
    tried: tuple[Company, Trial], monkeypatch: pytest.MonkeyPatch
) -> None:
    company, _trial = tried
    monkeypatch.setattr(company.bot.sockets, "slack_waits_s", 0.0)
    company.rep.types("/crm trial add Acme")
    until(lambda: len(company.sandbox.control.calls("response_url")) == 1)
    assert names(company) == ["Acme"]


def test_what_a_deaf_connection_took_comes_by_response_url(tried: tuple[Company, Trial]) -> None:
    company, trial = tried
    hub = company.sandbox.core.courier.sockets
    until(lambda: hub.count(APP_ID) == 2)
    trial.gate.clear()
    company.sandbox.core.world.settings.answer_seconds = 1.0
    with ThreadPoolExecutor(1) as pool:
        reply = pool.submit(company.rep.types, "/crm trial add Acme", channel="CGENERAL")
        until(lambda: bool(trial.ran))
        deaf = set(hub.addresses(APP_ID))
        company.sandbox.control.admin("cuts", app_id=APP_ID, freeze=True)
        trial.gate.set()
        company.rep.sees("Added Acme as C-1.")
        assert not reply.result().ok
    company.sandbox.control.admin("cuts", app_id=APP_ID)
    until(lambda: hub.count(APP_ID) == 2 and not deaf & set(hub.addresses(APP_ID)))
    assert names(company) == ["Acme"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [("Acme", "Saved Acme."), ("wrong", "That is no name."), ("next", "A second page"), ("nothing", "Done.")],
)
def test_a_forms_answer_comes_into_the_form(tried: tuple[Company, Trial], cut: Cut, name: str, shown: str) -> None:
    company, _trial = tried
    controls(company.rep, "x")
    company.rep.sees("Fill it in")
    company.rep.clicks("Fill it in")
    until(lambda: "Save" in str(company.rep.modal))
    cut(lambda: company.rep.submits(Name=name))
    until(lambda: shown in str(company.rep.modal))
    company.settles()
    assert names(company) == (["Acme"] if name == "Acme" else [])


def test_a_button_is_answered_once(tried: tuple[Company, Trial], cut: Cut) -> None:
    company, _trial = tried
    controls(company.rep, "Acme")
    cut(lambda: company.rep.clicks("Add it"))
    company.rep.sees("Added Acme as C-1.")
    company.settles()
    assert len(company.sandbox.control.calls("response_url")) == 1
    assert names(company) == ["Acme"]


def test_an_answer_whose_form_is_gone_comes_as_a_message(tried: tuple[Company, Trial], cut: Cut) -> None:
    company, _trial = tried
    controls(company.rep, "x")
    company.rep.clicks("Fill it in")
    until(lambda: "Save" in str(company.rep.modal))
    company.sandbox.control.fault("error", method="views.update", code="not_found", count=None)
    cut(lambda: company.rep.submits(Name="nothing"))
    company.rep.sees("Done.")


def test_two_connections_are_kept_and_without_any_it_is_not_connected(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    sockets, hub = company.bot.sockets, company.sandbox.core.courier.sockets
    assert sockets is not None
    until(lambda: hub.count(APP_ID) == 2, within=40)
    company.sandbox.control.fault("server_error", method="apps.connections.open", count=None)
    company.sandbox.control.admin("disconnects", app_id=APP_ID, reason="warning", close=False)
    assert sockets.connected
    company.sandbox.control.admin("cuts", app_id=APP_ID)
    until(lambda: not sockets.connected)
    assert sockets.missing() == ""
    company.sandbox.control.clear_faults()
    until(lambda: hub.count(APP_ID) == 2, within=40)
    until(lambda: sockets.connected)
