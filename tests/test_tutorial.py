"""Walk through the tutorial in its written order, in the demo that it is about: each command, button and person."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.control.client import Control, Person
from tests.support.ports import free_port
from tests.support.waiting import until

ROOT = Path(__file__).parents[1]
LINES = (ROOT / "docs" / "tutorial.md").read_text("utf-8").splitlines()
PEOPLE = {name: f"U0{name.upper()}" for name in ("Rita", "Carla", "Anton", "Mara", "Ada")}
REFUSED = {"/deal add Big one amount:lots": "lots is not an amount I understand"}
ASKED = {"/customer add Harbour Logistics": "may be here already"}
CRASH = "Hello, the driver app crashes when I open the map. Please help quickly!"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Control]:
    """Start the demo as a newcomer does, in a folder of its own."""
    port = free_port()
    rapport, folder = Path(sys.executable).with_name("rapport"), tmp_path_factory.mktemp("demo")
    command = [str(rapport), "demo", "--port", str(port)]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as process:
        control = Control(f"http://localhost:{port}")
        try:
            until(lambda: _answers(control), within=120)
            yield control
        finally:
            process.terminate()
            process.wait(60)


def _answers(control: Control) -> bool:
    try:
        return control.person("U0RITA").types("/crm help", channel="#sales").ok
    except OSError:
        return False


class Walk:
    """Follow the text: who one is, where, and what it says to do there."""

    def __init__(self, control: Control) -> None:
        self.control = control
        self.channel = ""
        self.who = control.person("U0RITA")
        self.typed: list[str] = []

    def person(self, name: str) -> Person:
        """Return somebody of the tutorial."""
        return self.control.person(PEOPLE[name])

    def types(self, command: str) -> None:
        """Type a command, and find that it is answered as the text says."""
        reply = self.who.types(command, channel=self.channel)
        self.typed.append(command)
        assert reply.ok, (command, reply.error)
        said = REFUSED.get(command) or ASKED.get(command)
        if said:
            assert said in reply.text, (command, reply.text)
            return
        wrong = ("I don't know", "There is no", "Usage:", "needs the role", "on our side", "Did you mean")
        assert not [one for one in wrong if one in reply.text], (command, reply.text)

    def moves(self) -> None:
        """Use the card's buttons, as the text says of the deal that was just added."""
        self.who.selects("Move to", "Proposal", channel=self.channel)
        self.who.sees("Proposal", channel=self.channel)
        self.who.clicks("Note", channel=self.channel)
        self.who.submits(Note="They want a pilot first")
        self.who.sees("They want a pilot first", channel=self.channel)

    def opens_a_form(self) -> None:
        """Fill the form that a noun's word opens."""
        self.who.types("/deal", channel=self.channel)
        self.who.submits(Name="Second pilot")
        self.who.sees("Second pilot", channel=self.channel)

    def writes(self) -> None:
        """Write as the customer, who sees nothing of Rapport."""
        before = len(self.person("Carla").texts("#ext-harbor"))
        self.person("Carla").posts(CRASH, channel="#ext-harbor")
        self.person("Anton").sees("the driver app crashes when I open the map", channel="#support")
        assert len(self.person("Carla").texts("#ext-harbor")) == before + 1

    def helps(self) -> None:
        """Take the last card, answer in the thread, and resolve."""
        anton = self.person("Anton")
        anton.clicks("Take", channel="#support")
        anton.sees("With: @Anton Aydin", channel="#support")
        asked = [one for one in anton.messages("#ext-harbor") if one.get("text") == CRASH][-1]
        anton.posts("We are on it.", channel="#ext-harbor", thread=asked["ts"])
        anton.sees("Answered after", channel="#support")
        anton.clicks("Resolve", channel="#support")
        anton.sees("resolved", channel="#support")

    def subscribes(self) -> None:
        """Set a digest up as the form is, and have it sent at once."""
        self.who.types("/digest new", channel=self.channel)
        self.who.submits()
        self.who.clicks("Send now", channel=self.channel)
        self.who.sees("Behind the numbers", channel="@Rapport")


DONE: dict[str, Callable[[Walk], None]] = {
    "card's buttons: choose **Move to** > **Proposal**, then press **Note**.": Walk.moves,
    "Then type `/deal` alone: a form opens.": Walk.opens_a_form,
    "> Hello, the driver app crashes": Walk.writes,
    "Press **Take**: the card now shows": Walk.helps,
    "To get it every morning, type `/digest new`": Walk.subscribes,
}
"""What the text says to do besides commands, by the words that say so."""


def test_each_step_of_the_tutorial_does_what_it_says(demo: Control) -> None:
    walk = Walk(demo)
    left = dict(DONE)
    for line in LINES:
        for name in PEOPLE:
            if f"**{name}**" in line:
                walk.who = walk.person(name)
        for channel in re.findall(r"(?:\*\*|, in )#([a-z-]+)", line):
            walk.channel = f"#{channel}"
        if line.startswith("/"):
            walk.types(line)
        for words in [one for one in left if one in line]:
            left.pop(words)(walk)
    assert list(left) == [], "the text says this no longer, or in other words"
    assert len(walk.typed) == len([line for line in LINES if line.startswith("/")]) > 20
    refused = walk.person("Rita").types("/digest now", channel="#sales").text
    assert "This needs the role manager." in refused
    assert "An admin can give it to you" in refused
