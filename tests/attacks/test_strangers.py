"""Attack with requests of workspaces that nobody knows, and with addresses to answer to that lead astray."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bot.registry import Registry
from bot.slack.manifest import manifest
from sandbox import sample_teams
from sandbox.server import Sandbox
from tests.support.replicas import Replica, StartReplica
from tests.support.signed_requests import command, interaction
from tests.support.waiting import until

ABSENT = "Rapport is not installed in this workspace any more, so nothing was done. An admin can install it again."
BOLTS_OWN = ("reinstall", "unhandled", "no longer available", "apologize")


class Deaf:
    """Listen, take connections, and never answer."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/commands/1"
        self._taken: list[socket.socket] = []
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()

    def _take(self) -> None:
        while True:
            try:
                self._taken.append(self._socket.accept()[0])
            except OSError:
                return

    @property
    def asked(self) -> int:
        """Return how many connections were made."""
        return len(self._taken)

    def close(self) -> None:
        """Let everybody go."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()
        for connection in self._taken:
            connection.close()


@pytest.fixture
def deaf() -> Iterator[Deaf]:
    """Give an address that takes what is sent to it and never answers."""
    deaf = Deaf()
    yield deaf
    deaf.close()


def click(team: str, response_url: str) -> dict[str, Any]:
    """Return a click on a button of ours."""
    return {
        "type": "block_actions",
        "team": {"id": team, "domain": "x"},
        "user": {"id": "UAREP", "team_id": team},
        "api_app_id": sample_teams.APP_ID,
        "trigger_id": "1.2.3",
        "response_url": response_url,
        "channel": {"id": "CGENERAL"},
        "container": {"type": "message", "message_ts": "1700000000.000100", "channel_id": "CGENERAL"},
        "actions": [{"type": "button", "action_id": "crm.undo", "block_id": "b", "value": "{}", "action_ts": "1.1"}],
    }


def shortcut(team: str, response_url: str) -> dict[str, Any]:
    """Return a message shortcut."""
    return {
        "type": "message_action",
        "callback_id": "deal.log",
        "team": {"id": team, "domain": "x"},
        "user": {"id": "UAREP", "team_id": team},
        "trigger_id": "1.2.3",
        "response_url": response_url,
        "channel": {"id": "CGENERAL", "name": "general"},
        "message": {"type": "message", "text": "x", "ts": "1700000000.000100", "user": "UAREP"},
    }


def form(team: str, response_url: str) -> dict[str, Any]:
    """Return a form that was submitted, with an address to answer to."""
    values = {"name": {"name": {"type": "plain_text_input", "value": "Acme"}}}
    return {
        "type": "view_submission",
        "team": {"id": team, "domain": "x"},
        "user": {"id": "UAREP", "team_id": team},
        "trigger_id": "1.2.3",
        "view": {"id": "V1", "type": "modal", "callback_id": "customer.add", "hash": "1", "state": {"values": values}},
        "response_urls": [{"block_id": "name", "action_id": "name", "response_url": response_url}],
    }


SENT: dict[str, Callable[[Replica, str, str], tuple[int, Any]]] = {
    "command": lambda replica, team, url: command(replica, team_id=team, response_url=url),
    "click": lambda replica, team, url: interaction(replica, click(team, url)),
    "shortcut": lambda replica, team, url: interaction(replica, shortcut(team, url)),
    "form": lambda replica, team, url: interaction(replica, form(team, url)),
    "unknown kind": lambda replica, team, url: interaction(
        replica, {"type": "from_2031", "team": {"id": team}, "user": {"id": "UAREP"}, "response_url": url}
    ),
    "workflow step": lambda replica, team, url: interaction(
        replica, {"type": "workflow_step_edit", "callback_id": "x", "team": {"id": team}, "response_url": url}
    ),
}


def test_an_address_that_never_answers_deafens_nobody(slack: Sandbox, start: StartReplica, deaf: Deaf) -> None:
    replica = start()
    for kind, send in SENT.items():
        for team in ("TNOBODY", "TA", ""):
            for url in (deaf.url, "http://localhost.evil.example:1/", "file:///etc/passwd", "x"):
                status, said = send(replica, team, url)
                assert not any(word in str(said) for word in BOLTS_OWN), (kind, said)
                assert status in {200, 400, 404, 503}, (kind, status)
                assert deaf.asked == 0, kind
                assert replica.get("/livez")[0] == 200
    assert "What you can do" in slack.person("UAREP").types("/crm help", channel="CGENERAL").text
    assert replica.stop() == 0
    assert deaf.asked == 0
    assert "Traceback" not in replica.said


def test_a_stranger_is_told_in_our_words(slack: Sandbox, start: StartReplica, deaf: Deaf) -> None:
    replica = start()
    assert command(replica, team_id="TNOBODY") == (200, {"response_type": "ephemeral", "text": ABSENT})
    assert interaction(replica, form("TNOBODY", deaf.url)) == (
        200,
        {"response_action": "errors", "errors": {"name": ABSENT}},
    )
    suggestion = {"type": "block_suggestion", "action_id": "x", "block_id": "x", "value": "a"}
    asked = suggestion | {"team": {"id": "TNOBODY"}, "user": {"id": "U1"}, "container": {"type": "view"}}
    assert interaction(replica, asked) == (200, {"options": []})
    # Where the acknowledgement carries no text, it is said at the address that came with the click, if it is Slack's.
    installation = slack.workspace.installation(sample_teams.APP_ID, "TA")
    assert installation is not None
    for sent in (click, shortcut):
        url = slack.core.world.new_response_url(installation, "UAREP", "CGENERAL")
        assert interaction(replica, sent("TNOBODY", url)) == (200, "")
    until(lambda: sum(ABSENT in text for text in slack.person("UAREP").texts("CGENERAL")) == 2)


@pytest.fixture
def both_installed(seed: dict[str, Any], registry: Registry) -> None:
    """Install the app in the other team too, of which the product is not told."""
    seed["teams"][1] |= sample_teams.two_teams(manifest=manifest(registry, socket_mode=True))["teams"][1]


@pytest.mark.usefixtures("both_installed")
@pytest.mark.parametrize("socket", [False, True], ids=["http", "socket"])
def test_a_stranger_is_told_the_same_over_either_transport(slack: Sandbox, start: StartReplica, socket: bool) -> None:
    start(socket=socket)
    assert slack.person("UBCARLA").types("/crm help", channel="CBGENERAL").text == ABSENT
    assert slack.person("UAREP").types("/crm help", channel="CGENERAL").text != ABSENT


def test_a_workspace_that_took_the_app_away_is_told_so(slack: Sandbox, start: StartReplica, deaf: Deaf) -> None:
    replica = start()
    slack.control.admin("uninstalls", app_id=sample_teams.APP_ID, team="TA")
    until(lambda: command(replica, response_url=deaf.url)[1]["text"] == ABSENT)
    # Nor does a start anew make it "still starting": Slack refuses the token.
    replica.stop()
    again = start(ready=False)
    until(lambda: "refuses SLACK_BOT_TOKEN" in str(again.get("/readyz")) if again.is_alive() else False)
    until(lambda: command(again, response_url=deaf.url)[1]["text"] == ABSENT)
    assert deaf.asked == 0
