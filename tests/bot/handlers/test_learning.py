"""Show managers what the model learned and let them roll it back and change the categories, in Slack."""

from __future__ import annotations

from typing import Any

import pytest

from ml.classify.model_blob import pack
from sandbox.control.client import Person
from storage.records.history import recording
from storage.support import labels, messages, model_versions, tickets
from tests.support.company import Company
from tests.support.waiting import until

PALLET = "Can you quote me a pallet of the blue ones for our reseller in Lyon?"
EXAMPLES = "Bulk prices for resellers please\nWhat does a pallet cost a reseller?\nWe resell tea, your trade terms?"


def plain(text: str) -> str:
    return text.replace("*", "").replace("_", "")


@pytest.fixture
def support(linked: Company) -> Company:
    with linked.database.transaction(linked.workspace) as session:
        # Waits for the starter model, which a fresh process is still reading.
        assert linked.bot.models.of(session).classifier
    return linked


def worth(right: float, *confusion: tuple[str, str, int]) -> dict[str, Any]:
    return {"right": right, "ece": 0.05, "surer": 0.0, "coverage": 0.5, "precision": 0.9, "confusion": confusion}


def learned(
    company: Company, version: str, *, promote: bool = True, weights: bytes | None = None, **changed: Any
) -> None:
    with (
        company.database.transaction(company.workspace) as session,
        recording(session, actor_id=None, source="test"),
    ):
        blob = weights if weights is not None else pack(company.bot.models.of(session).classifier)
        figures = {
            "method": "held-out",
            "judged": 40,
            "labels": 60,
            "reason": "",
            "current_version": "starter-1",
            "current": worth(0.81),
            "candidate": worth(0.885, ("bug", "bug", 12), ("bug", "howto", 3), ("billing", "billing", 25)),
        } | changed
        model_versions.keep(session, version=version, figures=figures, last_label_id=0, weights=blob, promote=promote)


def test_before_anything_was_learned_the_model_says_so(company: Company, manager: Person) -> None:
    shown = plain(manager.types("/crm model").text)
    assert "The starter model answers" in shown
    assert "Nobody has corrected or confirmed anything yet." in shown
    assert "Roll back" not in shown


def test_a_model_is_shown_with_its_figures_and_rolled_back_and_that_is_undone(
    support: Company, manager: Person
) -> None:
    support.customer.posts(PALLET, channel="CSHARED")
    support.agent.sees("T-1", channel="CSUPPORT")
    with support.database.transaction(support.workspace) as session:
        (message,) = messages.of_ticket(session, 1)
        labels.correct(session, message, "sales", actor_id="UAAGENT")
    learned(support, "learned-1")
    learned(support, "learned-2", method="cross-validation")
    learned(support, "learned-3", promote=False, reason="calibration worse", weights=b"")
    shown = plain(manager.types("/crm model").text)
    for part in (
        "learned-2 has answered since",
        "learned from 60 labels",
        "81% → 88%",
        "Calibration error",
        "by cross-validation",
        "Bug or outage",
        "12  How-to (3)",
        f"“{PALLET}” is Sales, said @Anton Agent",
        "1 since the last fit",
        "learned-1",
        "was refused: its calibration was worse",
    ):
        assert part in shown, part
    manager.clicks("Roll back")
    assert "From now on learned-1 answers." in plain(manager.sees("learned-1 has answered since"))
    manager.types("/crm undo")
    assert "learned-2 has answered since" in plain(manager.types("/crm model").text)
    manager.clicks("Use it")
    manager.sees("learned-1 has answered since")
    manager.clicks("Roll back")
    manager.sees("From now on *learned-2* answers.")


def test_what_was_promised_is_shown_beside_what_was_kept(support: Company, manager: Person) -> None:
    assert "Promised and kept" not in plain(manager.types("/crm model").text)
    with (
        support.database.transaction(support.workspace) as session,
        recording(session, actor_id="UAAGENT", source="test"),
    ):
        for number in range(4):
            judged = {"category": "bug", "confidence": 0.7, "reasons": [], "model_version": "v1", "abstained": False}
            ts = f"17000{number:05d}.000100"
            message = messages.receive(
                session, channel_id="CSHARED", ts=ts, text=f"page {number} fails", author_id="UC", judged=judged
            )
            assert message is not None
            ticket, _opened = tickets.open_from_message(session, message)
            if number == 0:
                labels.correct(session, message, "sales", actor_id="UAAGENT")
            elif number == 1:
                labels.correct(session, message, "bug", actor_id="UAAGENT", source=labels.LabelSource.CONFIRMED)
            elif number == 2:
                tickets.set_status(session, ticket, tickets.TicketStatus.RESOLVED)
    shown = plain(manager.types("/crm model").text)
    assert "2023-11: promised 70%, kept 66% of 3" in shown
    assert "With fewer than 200 of them cards say “likely” and no number." in shown


EVIDENCE: dict[str, Any] = {"gained": 9, "lost": 6, "gain": 0.06, "low": -0.05, "high": 0.17, "p": 0.3, "accepted": 0}


def test_how_many_labels_are_missing_to_decide_is_said(support: Company, manager: Person) -> None:
    learned(support, "learned-1", **EVIDENCE, missing=0)
    assert "Gain in points" in plain(manager.types("/crm model").text)
    learned(support, "learned-2", promote=False, reason="not surely better", **EVIDENCE, missing=310)
    shown = plain(manager.types("/crm model").text)
    assert "gained +6 (between −5 and +17) points on 40 messages, which is not surely better" in shown
    assert "about 310 more labels decide" in shown
    assert "was refused: it was not surely better" in shown
    support.customer.posts(PALLET, channel="CSHARED")
    support.agent.sees("T-1", channel="CSUPPORT")
    with support.database.transaction(support.workspace) as session:
        (message,) = messages.of_ticket(session, 1)
        labels.correct(session, message, "sales", actor_id="UAAGENT")
    assert "about 309 more labels decide" in plain(manager.types("/crm model").text)
    learned(support, "learned-3", promote=False, reason="not surely better", **EVIDENCE, missing=None)
    assert "Nothing speaks for it so far" in plain(manager.types("/crm model").text)


def test_behind_many_refused_versions_the_one_before_is_rolled_back_to(company: Company, manager: Person) -> None:
    learned(company, "learned-1")
    learned(company, "learned-2")
    for number in range(3, 11):
        learned(company, f"learned-{number}", promote=False, weights=b"")
    manager.types("/crm model")
    manager.clicks("Roll back")
    manager.sees("From now on *learned-1* answers.")


def test_two_versions_take_turns_on_one_card_as_often_as_somebody_clicks(company: Company, manager: Person) -> None:
    learned(company, "learned-1")
    learned(company, "learned-2")
    manager.types("/crm model")
    for button, version in (("Roll back", 1), ("Use it", 2), ("Roll back", 1), ("Use it", 2)):
        manager.clicks(button)
        manager.sees(f"From now on *learned-{version}* answers.")
        with company.database.transaction(company.workspace) as session:
            live = model_versions.live(session)
            assert live is not None and live.version == f"learned-{version}"


def test_without_a_version_before_the_starter_answers_again(company: Company, manager: Person) -> None:
    learned(company, "learned-1")
    manager.types("/crm model")
    manager.clicks("Roll back")
    manager.sees("From now on *the starter model* answers.")
    manager.sees("The starter model answers. It comes with Rapport")


def test_what_was_drawn_before_another_model_went_live_changes_nothing(company: Company, manager: Person) -> None:
    learned(company, "learned-1")
    manager.types("/crm model")
    learned(company, "learned-2")
    manager.clicks("Roll back")
    manager.sees("The model has changed since")
    assert "learned-2 has answered since" in plain(manager.types("/crm model").text)


def test_damaged_weights_are_named_and_the_starter_answers(company: Company, manager: Person) -> None:
    learned(company, "learned-1", weights=b"damaged")
    assert "Its stored weights cannot be used" in plain(manager.types("/crm model").text)


def test_only_managers_see_the_model_and_the_categories(company: Company) -> None:
    for command in ("/crm model", "/crm categories", "/crm categories rename bug to:Defects"):
        assert "needs the role manager" in company.agent.types(command).text


def test_a_category_is_added_and_is_on_the_cards_and_its_examples_count_at_once(
    support: Company, manager: Person
) -> None:
    manager.types("/crm categories")
    manager.clicks("Add")
    manager.submits({"Name": "Wholesale", "Examples, one per line": EXAMPLES.splitlines()[0]})
    assert "at least 3 examples" in str(manager.modal)
    manager.submits({"Name": "Wholesale", "Examples, one per line": EXAMPLES})
    assert "Wholesale  0 labels, 3 examples of yours" in plain(manager.sees("Wholesale is now a category"))
    support.customer.posts(EXAMPLES.splitlines()[1], channel="CSHARED")
    support.agent.sees("Wholesale", channel="CSUPPORT")
    support.agent.selects("Category", "Wholesale", channel="CSUPPORT")
    support.agent.sees("confirmed by @Anton Agent", channel="CSUPPORT")
    manager.clicks("Add examples")
    manager.submits({"Category": "Wholesale", "Examples, one per line": "Trade account for our shop?\n\n" + EXAMPLES})
    manager.sees("1 new example of Wholesale.")


def test_a_category_is_renamed_by_command_and_form_with_a_guess_for_a_mistake(
    company: Company, manager: Person
) -> None:
    assert "Did you mean Bug or outage?" in plain(
        manager.types("/crm categories rename bug or outtage to:Defects").text
    )
    assert "They are: Billing and payment" in plain(manager.types("/crm categories rename zzzzzz to:Defects").text)
    assert "Bug or outage is now called Defects." in plain(manager.types("/crm categories rename bug to:Defects").text)
    assert "There is already a category how-to" in plain(manager.types("/crm categories rename defects to:how-to").text)
    manager.clicks("Rename")
    manager.submits({"Category": "Defects", "New name": "Faults"})
    manager.sees("Defects is now called Faults.")
    manager.types("/crm undo")
    assert "Defects" in plain(manager.types("/crm categories").text)


@pytest.mark.parametrize("name", ["Chatter", "not a request"])
def test_no_category_is_called_as_what_asks_for_nothing(company: Company, manager: Person, name: str) -> None:
    manager.types("/crm categories add")
    manager.submits({"Name": name, "Examples, one per line": EXAMPLES})
    assert f"There is already a category {name}" in str(manager.modal)
    refused = plain(manager.types(f'/crm categories rename bug to:"{name}"').text)
    assert f"There is already a category {name}" in refused
    assert f"There is no category {name}" in plain(manager.types(f'/crm categories merge bug into:"{name}"').text)


def test_a_merge_says_what_it_does_first_and_everything_resolves_to_the_new_one(
    support: Company, manager: Person
) -> None:
    support.customer.posts(PALLET, channel="CSHARED")
    support.agent.selects("Category", "Refund and return", channel="CSUPPORT")
    support.agent.sees("set by @Anton Agent", channel="CSUPPORT")
    assert "Refund and return → @Anton" in plain(manager.types("/crm route add category:refund to:@agent").text)
    assert "T-1" in manager.types('/ticket list category:"refund and return"').text
    asked = plain(manager.types("/crm categories merge refund into:billing").text)
    assert "1 label and 1 open ticket of Refund and return will count as Billing and payment" in asked
    manager.clicks("Merge")
    merged = plain(manager.sees("Refund and return is now part of Billing and payment."))
    assert "Billing and payment  1 label," in merged
    assert "Refund and return is now Billing and payment" in merged
    until(lambda: any("Billing and payment" in text for text in support.agent.texts("CSUPPORT")))
    with support.database.transaction(support.workspace) as session:
        assert support.bot.models.of(session).classify(PALLET).category == "billing"
    assert "T-1" in manager.types("/ticket list category:billing,bug").text
    assert "Did you mean" in manager.types("/ticket list category:biling").text
    assert "Billing and payment" in manager.types("/crm route").text
    manager.types("/crm undo")
    assert "Refund and return" in manager.types("/crm route").text
    assert "Refund and return  1 label," in plain(manager.types("/crm categories").text)


def test_a_merge_by_form_is_submitted_twice(company: Company, manager: Person) -> None:
    manager.types("/crm categories")
    manager.clicks("Merge")
    manager.submits({"Category": "Feature or change", "Becomes": "Feature or change"})
    assert "cannot be merged into itself" in str(manager.modal)
    manager.submits({"Category": "Feature or change", "Becomes": "How-to"})
    assert "0 labels and 0 open tickets of Feature or change" in str(manager.modal)
    manager.submits({})
    manager.sees("Feature or change is now part of How-to.")
