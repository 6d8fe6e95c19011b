"""What a sandbox keeps over a restart, in this process and in one of its own."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from slack_sdk import WebClient

from sandbox.control.client import Control
from sandbox.sample_teams import APP_ID, two_teams
from sandbox.server import Sandbox
from sandbox.world.persistence import FILE
from tests.support.slack_app import QUIET, TOKENS, HttpServer
from tests.support.waiting import PATIENCE_S, until


def test_a_restart_keeps_messages_homes_and_apps(tmp_path: Path) -> None:
    with Sandbox(data=tmp_path, seed=two_teams()) as slack:
        client = WebClient(TOKENS["TA"], base_url=f"{slack.url}/api/")
        root = client.chat_postMessage(channel="CGENERAL", text="kept", **QUIET)["ts"]
        client.chat_postMessage(channel="CGENERAL", text="a reply", thread_ts=root, **QUIET)
        client.views_publish(user_id="UAREP", view={"type": "home", "blocks": [{"type": "divider"}]})
        slack.control.app(APP_ID, manifest={"features": {"slash_commands": [{"command": "/deal"}]}})
        url = slack.core.world.new_response_url(slack.workspace.installations[0], "UAREP", "CGENERAL")
    with Sandbox(data=tmp_path, seed=two_teams("Another name")) as slack:
        rep = slack.person("UAREP")
        assert rep.sees("kept", channel="#general")
        assert rep.home is not None
        assert slack.workspace.apps[APP_ID].name == "Rapport"
        assert slack.control.get("commands", team="TA")["commands"][0]["command"] == "/deal"
        client = WebClient(TOKENS["TA"], base_url=f"{slack.url}/api/")
        thread = client.conversations_replies(channel="CGENERAL", ts=root)["messages"]
        assert [m["text"] for m in thread] == ["kept", "a reply"]
        again = f"{slack.url}/response/{url.rsplit('/', 1)[1]}"
        with urllib.request.urlopen(again, b'{"text": "still answered"}') as response:
            assert response.read() == b"ok"
        assert client.chat_postMessage(channel="CGENERAL", text="new", **QUIET)["ts"] > root


def test_an_event_that_was_not_acknowledged_comes_after_the_restart(tmp_path: Path) -> None:
    seen: list[str] = []

    def answer(headers: dict[str, str], body: str) -> tuple[int, dict[str, str], str]:
        seen.append(json.loads(body)["event"]["text"])
        return 200, {}, ""

    with Sandbox(data=tmp_path, seed=two_teams()) as slack:
        slack.control.settings(retry_scale=0.01)
        slack.person("UAREP").types("nobody listens", channel="#general")
        while len(slack.control.deliveries("events_api")) < 2:
            slack.control.wait(slack.control.version, 0.1)
    server = HttpServer(answer)
    with Sandbox(data=tmp_path) as slack:
        slack.control.app(APP_ID, request_url=server.url)
        slack.control.settles()
    server.stop()
    assert seen == ["nobody listens"]


def test_the_file_is_written_while_it_runs(tmp_path: Path) -> None:
    with Sandbox(data=tmp_path, seed=two_teams()) as slack:
        slack.person("UAREP").types("soon on disk", channel="#general")
        until(lambda: (tmp_path / FILE).exists() and "soon on disk" in (tmp_path / FILE).read_text())
    assert [one.name for one in tmp_path.iterdir()] == [FILE]


def test_a_broken_file_is_an_error_and_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{broken")
    with pytest.raises(ValueError, match="Expecting property name"):
        Sandbox(data=tmp_path)
    assert (tmp_path / FILE).read_text() == "{broken"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_a_process_of_its_own_serves_and_stops_by_signal(tmp_path: Path) -> None:
    port = free_port()
    seed = tmp_path / "seed.json"
    seed.write_text(json.dumps(two_teams()))
    command = [sys.executable, "-m", "sandbox", "--port", str(port), "--data", str(tmp_path), "--seed", str(seed)]
    with subprocess.Popen(command) as process:
        control = Control(f"http://127.0.0.1:{port}")
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                control.person("UAREP").types("hello", channel="#general")
                break
            except OSError:
                assert time.monotonic() < deadline
                assert process.poll() is None
                time.sleep(0.05)
        control.person("UAAGENT").sees("hello", channel="#general")
        taken = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        assert taken.returncode == 1
        assert "The sandbox cannot start" in taken.stderr
        assert "Traceback" not in taken.stderr
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_S)
    assert "hello" in (tmp_path / FILE).read_text()
