"""Show how answers travel: in time or late, for each kind of request, over the real wire."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bot.requests.dispatcher import DEADLINE_S, PATIENCE_S
from bot.requests.request import RequestKind, read
from sandbox.control.client import Json
from tests.support.company import Company
from tests.support.trial_plugin import SLOW_S, Trial, calls, controls, controls_clicked, locked, names, stored, waiting
from tests.support.waiting import until

over_both = pytest.mark.parametrize("transport", ["socket", "http"], indirect=True)


def controls_in_time(company: Company, name: str) -> None:
    """Have the controls shown before anything is slow, so that their answer is none of those that are late."""
    company.hurry_nobody()
    controls(company.rep, name)
    company.bot.dispatcher.patience = SLOW_S


@over_both
def test_a_command_is_answered_in_its_acknowledgement(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    assert company.rep.types("/crm trial add Acme payload 10%").text == "Added Acme payload 10% as C-1."
    assert calls(company, "response_url") == []
    assert stored(company) == []


@over_both
def test_a_slow_command_is_answered_by_response_url(slow: tuple[Company, Trial]) -> None:
    company, trial = slow
    assert company.rep.types("/crm trial add Acme").text == "Working on it…"
    assert stored(company) == ["working"]
    trial.gate.set()
    company.rep.sees("Added Acme as C-1.")
    until(lambda: stored(company) == ["done"])
    assert len(calls(company, "response_url")) == 1
    assert names(company) == ["Acme"]


def test_two_seconds_are_waited_from_the_moment_it_came_and_no_more(tried: tuple[Company, Trial]) -> None:
    company, trial = tried
    assert (PATIENCE_S, DEADLINE_S) == (2.0, 2.5)
    trial.gate.clear()
    dispatcher = company.bot.dispatcher
    body = {"command": "/crm", "text": "trial read", "user_id": "UAREP", "trigger_id": "1.2.3"}
    request = read(RequestKind.COMMAND, body, company.workspace)
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(dispatcher.handle, request, time.monotonic() - dispatcher.patience)
        try:
            assert "Working on it…" in str(late.result(dispatcher.patience / 2))
        finally:
            trial.gate.set()


def test_an_answer_that_comes_before_that_travels_in_time(tried: tuple[Company, Trial]) -> None:
    company, trial = tried
    trial.gate.clear()

    def open_it() -> None:
        until(lambda: trial.ran)
        trial.gate.set()

    opening = threading.Thread(target=open_it)
    opening.start()
    assert "customers." in company.rep.types("/crm trial read").text
    opening.join()
    assert calls(company, "response_url") == []


def test_an_answer_that_comes_while_the_request_is_being_stored_still_travels_in_time(
    slow: tuple[Company, Trial],
) -> None:
    company, trial = slow

    def open_it() -> None:
        until(lambda: waiting(company, "INSERT INTO inbox") == 1)
        trial.gate.set()

    opening = threading.Thread(target=open_it)
    with locked(company, "inbox"):
        opening.start()
        assert company.rep.types("/crm trial add Acme").text == "Added Acme as C-1."
        opening.join()
    company.settles()
    assert stored(company) == []
    assert calls(company, "response_url") == []


def test_what_can_neither_be_done_nor_stored_is_given_up_and_the_person_told(slow: tuple[Company, Trial]) -> None:
    company, trial = slow
    company.bot.dispatcher.deadline = 1.2
    with locked(company, "inbox"):
        said = company.rep.types("/crm trial add Acme").text
    assert "nothing was saved" in said
    trial.gate.set()
    company.settles()
    assert (names(company), stored(company), calls(company, "response_url")) == ([], [], [])


def test_a_click_that_is_given_up_is_told_so_and_nothing_else(slow: tuple[Company, Trial]) -> None:
    company, trial = slow
    controls_in_time(company, "Acme")
    company.bot.dispatcher.deadline = 1.2
    with locked(company, "inbox"):
        assert company.rep.clicks("Add it").ok
        company.rep.sees("This took too long and nothing was saved.")
    trial.gate.set()
    company.settles()
    assert names(company) == []
    assert len(calls(company, "response_url")) == 1


def test_what_comes_late_comes_after_slack_has_taken_the_acknowledgement(
    tried: tuple[Company, Trial], monkeypatch: pytest.MonkeyPatch
) -> None:
    company, trial = tried
    request = read(RequestKind.ACTION, controls_clicked(company), company.workspace)
    company.settles()
    monkeypatch.setattr("bot.requests.dispatcher.TAKEN_S", 1.0)
    dispatcher = company.bot.dispatcher
    sent: list[float] = []
    send = company.bot.responder.send

    def sending(*given: Any, **options: Any) -> None:
        sent.append(time.monotonic())
        send(*given, **options)

    monkeypatch.setattr(company.bot.responder, "send", sending)
    trial.gate.clear()
    ticket = dispatcher.begin(request)
    assert ticket is not None
    dispatcher.acknowledge(request, ticket, time.monotonic())
    assert ticket.late
    trial.gate.set()
    company.rep.sees("Added Acme as C-1.")
    assert sent[0] >= ticket.late_at + 1.0


def test_a_modal_that_is_given_up_stays_open_with_what_was_entered(slow: tuple[Company, Trial]) -> None:
    company, trial = slow
    trial.gate.set()
    company.rep.types("/crm trial")
    company.rep.fills(Name="Acme")
    trial.gate.clear()
    company.bot.dispatcher.deadline = 1.2
    with locked(company, "inbox"):
        assert "nothing was saved" in company.rep.submits().errors["name"]
    trial.gate.set()
    company.settles()
    assert names(company) == []


def test_what_is_being_committed_is_not_given_up(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    dispatcher = company.bot.dispatcher
    request = read(RequestKind.ACTION, controls_clicked(company), company.workspace)
    with locked(company, "inbox"):
        ticket = dispatcher.begin(request)
        assert ticket is not None
        # The click's own row waits for the lock, in the transaction that has its effect.
        until(lambda: waiting(company, "INSERT INTO inbox") == 1)
        assert dispatcher.acknowledge(request, ticket, time.monotonic() - dispatcher.deadline) == ""
        assert (ticket.late, ticket.abandoned) == (True, False)
    company.rep.sees("Added Acme as C-1.")
    until(lambda: stored(company)[-1] == "done")


@over_both
def test_a_click_is_acknowledged_empty_and_answered_by_response_url(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    controls(company.rep, "Acme")
    clicked = company.rep.clicks("Add it")
    assert clicked.ok
    assert clicked.answer is None
    company.rep.sees("Added Acme as C-1.")
    until(lambda: stored(company) == ["done"])


def test_a_slow_click_is_answered_by_response_url(slow: tuple[Company, Trial]) -> None:
    company, trial = slow
    controls_in_time(company, "Acme")
    clicked = company.rep.clicks("Add it")
    assert clicked.ok
    assert clicked.answer is None
    assert stored(company) == ["working"]
    trial.gate.set()
    company.rep.sees("Added Acme as C-1.")
    until(lambda: stored(company) == ["done"])
    assert len(calls(company, "response_url")) == 1


def test_a_click_that_says_nothing_leaves_nothing_behind(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    controls(company.rep, "Acme")
    assert company.rep.clicks("Say nothing").ok
    company.settles()
    assert calls(company, "response_url") == []
    assert set(stored(company)) <= {"done"}


@over_both
def test_a_modal_closes_and_its_card_is_shown_where_it_was_opened(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    company.rep.types("/crm trial")
    company.rep.submits(Name="Acme")
    assert company.rep.modal is None
    company.rep.sees("A card")
    assert names(company) == ["Acme"]


def test_a_modal_can_be_followed_by_another_or_by_nothing(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    company.rep.types("/crm trial")
    company.rep.submits(Name="next")
    company.rep.sees("A second page")
    company.rep.closes()
    company.rep.types("/crm trial")
    assert company.rep.submits(Name="nothing").ok
    assert company.rep.modal is None


def test_a_modal_says_under_its_fields_what_is_wrong(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    company.rep.types("/crm trial")
    assert company.rep.submits(Name="wrong").errors == {"name": "That is no name."}
    assert company.rep.submits(Name="invalid").errors == {"name": "invalid cannot be <stored>."}
    company.rep.submits(Name="Acme")
    assert names(company) == ["Acme"]


def test_a_slow_modal_says_that_it_is_saving_and_then_what_came_of_it(slow: tuple[Company, Trial]) -> None:
    company, trial = slow
    trial.gate.set()
    company.rep.types("/crm trial")
    company.rep.fills(Name="Acme")
    trial.gate.clear()
    company.rep.submits()
    company.rep.sees("Saving…")
    trial.gate.set()
    company.rep.sees("Saved Acme.")
    company.rep.closes()
    company.rep.sees("A card")
    until(lambda: stored(company) == ["done"])


@pytest.mark.parametrize(("name", "seen"), [("nothing", "Done."), ("home", "Saved."), ("next", "A second page")])
def test_a_slow_modal_never_stays_at_saving(slow: tuple[Company, Trial], name: str, seen: str) -> None:
    company, trial = slow
    trial.gate.set()
    company.rep.types("/crm trial")
    company.rep.fills(Name=name)
    trial.gate.clear()
    company.rep.submits()
    trial.gate.set()
    company.rep.sees(seen)


def test_a_slow_modal_with_a_mistake_comes_back_with_what_was_entered(slow: tuple[Company, Trial]) -> None:
    company, trial = slow
    trial.gate.set()
    company.rep.types("/crm trial")
    company.rep.fills(Name="wrong", Tier="Silver")
    trial.gate.clear()
    company.rep.submits()
    trial.gate.set()
    company.rep.sees("That is no name.")
    shown = company.rep.modal
    assert shown is not None
    assert shown["values"]["name"]["name"]["value"] == "wrong"
    assert shown["values"]["tier"]["tier"]["selected_option"]["value"] == "silver"
    company.rep.submits(Name="Acme")
    assert names(company) == ["Acme"]


def test_a_slow_modal_that_was_closed_is_answered_where_it_was_opened(slow: tuple[Company, Trial]) -> None:
    company, trial = slow
    trial.gate.set()
    company.rep.types("/crm trial")
    company.rep.fills(Name="Acme")
    trial.gate.clear()
    company.rep.submits()
    company.rep.closes()
    trial.gate.set()
    company.rep.sees("A card")


def test_a_home_button_draws_the_page_again(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    company.rep.opens_home()
    clicked = company.rep.clicks("Note it", view="home")
    assert clicked.ok
    company.rep.sees("Noted.")
    assert calls(company, "response_url") == []


def test_a_slow_home_button_draws_the_page_again(slow: tuple[Company, Trial]) -> None:
    company, trial = slow
    trial.gate.set()
    company.rep.opens_home()
    company.rep.sees("Trial part")
    trial.gate.clear()
    assert company.rep.clicks("Note it", view="home").ok
    trial.gate.set()
    company.rep.sees("Noted.")


def test_a_slow_menu_offers_nothing_rather_than_an_error(slow: tuple[Company, Trial]) -> None:
    company, trial = slow
    trial.gate.set()
    payload = {
        "type": "block_suggestion",
        "action_id": "trial.menu",
        "block_id": "b",
        "value": "ac",
        "user": {"id": "UAREP"},
        "team": {"id": "TA"},
        "view": {},
    }
    assert answered(company, payload)["options"][0]["value"] == "ac"
    trial.gate.clear()
    company.bot.dispatcher.deadline = 0.6
    assert answered(company, payload) == {"options": []}


def answered(company: Company, payload: Json) -> Any:
    import json

    from slack_bolt import BoltRequest

    response = company.bot.bolt.dispatch(BoltRequest(body=payload, mode="socket_mode"))
    assert response.status == 200
    return json.loads(response.body)
