"""Try what is asked of every command, form, button and drawing with those of the bundled plugins that are off.

`tests/bot/plugins/test_off.py` runs it in a process that has them on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot.delivery.renderer import Renderings
from bot.kit import blocks as b
from bot.registry import bundled, load
from bot.requests.home import HOME_BLOCKS, HOME_CHARACTERS
from bot.requests.request import RequestKind
from sandbox.blocks_check import view_problems
from storage.queues.outbox import Delivery
from tests.support.answers import is_failure, kind_of
from tests.support.cluster import Cluster
from tests.support.hostile import (
    OWN_SEEDS,
    REGISTRY,
    TEAM,
    Desk,
    bounded,
    hostile,
    message,
    names,
    open_desk,
    sendable,
    written,
)
from tests.support.hostile_typed import PLACES, argued, value_of
from tests.support.quiet_slack import WHO

OFF = set(bundled()) - load(on=()).plugins.keys()
HERS = [plugin for plugin in REGISTRY.plugins.values() if plugin.name in OFF]
COMMANDS = [one for plugin in HERS for one in plugin.commands]
OWN_PLACES = {place: right for module in OWN_SEEDS for place, right in module.PLACES.items()}


@pytest.fixture(scope="module")
def desk(cluster: Cluster, template: str) -> Iterator[Desk]:
    """Open the desk once for all tests."""
    for at in open_desk(cluster, template):
        assert OWN_SEEDS and HERS
        at.alone = True
        with pytest.MonkeyPatch.context() as patch:
            for place, right in OWN_PLACES.items():
                patch.setitem(PLACES, place, right)
            yield at


@pytest.mark.parametrize("words", [one.words for one in COMMANDS if one.handler])
@given(data=st.data())
@settings(bounded, max_examples=2)
def test_every_command_bears_it(desk: Desk, words: str, data: st.DataObject) -> None:
    desk.types(words, data.draw(argued(REGISTRY.usages[words])))


@pytest.mark.parametrize("view_id", [one.id for plugin in HERS for one in plugin.views if one.submitted])
@given(data=st.data())
@settings(bounded, max_examples=3)
def test_every_form_bears_it(desk: Desk, view_id: str, data: st.DataObject) -> None:
    opened = desk.opens(view_id, desk.control(view_id, data.draw(names)))
    assert opened.get("submit"), "what it is about is there"
    fields = {one["block_id"]: value_of(one) for one in opened["blocks"] if one["type"] == "input"}
    answer = desk.submits(opened, data.draw(st.fixed_dictionaries(fields)))
    assert kind_of(answer) in {"message", "errors", "modal", "none"}


@pytest.mark.parametrize("action_id", [one.id for plugin in HERS for one in plugin.actions if one.handler])
@given(data=st.data())
@settings(bounded, max_examples=2)
def test_every_button_bears_it(desk: Desk, action_id: str, data: st.DataObject) -> None:
    control = desk.control(action_id, data.draw(names))
    assert not is_failure(desk.presses(action_id, control)), "what it is about is there"
    desk.presses(action_id, data.draw(hostile.map(lambda text: control + text) | hostile))


@given(text=hostile)
@settings(bounded, max_examples=10)
def test_what_is_searched_for_in_a_menu_is_only_text(desk: Desk, text: str) -> None:
    for source in (one for plugin in HERS for one in plugin.sources):
        desk.asks(RequestKind.OPTIONS, {"action_id": source.id, "value": text})


@given(name=names)
@settings(bounded, max_examples=3)
def test_what_carries_hostile_names_is_drawn_plainly(desk: Desk, name: str) -> None:
    seeded = desk.seeds(name)
    own = {one.id for plugin in HERS for one in plugin.renderers}
    with desk.database.transaction(TEAM) as session:
        theirs = Delivery.id.in_(seeded.deliveries), Delivery.renderer.in_(own)
        found = session.scalars(select(Delivery).where(*theirs)).all()
        assert {one.renderer for one in found} == own
        for sent in found:
            drawn: Any = Renderings(REGISTRY).render(session, sent)
            sendable([drawn.text, drawn.blocks])
            message(drawn.text, drawn.blocks)
    home = b.render(desk.home.draw(desk.people.find(TEAM, WHO), name), limit=HOME_BLOCKS, budget=HOME_CHARACTERS)
    assert view_problems({"type": "home", "blocks": home}, "home") == []
    assert "could not be shown" not in json.dumps(home)
    written(home)
    for words in ("digest now", *(f"{one.declaration.key} list" for plugin in HERS for one in plugin.nouns)):
        assert not is_failure(desk.types(words)), words
    for reference in seeded.shown:
        for text in (reference, f"history {reference}"):
            answer = desk.asks(RequestKind.COMMAND, {"command": "/crm", "text": text, "channel_id": "D0"})
            assert not is_failure(answer) and "could not be shown" not in str(answer), text
