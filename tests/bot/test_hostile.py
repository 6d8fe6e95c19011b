"""Send hostile text through every command, form, button and drawing: no notification, no link, no invalid block."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from bot.delivery.renderer import Renderings
from bot.handlers.digests.wording import WORDS
from bot.kit import blocks as b
from bot.requests.answer import ErrorsAnswer, ModalAnswer
from bot.requests.home import HOME_BLOCKS, HOME_CHARACTERS
from bot.requests.request import RequestKind
from sandbox.blocks_check import view_problems
from sandbox.blocks_check.mrkdwn import texts
from storage.crm.customers import Customer
from storage.crm.deals import Deal
from storage.crm.notes import Note
from storage.queues.outbox import Delivery
from storage.support.tickets import Ticket
from tests.support.answers import is_failure, kind_of, message_of
from tests.support.cluster import Cluster
from tests.support.company import Company
from tests.support.hostile import (
    REGISTRY,
    TEAM,
    Desk,
    bounded,
    hostile,
    kept,
    message,
    names,
    open_desk,
    sendable,
    typed,
    written,
)
from tests.support.hostile_typed import argued, value_of
from tests.support.quiet_slack import WHO


@pytest.fixture(scope="module")
def desk(cluster: Cluster, template: str) -> Iterator[Desk]:
    """Open the desk once for all tests."""
    yield from open_desk(cluster, template)


@pytest.mark.parametrize("words", [c.words for c in REGISTRY.commands.values() if c.handler])
@given(data=st.data())
@settings(bounded, max_examples=6)
def test_every_command_bears_it(desk: Desk, words: str, data: st.DataObject) -> None:
    desk.types(words, data.draw(argued(REGISTRY.usages[words])))


@given(text=typed, slash=st.sampled_from(["crm", "deal", "customer", "ticket", "followup", "digest", "find"]))
@settings(bounded, max_examples=40)
def test_what_is_no_command_is_said_plainly(desk: Desk, text: str, slash: str) -> None:
    desk.asks(RequestKind.COMMAND, {"command": f"/{slash}", "text": text, "channel_id": "D0"})


@pytest.mark.parametrize("view_id", [v.id for v in REGISTRY.views.values() if v.submitted])
@given(data=st.data())
@settings(bounded, max_examples=6)
def test_every_form_bears_it(desk: Desk, view_id: str, data: st.DataObject) -> None:
    opened = desk.opens(view_id, desk.control(view_id, data.draw(names)))
    if not opened.get("submit"):
        return
    fields = {block["block_id"]: value_of(block) for block in opened["blocks"] if block["type"] == "input"}
    answer = desk.submits(opened, data.draw(st.fixed_dictionaries(fields)))
    assert kind_of(answer) in {"message", "errors", "modal", "none"}


@pytest.mark.parametrize("action_id", [a.id for a in REGISTRY.actions.values() if a.handler])
@given(data=st.data())
@settings(bounded, max_examples=4)
def test_every_button_bears_it(desk: Desk, action_id: str, data: st.DataObject) -> None:
    control = desk.control(action_id, data.draw(names))
    desk.presses(action_id, data.draw(st.just(control) | hostile.map(lambda text: control + text) | hostile))


@given(text=hostile)
@settings(bounded, max_examples=30)
def test_what_is_searched_for_in_a_menu_is_only_text(desk: Desk, text: str) -> None:
    for source in REGISTRY.sources:
        desk.asks(RequestKind.OPTIONS, {"action_id": source, "value": text})


@given(name=names)
@settings(bounded, max_examples=6)
def test_what_carries_hostile_names_is_drawn_plainly(desk: Desk, name: str) -> None:
    seeded = desk.seeds(name)
    with desk.database.transaction(TEAM) as session:
        for sent in session.scalars(select(Delivery).where(Delivery.id.in_(seeded.deliveries))):
            drawn = Renderings(REGISTRY).render(session, sent)
            assert drawn is not None
            sendable([drawn.text, drawn.blocks])
            message(drawn.text, drawn.blocks)
    home = b.render(desk.home.draw(desk.people.find(TEAM, WHO), name), limit=HOME_BLOCKS, budget=HOME_CHARACTERS)
    assert view_problems({"type": "home", "blocks": home}, "home") == []
    assert "could not be shown" not in json.dumps(home)
    written(home)
    for words in ("digest now", "digest list", "deal list", "ticket list", "followup list", "renewal list", "setup"):
        assert not is_failure(desk.types(words))
    for number in WORDS:
        assert not is_failure(desk.types("digest explain", number))
    for noun in ("customers", "deals", "tickets"):
        assert not is_failure(desk.types("history", seeded.refs[noun]))
        assert not is_failure(desk.types(f"{noun[:-1]} show", seeded.refs[noun]))
    assert not is_failure(desk.types("history", seeded.refs["followups"]))


def newest(desk: Desk, model: Any, column: str) -> tuple[int, str]:
    """Return the number of the record added last, and a text of it."""
    with desk.database.transaction(TEAM) as session:
        row = session.execute(select(model.id, getattr(model, column)).order_by(model.id.desc()).limit(1)).one()
        return row[0], row[1]


@pytest.mark.parametrize(
    ("view_id", "noun", "name_field", "model"),
    [
        ("records.new", "customer", "name", Customer),
        ("records.new", "deal", "name", Deal),
        ("records.new", "ticket", "name", Ticket),
    ],
)
@given(text=hostile)
@settings(bounded, max_examples=15)
def test_a_name_is_stored_as_it_was_typed_or_the_form_stays_open(
    desk: Desk, view_id: str, noun: str, name_field: str, model: Any, text: str
) -> None:
    before, _name = newest(desk, model, "name")
    values = {name_field: text, "stage": "Qualified", "priority": "normal"}
    opened = desk.opens(view_id, f":0:{noun}")
    for field in opened["blocks"]:
        if field.get("block_id") in {"stage", "status"}:
            options = field["element"].get("options") or [field["element"]["initial_option"]]
            values[field["block_id"]] = options[0]["value"]
    answer = desk.submits(opened, values)
    if isinstance(answer, ModalAnswer):
        asked = next(block["element"] for block in answer.view["blocks"] if block.get("block_id") == name_field)
        assert asked["initial_value"] == text.strip()
        answer = desk.submits(answer.view, values)
    after_it, name = newest(desk, model, "name")
    if isinstance(answer, ErrorsAnswer):
        assert set(answer.errors) == {name_field}
        assert kept(text) is None
        assert after_it == before
    else:
        assert after_it > before
        assert name == text.strip()


@given(text=hostile)
@settings(bounded, max_examples=40)
def test_a_note_is_stored_as_it_was_typed_or_given_back(desk: Desk, text: str) -> None:
    with desk.database.transaction(TEAM) as session:
        before = session.scalar(select(func.max(Note.id)))
    answer = desk.types("customer note", "C-1 " + text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
    after_it, stored = newest(desk, Note, "text")
    if is_failure(answer):
        assert after_it == before
        shown = "".join(block["text"]["text"] for block in message_of(answer).blocks)
        assert not text.strip() or b.esc(b.sendable(text).strip()[:50].strip()) in shown
    else:
        assert after_it != before
        assert stored in {text.strip(), text.strip()[1:-1]}, "quotes around the whole are not part of it"


def quiet(company: Company) -> None:
    """Check that nothing the bot has sent notifies anybody or links anywhere."""
    sent = company.sandbox.control.calls()
    assert sent
    for call in sent:
        for _pointer, text in texts(call):
            assert "<!" not in text
            assert "evil.example|" not in text


def test_hostile_words_come_over_the_wire_as_they_were_typed(company: Company) -> None:
    said = "<!channel> *bold* <https://evil.example|invoice> \u202e {x} %s '; DROP TABLE customer; --"
    company.rep.types(f"/customer add {said}")
    company.settles()
    with company.database.transaction(company.workspace) as session:
        assert session.scalars(select(Customer.name)).all() == [said]
    assert said in company.rep.types("/customer show C-1").text
    quiet(company)


def test_a_form_takes_hostile_words_over_the_wire(company: Company) -> None:
    company.rep.types("/deal")
    company.rep.submits(name="<!here> 😀 \x1b &amp; <@U1> `{}`", amount="12k")
    company.settles()
    with company.database.transaction(company.workspace) as session:
        assert session.scalars(select(Deal.name)).all() == ["<!here> 😀 \x1b &amp; <@U1> `{}`"]
    quiet(company)
