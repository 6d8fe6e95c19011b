"""Attack Socket Mode: whatever becomes of the connection, each person learns what became of what they asked."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from functools import partial

import pytest
from slack_sdk import WebClient
from websockets.sync.client import connect as open_socket

from sandbox.control.client import Person, Reply
from sandbox.control.interactions import TROUBLE
from sandbox.sample_teams import APP_ID, APP_TOKEN
from sandbox.server import Sandbox
from tests.support.cluster import connect
from tests.support.replicas import Replica, StartReplica
from tests.support.waiting import until

STAFF = ("UAREP", "UAAGENT", "UAMANAGER", "UAADMIN")
EACH = 3
CUT = ["closed", "cut", "deaf"]


@pytest.fixture
def crowd() -> Iterator[ThreadPoolExecutor]:
    """Return threads, for many people to act at once."""
    with ThreadPoolExecutor(32) as pool:
        yield pool


@contextmanager
def held(admin_url: str, tables: str = "customer") -> Iterator[None]:
    """Keep every change of some tables waiting."""
    with closing(connect(admin_url)) as connection, connection.transaction():
        connection.execute(f"LOCK TABLE {tables} IN EXCLUSIVE MODE".encode())
        yield


def names(admin_url: str) -> list[str]:
    with closing(connect(admin_url)) as connection:
        return sorted(row[0] for row in connection.execute(b"SELECT name FROM customer").fetchall())


def in_flight(slack: Sandbox) -> int:
    """Return how many envelopes have been sent and are not acknowledged."""
    return slack.core.courier.sockets.in_flight


def opened(slack: Sandbox) -> int:
    return slack.core.courier.sockets.count(APP_ID)


def knows(person: Person, asked: list[str], admin_url: str) -> bool:
    """Tell whether somebody has been told of each customer whether it was added; a busy machine may refuse some."""
    saved = [name for name in names(admin_url) if name in asked]
    texts = person.texts("CGENERAL")
    added = [name for name in asked if any("Added." in text and name in text for text in texts)]
    refused = sum("nothing was saved" in text or "failed with the error" in text for text in texts)
    return sorted(added) == saved and refused >= len(asked) - len(saved)


def everybody_knows(slack: Sandbox, begun: list[tuple[Person, str, Future[Reply]]], admin_url: str) -> None:
    """Wait until each of the staff has been told the truth about all that they asked for, which was done once."""
    for _person, _name, reply in begun:
        reply.result()
    for user_id in STAFF:
        person, asked = slack.person(user_id), [name for person, name, _reply in begun if person.id == user_id]
        try:
            until(partial(knows, person, asked, admin_url))
        except AssertionError:
            raise AssertionError(f"{asked} of {names(admin_url)}: {person.texts('CGENERAL')}") from None
    found = names(admin_url)  # once, as what Slack called failed may still be on its way
    assert len(set(found)) == len(found)


def calls(slack: Sandbox, method: str) -> int:
    return len(slack.control.calls(method))


def goes(slack: Sandbox, how: str) -> None:
    """Take the connections away under what is in flight."""
    match how:
        case "closed":
            slack.control.admin("disconnects", app_id=APP_ID, reason="refresh_requested")
        case "cut":
            slack.control.admin("cuts", app_id=APP_ID)
        case "deaf":
            slack.control.admin("cuts", app_id=APP_ID, freeze=True)
        case reason:
            slack.control.admin("disconnects", app_id=APP_ID, reason=reason, after=10)


@pytest.fixture
def replica(slack: Sandbox, start: StartReplica) -> Replica:
    """Return a running bot with two connections, whose Slack waits as long as a busy machine needs."""
    replica = start(socket=True)
    until(lambda: opened(slack) == 2)
    slack.control.settings(answer_seconds=60, retry_scale=0.01)
    for user_id in STAFF:
        # Who is known already need not be asked for, which Slack may refuse by then.
        slack.person(user_id).types("/crm help", channel="CGENERAL")
        slack.person(user_id).sees("What you can do", channel="CGENERAL", within=60)
    return replica


def add_many(slack: Sandbox, crowd: ThreadPoolExecutor) -> list[tuple[Person, str, Future[Reply]]]:
    """Have each of the staff add some customers at once, and wait until Slack has sent all of it on."""
    begun = []
    for user_id in STAFF:
        for n in range(EACH):
            # Nothing alike, as what looks like a twin is asked about first.
            person, name = slack.person(user_id), hashlib.sha256(f"{user_id} {n}".encode()).hexdigest()[:12]
            begun.append((person, name, crowd.submit(person.types, f"/customer add {name}", channel="CGENERAL")))
    until(lambda: in_flight(slack) == len(begun))
    return begun


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
def test_a_routine_reconnect_loses_no_answer(
    slack: Sandbox, replica: Replica, crowd: ThreadPoolExecutor, admin_url: str, reason: str
) -> None:
    asked = calls(slack, "apps.connections.open")
    with held(admin_url):
        begun = add_many(slack, crowd)
        goes(slack, reason)
        # Both successors are there while the old ones still have answers to give.
        until(lambda: opened(slack) == 4)
    everybody_knows(slack, begun, admin_url)
    assert [reply.result().error for _person, _name, reply in begun if not reply.result().ok] == []
    until(lambda: opened(slack) == 2)
    assert calls(slack, "apps.connections.open") - asked == 2


@pytest.mark.parametrize("how", CUT)
def test_an_answer_that_its_connection_lost_comes_another_way(
    slack: Sandbox, replica: Replica, crowd: ThreadPoolExecutor, admin_url: str, how: str
) -> None:
    with held(admin_url):
        begun = add_many(slack, crowd)
        goes(slack, how)
    everybody_knows(slack, begun, admin_url)
    assert how == "deaf" or not all(reply.result().ok for _person, _name, reply in begun)
    until(lambda: opened(slack) >= 2)
    assert slack.person("UAREP").types("/customer list", channel="CGENERAL").ok


@pytest.mark.parametrize("how", ["refresh_requested", "cut"])
def test_every_kind_of_request_survives_a_reconnect(
    slack: Sandbox, replica: Replica, crowd: ThreadPoolExecutor, admin_url: str, how: str
) -> None:
    rep, agent, manager, admin = (slack.person(user_id) for user_id in STAFF)
    rep.types("/customer add Acme", channel="CGENERAL")
    rep.sees("C-1", channel="CGENERAL", within=60)
    rep.types("/followup add C-1 when:tomorrow call them", channel="CGENERAL")
    rep.sees("F-1", channel="CGENERAL", within=60)
    agent.types("/customer show C-1", channel="CGENERAL")
    agent.sees("C-1", channel="CGENERAL", within=60)
    agent.clicks("Edit", channel="CGENERAL")
    until(lambda: "Name" in str(agent.modal))
    said = admin.posts("call Globex about it", channel="CGENERAL").ts
    with held(admin_url, "customer, followup, change_set"):
        begun = {
            "command": crowd.submit(manager.types, "/customer add Globex", channel="CGENERAL"),
            "button": crowd.submit(rep.clicks, "Done", channel="CGENERAL"),
            "form": crowd.submit(agent.submits, Name="Acme Corp"),
        }
        until(lambda: in_flight(slack) == len(begun))
        begun |= {
            "shortcut": crowd.submit(admin.shortcut, "followups.remind", message=said, channel="CGENERAL"),
            "event": crowd.submit(rep.posts, "an event", channel="CGENERAL"),
        }
        goes(slack, how)
    for reply in begun.values():
        reply.result()
    if how != "cut":
        assert [kind for kind, reply in begun.items() if not reply.result().ok] == []
    until(lambda: knows(manager, ["Globex"], admin_url))
    # What a busy machine gave up is told too, by us or in Slack's own words.
    failed = ("nothing was saved", TROUBLE)
    until(lambda: "Acme Corp" in names(admin_url) or any(words in str(agent.modal) for words in failed))
    if "Acme Corp" in names(admin_url):
        until(lambda: not any(words in str(agent.modal) for words in (*failed, "Saving")))
    until(lambda: any("Done" in text or "nothing was saved" in text for text in rep.texts("CGENERAL")))
    until(lambda: how == "cut" or "About" in str(admin.modal))
    slack.control.settles(60)


def test_from_the_first_moment_nobody_is_told_to_install_it_again(slack: Sandbox, start: StartReplica) -> None:
    rep = slack.person("UAREP")
    slack.control.fault("slow", method="auth.test", seconds=3.0)
    replica = start(socket=True, ready=False)
    said: list[str] = []
    while not (said and "What you can do" in said[-1]):
        assert replica.process.poll() is None, replica.said
        said.append(rep.types("/crm help", channel="CGENERAL").text)
        time.sleep(0.1)
    assert set(said[:-1]) <= {""}
    assert replica.is_ready()
    until(lambda: "Rapport is running" in replica.said)
    assert "Rapport is starting" in replica.said.partition("Rapport is running")[0]


@pytest.mark.parametrize("socket", [True, False], ids=["socket", "http"])
def test_who_is_ready_answers(slack: Sandbox, start: StartReplica, admin_url: str, socket: bool) -> None:
    start(socket=socket)
    rep = slack.person("UAREP")
    assert "What you can do" in rep.types("/crm help", channel="CGENERAL").text
    rep.types("/customer", channel="CGENERAL")
    until(lambda: "Name" in str(rep.modal))
    assert rep.submits(Name="Acme").ok
    until(lambda: names(admin_url) == ["Acme"])
    assert rep.shortcut("followups.remind", message=rep.posts("call", channel="CGENERAL").ts, channel="CGENERAL").ok
    until(lambda: "About" in str(rep.modal))
    assert rep.types_option("About", "acm").options == ["Acme (C-1)"]


def test_too_many_sockets_are_asked_for_less_and_less(slack: Sandbox, start: StartReplica) -> None:
    web = WebClient(base_url=f"{slack.url}/api/")
    with ExitStack() as others:
        for _ in range(10):
            url = web.apps_connections_open(app_token=APP_TOKEN)["url"]
            others.enter_context(open_socket(url)).recv()
        replica = start(socket=True, ready=False)
        until(lambda: calls(slack, "apps.connections.open") > 12)
        began = [call["at"] for call in slack.control.calls("apps.connections.open")][10:]
        # However slow the machine: the second and third wait longer than the one before was allowed to.
        assert began[2] - began[1] >= 0.5
        until(lambda: "too_many_websockets" in str(replica.get("/readyz")))
        until(lambda: calls(slack, "apps.connections.open") > 14)
        asked = [call["at"] for call in slack.control.calls("apps.connections.open")][10:]
        assert sum(at < asked[0] + 10 for at in asked) <= 6
    replica.wait_until_ready()
    until(lambda: opened(slack) == 2)
    assert "What you can do" in slack.person("UAREP").types("/crm help", channel="CGENERAL").text


@pytest.mark.parametrize(
    ("method", "token"), [("apps.connections.open", "SLACK_APP_TOKEN"), ("auth.test", "SLACK_BOT_TOKEN")]
)
@pytest.mark.parametrize("code", ["invalid_auth", "account_inactive", "token_revoked"])
def test_a_token_that_slack_refuses_is_no_readiness(
    slack: Sandbox, start: StartReplica, method: str, token: str, code: str
) -> None:
    slack.control.fault("error", method=method, code=code, count=None)
    replica = start(socket=True, ready=False)
    until(lambda: replica.process.poll() is None and f"Slack refuses {token}: {code}" in _readiness(replica))
    assert not replica.is_ready()
    assert "Rapport is running" not in replica.said
    until(lambda: f"Slack refuses {token}: {code}" in replica.said)
    assert "xoxb-" not in replica.said + _readiness(replica)
    slack.control.clear_faults()
    replica.wait_until_ready()
    until(lambda: "Rapport is running" in replica.said)


def _readiness(replica: Replica) -> str:
    try:
        return str(replica.get("/readyz")[1])
    except OSError:
        return ""


def test_an_outage_of_slack_keeps_it_ready_and_it_comes_back(slack: Sandbox, replica: Replica) -> None:
    slack.control.fault("server_error", status=503, count=None)
    goes(slack, "cut")
    until(lambda: opened(slack) == 0)
    until(lambda: calls(slack, "apps.connections.open") > 4)
    assert replica.is_ready()
    slack.control.clear_faults()
    until(lambda: opened(slack) == 2)


def test_socket_mode_that_is_switched_off_is_said_and_comes_back(slack: Sandbox, replica: Replica) -> None:
    slack.control.fault("error", method="apps.connections.open", code="not_allowed", count=None)
    slack.control.admin("disconnects", app_id=APP_ID, reason="link_disabled")
    until(lambda: not replica.is_ready())
    slack.control.clear_faults()
    replica.wait_until_ready()
    until(lambda: opened(slack) == 2)


def test_who_is_asked_to_stop_answers_first_over_the_same_socket(
    slack: Sandbox, replica: Replica, crowd: ThreadPoolExecutor, admin_url: str
) -> None:
    with held(admin_url):
        begun = add_many(slack, crowd)
        ended = crowd.submit(replica.stop, 60)
        until(lambda: not replica.is_ready(), otherwise=lambda: f"{ended}: {replica.get('/readyz')}, {replica.said}")
    everybody_knows(slack, begun, admin_url)
    assert [reply.result().error for _person, _name, reply in begun if not reply.result().ok] == []
    assert ended.result() == 0


def test_what_was_removed_and_installed_again_is_served_again(
    slack: Sandbox, replica: Replica, crowd: ThreadPoolExecutor, admin_url: str
) -> None:
    with held(admin_url):
        begun = add_many(slack, crowd)
        slack.control.admin("uninstalls", app_id=APP_ID, team="TA")
    for _person, _name, reply in begun:
        reply.result()
    until(lambda: "SLACK_BOT_TOKEN" in _readiness(replica))
    slack.control.admin("reinstalls", app_id=APP_ID, team="TA")
    replica.wait_until_ready()
    everybody_knows(slack, begun, admin_url)
    assert slack.person("UAREP").types("/customer add Later", channel="CGENERAL").ok
    assert "Later" in names(admin_url)
