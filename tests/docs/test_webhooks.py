"""Run the program that the page on webhooks shows, and tell it what happens."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Any

import pytest

from storage.webhooks import occurrences, queue, settings
from storage.webhooks.settings import known_events
from tests.support.ports import free_port
from tests.support.rapport import ROOT
from tests.support.receivers import caller
from tests.support.waiting import until
from tests.support.webhooks import SECRET

PAGE = (ROOT / "docs" / "webhooks.md").read_text("utf-8")


@pytest.fixture
def shown() -> Any:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    port = free_port()
    running = subprocess.Popen(
        [sys.executable, "-c", program],
        env={**os.environ, "PORT": str(port), "WEBHOOK_SECRET": SECRET},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    yield running, f"http://127.0.0.1:{port}/"
    running.kill()
    running.communicate()


def test_the_program_takes_what_is_signed_and_nothing_else(shown: Any) -> None:
    running, url = shown
    sender = caller()
    until(lambda: sender.send(url, [SECRET], "0", {"type": "webhook.test", "data": {}}).reason is None)
    assert running.stdout.readline() == "webhook.test None\n"
    won = {"type": "deal.won", "data": {"record": {"id": "D-88"}}}
    forged = "whsec_" + "A" * 43 + "="
    assert sender.send(url, [forged], "1", won).status == 401
    assert sender.send(url, [forged, SECRET], "2", won).status == 204
    assert sender.send(url, [SECRET], "2", won).status == 204
    assert sender.send(url, [SECRET], "3", {**won, "type": "deal.lost"}).status == 204
    assert [running.stdout.readline() for _ in range(2)] == ["deal.won D-88\n", "deal.lost D-88\n"]


def test_the_page_names_what_there_is(session: Any) -> None:
    kinds = {event.partition(".")[2] for event in known_events(session)}
    told = set(re.findall(r"`(?:\w+\.)?(\w+)`", PAGE))
    assert kinds <= told and occurrences.TEST in told
    assert f"{queue.ATTEMPTS} times" in PAGE and f"{queue.LONGEST_WAIT_S / 3600:.0f} hours" in PAGE
    assert settings.BOTH_FOR.days == 1 and queue.OFF_AFTER.days == 3
