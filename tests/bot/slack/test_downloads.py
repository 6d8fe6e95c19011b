"""Show that files are fetched from Slack alone, whole or not at all."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from bot.slack.downloads import download, is_file
from sandbox import sample_teams
from sandbox.server import Sandbox
from storage.errors import CrmError, Invalid, NotFound, Refused
from tests.support.ports import free_port
from tests.support.slack_app import TOKENS

API = "https://slack.com/api/"


@pytest.mark.parametrize(
    "address",
    [
        "https://files.slack.com/files-pri/T1-F1/a.csv",
        "https://files.slack.com:443/files-pri/T1-F1/download/a.csv?x=1",
    ],
)
def test_slacks_files_are_fetched(address: str) -> None:
    assert is_file(address, API)


@pytest.mark.parametrize(
    "address",
    [
        "http://files.slack.com/a.csv",
        "https://files.slack.com.evil.example/a.csv",
        "https://files.slack.com@evil.example/a.csv",
        "https://evil.example/files.slack.com/a.csv",
        "https://slack.com/a.csv",
        "https://FILES.slack.com/a.csv",
        "https://files.slack.com/a.csv\nHost: evil.example",
        "file:///etc/passwd",
        "",
    ],
)
def test_nothing_else_gets_the_token(address: str) -> None:
    assert not is_file(address, API)
    with pytest.raises(Refused, match="outside Slack"):
        download(address, "xoxb-1", API, 100)


def test_nobody_answering_is_said() -> None:
    here = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(CrmError, match="can't reach Slack"):
        download(f"{here}/files-pri/F1/a.csv", "xoxb-1", f"{here}/api/", 100)


def test_a_file_comes_whole_to_who_may_read_it_and_not_beyond_its_limit() -> None:
    content = b"Company\n" + b"x" * 200_000
    with Sandbox(seed=sample_teams.two_teams()) as sandbox:
        sandbox.person("UAREP").sends("a.csv", content, channel="CGENERAL")
        address = sandbox.person("UAREP").messages("CGENERAL")[-1]["files"][0]["url_private_download"]
        api = f"{sandbox.url}/api/"
        with download(address, TOKENS["TA"], api, 300_000) as file:
            assert file.read() == content
        with pytest.raises(Invalid, match="too large"):
            download(address, TOKENS["TA"], api, 100_000)
        with pytest.raises(Refused, match="may not read files"):
            download(address, "xoxb-somebody-else", api, 300_000)
        with pytest.raises(NotFound, match="no longer in Slack"):
            download(f"{sandbox.url}/files-pri/F0NONE/a.csv", TOKENS["TA"], api, 300_000)


def test_a_file_that_points_elsewhere_is_not_followed() -> None:
    asked: list[str] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        here = f"http://127.0.0.1:{server.server_address[1]}"
        with pytest.raises(CrmError):
            download(f"{here}/files-pri/F1/a.csv", "xoxb-1", f"{here}/api/", 100)
        server.shutdown()
    assert asked == ["/files-pri/F1/a.csv"]
