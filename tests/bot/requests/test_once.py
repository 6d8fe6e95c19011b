"""Show that a request has its effect once: clicked twice, sent twice, its process killed, its COMMIT's answer lost."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from slack_bolt import BoltRequest, BoltResponse

from bot.registry import Registry
from bot.requests.answer import Answer
from bot.requests.request import Request
from bot.requests.unconfirmed import Doubts
from sandbox.sample_teams import APP_ID
from tests.support.cluster import Cluster
from tests.support.company import Company, start_company_on
from tests.support.database_wire import Wire
from tests.support.trial_plugin import Trial, controls, names, stored, waiting
from tests.support.waiting import PATIENCE_S, until

DOUBT = "I could not confirm this; look at the record before you repeat it."
LOST = "What I could not confirm a moment ago was not saved."

# What is killed is the real thing: the child only stops itself at a moment that no signal from outside would hit.
CHILD = """
import os, signal, sys, threading, time
from pathlib import Path
from bot.app import Rapport
from bot.registry import Registry, load
from bot.requests.responder import Responder
from bot.settings import Settings
from sandbox.sample_teams import SIGNING_SECRET
from tests.support.trial_plugin import Trial

point, database_url, slack_url, data = sys.argv[1:]
trial = Trial()
if point == "late":
    trial.gate.clear()
else:
    def send(*_, **__):
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGKILL)
    Responder.send = send
settings = Settings(
    bot_token="xoxb-a-sandbox", signing_secret=SIGNING_SECRET, api_url=slack_url + "/api/", data_dir=Path(data),
    port=0, probe_port=0, pool_size=4,
)
bot = Rapport(settings, database_url, role="slack", registry=Registry([*load().plugins.values(), trial.plugin]))
bot.dispatcher.patience, bot.dispatcher.deadline, bot.dispatcher.lease_s = 0.3, 60.0, 1.0
bot.start()
bot.wait_until_ready(120)
print(bot.port, flush=True)
time.sleep(600)
"""


@pytest.fixture
def child(tried: tuple[Company, Trial], models: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Start other processes that serve the same workspace, and send Slack's requests to the newest."""
    company, _trial = tried
    running: list[subprocess.Popen[str]] = []

    def start(point: str) -> subprocess.Popen[str]:
        arguments = [point, company.admin_url, company.sandbox.url, str(models)]
        process = subprocess.Popen([sys.executable, "-c", CHILD, *arguments], stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        company.sandbox.control.app(APP_ID, request_url=f"http://127.0.0.1:{port}/slack/events")
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
    company.point()


def again(company: Company, kind: str) -> BoltResponse:
    """Deliver the newest request of a kind once more, as it was."""
    payload = company.sandbox.control.deliveries(kind)[-1]["payload"]
    return company.bot.bolt.dispatch(BoltRequest(body=payload, mode="socket_mode"))


def seen(company: Company, text: str) -> int:
    return sum(text in shown for shown in company.rep.texts())


def test_a_double_click_has_one_effect_and_the_same_answer_twice(tried: tuple[Company, Trial]) -> None:
    company, trial = tried
    controls(company.rep, "Acme")
    company.rep.clicks("Add it", message="Controls")
    company.rep.sees("Added Acme as C-1.")
    company.rep.clicks("Add it", message="Controls")
    until(lambda: seen(company, "Added Acme as C-1.") == 2)
    assert names(company) == ["Acme"]
    assert trial.ran.count("button") == 1
    until(lambda: stored(company) == ["done"])


def test_a_second_click_that_would_find_nothing_to_do_is_answered_as_the_first(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    controls(company.rep, "Acme")
    company.rep.clicks("Add it unless it is there", message="Controls")
    company.rep.sees("Added Acme.")
    company.rep.clicks("Add it unless it is there", message="Controls")
    until(lambda: seen(company, "Added Acme.") == 2 or seen(company, "Acme was there.") > 0)
    assert seen(company, "Acme was there.") == 0


def test_two_clicks_at_the_same_moment_have_one_effect(tried: tuple[Company, Trial]) -> None:
    company, trial = tried
    controls(company.rep, "Acme")
    trial.gate.clear()
    clicks = [threading.Thread(target=company.rep.clicks, args=("Add it",)) for _ in range(4)]
    for click in clicks:
        click.start()
    # One has begun; the others have looked for its key before it was there.
    until(lambda: waiting(company) == 3)
    trial.gate.set()
    for click in clicks:
        click.join()
    until(lambda: seen(company, "Added Acme as C-1.") == 4)
    assert names(company) == ["Acme"]


def test_a_click_on_another_message_is_another_request(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    for number in (1, 2):
        controls(company.rep, "Acme")
        company.rep.clicks("Add it")
        company.rep.sees(f"Added Acme as C-{number}.")
    assert names(company) == ["Acme", "Acme"]


def test_a_modal_submitted_twice_is_saved_once(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    company.rep.types("/crm trial")
    company.rep.submits(Name="Acme")
    assert again(company, "interactive").status == 200
    until(lambda: seen(company, "A card") == 2)
    assert names(company) == ["Acme"]


def test_a_command_delivered_twice_is_carried_out_once_and_answered_twice(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    company.rep.types("/crm trial add Acme")
    assert json.loads(again(company, "slash_commands").body)["text"] == "Added Acme as C-1."
    assert names(company) == ["Acme"]


def test_commands_without_a_trigger_are_not_taken_for_one(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    company.rep.types("/crm trial add Acme")
    payload = company.sandbox.control.deliveries("slash_commands")[-1]["payload"]
    for name in ("Globex", "Initech"):
        body = {**payload, "trigger_id": "", "text": f"trial add {name}"}
        company.bot.bolt.dispatch(BoltRequest(body=body, mode="socket_mode"))
    assert names(company) == ["Acme", "Globex", "Initech"]


@pytest.mark.parametrize("transport", ["http"], indirect=True)
def test_a_slow_command_whose_process_is_killed_is_finished_by_another(
    tried: tuple[Company, Trial], child: Callable[[str], subprocess.Popen[str]]
) -> None:
    company, _trial = tried
    process = child("late")
    assert company.rep.types("/crm trial add Acme").text == "Working on it…"
    process.send_signal(signal.SIGKILL)
    company.rep.sees("Added Acme as C-1.")
    until(lambda: stored(company) == ["done"])
    assert names(company) == ["Acme"]


@pytest.mark.parametrize("transport", ["http"], indirect=True)
def test_what_was_saved_is_answered_though_the_process_died_before_it_could(
    tried: tuple[Company, Trial], child: Callable[[str], subprocess.Popen[str]]
) -> None:
    company, trial = tried
    controls(company.rep, "Acme")
    company.rep.types("/crm trial")
    process = child("answering")
    company.rep.submits(Name="Globex")
    assert process.wait(PATIENCE_S) == -signal.SIGKILL
    assert names(company) == ["Globex"]
    company.rep.sees("A card")
    process = child("answering")
    company.rep.clicks("Add it", message="Controls")
    assert process.wait(PATIENCE_S) == -signal.SIGKILL
    company.rep.sees("Added Acme as C-2.")
    assert names(company) == ["Globex", "Acme"]
    assert trial.ran == ["fill"]
    until(lambda: stored(company) == ["done", "done"])


@pytest.fixture(scope="module")
def wired(cluster: Cluster, template: str, registry: Registry, models: Path) -> Iterator[tuple[Company, Wire]]:
    """Run a company whose database is behind a wire."""
    url = cluster.lend(template)
    wire = Wire(url)
    with_trial = Registry([*registry.plugins.values(), Trial().plugin])
    company = start_company_on(wire.url, url, with_trial, models, "socket", {})
    company.rep.types("/crm trial read")
    yield company, wire
    company.close()
    wire.close()


@pytest.mark.parametrize("before", [False, True])
def test_a_commit_whose_answer_is_lost_has_its_effect_once(wired: tuple[Company, Wire], before: bool) -> None:
    company, wire = wired
    had = names(company)
    wire.lose, wire.before = 1, before
    company.rep.types(f"/crm trial add Lost {before}")
    company.rep.sees(f"Added Lost {before} as C-{len(had) + 1}.")
    assert wire.lost.is_set()
    wire.lost.clear()
    assert names(company) == [*had, f"Lost {before}"]


@pytest.fixture
def doubts(wired: tuple[Company, Wire], monkeypatch: pytest.MonkeyPatch) -> Doubts:
    """Return what looks for requests in doubt, without its usual patience."""
    company, _wire = wired
    monkeypatch.setattr("bot.requests.runtime.LOOK_FOR_S", 0.5)
    doubts = company.bot.dispatcher.doubts
    monkeypatch.setattr(doubts, "look_every_s", 0.2)
    monkeypatch.setattr(doubts, "sure_after_s", 1.0)
    return doubts


def asks_in_vain(wired: tuple[Company, Wire], asks: Callable[[], object], *, before: bool) -> None:
    """Lose a COMMIT, or the answer to it, and have the database away until the person was told of the doubt."""
    company, wire = wired
    told = seen(company, DOUBT)
    wire.lose, wire.before, wire.refuse_after_loss = 1, before, True
    asks()
    until(lambda: seen(company, DOUBT) == told + 1)
    wire.refuse, wire.refuse_after_loss = False, False


@pytest.mark.parametrize("before", [False, True])
def test_what_cannot_be_looked_up_is_said_to_be_in_doubt_and_told_once_it_is_known(
    wired: tuple[Company, Wire], doubts: Doubts, before: bool
) -> None:
    company, _wire = wired
    had = names(company)
    asks_in_vain(wired, lambda: company.rep.types(f"/crm trial add Doubted {before}"), before=before)
    if before:
        company.rep.sees(LOST)
        assert names(company) == had
    else:
        company.rep.sees(f"Added Doubted {before} as C-{len(had) + 1}.")
        assert names(company) == [*had, f"Doubted {before}"]


def test_a_click_in_doubt_is_told_once_it_is_known_and_then_no_more(
    wired: tuple[Company, Wire], doubts: Doubts, monkeypatch: pytest.MonkeyPatch
) -> None:
    company, _wire = wired
    # Nobody else is to answer it meanwhile.
    monkeypatch.setattr(company.bot.dispatcher, "lease_s", 3_600.0)
    had, known = names(company), stored(company)
    controls(company.rep, "Clicked")
    asks_in_vain(wired, lambda: company.rep.clicks("Add it", message="Controls"), before=False)
    company.rep.sees(f"Added Clicked as C-{len(had) + 1}.")
    until(lambda: stored(company) == [*known, "done"])


def test_what_may_still_be_committed_is_not_said_to_be_lost(
    wired: tuple[Company, Wire], doubts: Doubts, monkeypatch: pytest.MonkeyPatch
) -> None:
    company, _wire = wired
    doubts.sure_after_s = 3_600.0
    found: list[Answer | None] = []
    look = company.bot.runtime.repeated

    def repeated(request: Request) -> Answer | None:
        found.append(look(request))
        return found[-1]

    monkeypatch.setattr(company.bot.runtime, "repeated", repeated)
    lost = seen(company, LOST)
    asks_in_vain(wired, lambda: company.rep.types("/crm trial add Slowly"), before=True)
    until(lambda: len(found) >= 2 or seen(company, LOST) > lost)
    assert seen(company, LOST) == lost
    doubts.sure_after_s = 0.0
    until(lambda: seen(company, LOST) == lost + 1)


def test_a_database_that_is_away_is_said_so_and_comes_back(wired: tuple[Company, Wire]) -> None:
    company, wire = wired
    had = names(company)
    company.rep.types("/crm trial")
    company.rep.fills(Name="Kept")
    wire.refuse = True
    assert "I can't reach the database, so nothing was saved." in company.rep.types("/crm trial add Gone").text
    assert "nothing was saved" in company.rep.submits().errors["name"]
    wire.refuse = False

    def works() -> Any:
        return "customers." in company.rep.types("/crm trial read").text

    until(works)
    company.rep.submits()
    until(lambda: names(company) == [*had, "Kept"])
