"""Show that a candidate is fitted on what people said, and judged honestly beside the model there is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ml.classify.classifier import MessageClassifier
from ml.classify.model_blob import pack, unpack
from ml.learn import fit
from ml.learn.fit import WORSE_THAN_BY_DAY, main, read_outcome, write_job
from ml.learn.fits import WEIGHTS, Fits, heaviest
from ml.learn.items import Item, is_held_out
from ml.starter import Examples
from tests.support.fitted_on import BASE, BILLS, BUGS, SEATS, items

VECTOR = np.eye(512, dtype="<f2")[7].tobytes()


@pytest.fixture(scope="module")
def current() -> MessageClassifier:
    return MessageClassifier(name="starter").fit(BASE.texts, BASE.labels)


def test_a_new_kind_is_learned_and_judged_by_cross_validation_while_labels_are_few(current: MessageClassifier) -> None:
    said = items(SEATS[:20], "wholesale")
    candidate, outcome = fit.refit(said, {}, current, BASE)
    assert candidate.classify("we want twelve boxes on a pallet for a reseller").category == "wholesale"
    assert candidate.classify("the invoice for the printer was charged twice").category == "billing"
    assert (outcome.method, outcome.judged, outcome.labels) == ("cross-validation", 20, 20)
    assert (outcome.better, outcome.reason, outcome.current.right) == (True, "", 0.0)
    assert outcome.candidate.right > 0.9
    assert sum(count for _, _, count in outcome.candidate.confusion) == 20
    assert outcome.version == candidate.version_ and outcome.current_version == current.version_


def test_with_enough_labels_the_candidate_is_judged_on_what_no_fit_ever_sees(
    current: MessageClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml.learn.fit.ENOUGH_HELD_OUT", 30)
    texts = [f"{text}, please, for shop {word}" for text in SEATS for word in ("north", "south", "east", "west")]
    said = items(texts, "wholesale")
    held_out = [item for item in said if is_held_out(item.key)]
    assert 30 <= len(held_out) < len(said) / 3
    candidate, outcome = fit.refit(said, {}, current, BASE)
    assert (outcome.method, outcome.judged) == ("held-out", len(held_out))
    again, _ = fit.refit([item for item in said if not is_held_out(item.key)], {}, current, BASE)
    assert again.version_ == candidate.version_, "held-out labels must leave no trace in a model"


def test_what_the_live_model_has_seen_is_no_test_for_it(current: MessageClassifier) -> None:
    old = items(BUGS, "bug", unseen=False)
    _, outcome = fit.refit([*old, *items(SEATS[:8], "wholesale", 100)], {}, current, BASE)
    assert outcome.judged == 8
    with pytest.raises(ValueError, match="only 2 labels are new"):
        fit.refit([*old[:4], *items(SEATS[:2], "wholesale", 100)], {}, current, BASE)


def test_a_candidate_that_is_no_better_is_refused(current: MessageClassifier) -> None:
    _, outcome = fit.refit(items([f"{text} again" for text in BUGS], "bug"), {}, current, BASE)
    assert (outcome.better, outcome.reason) == (False, "not surely better")


def test_a_candidate_that_is_worse_than_what_answers_by_day_is_refused(current: MessageClassifier) -> None:
    said = items(SEATS[:20], "wholesale")
    texts = [f"{text} again" for text in BUGS[:6]]
    day = MessageClassifier().fit(
        [*BASE.texts, *SEATS[:20], *texts], [*BASE.labels, *["wholesale"] * 20, *["sales"] * 6]
    )
    for unseen_by_day, reason in ((True, WORSE_THAN_BY_DAY), (False, "")):
        fresh = [Item(900 + i, text, "sales", True, True, unseen_by_day) for i, text in enumerate(texts)]
        _, outcome = fit.refit([*said, *fresh], {}, current, BASE, day=day)
        assert (outcome.better, outcome.reason) == (not reason, reason)


def test_guesses_that_people_let_stand_hold_back_who_would_spoil_them(current: MessageClassifier) -> None:
    wrong = items([f"{text} today" for text in BUGS], "sales")
    _, alone = fit.refit(wrong, {}, current, BASE)
    assert alone.better, "by corrections alone the live model is wrong by construction"
    stood = [
        Item(500 + i, f"{text} {when}", "bug", accepted=True)
        for i, (text, when) in enumerate((text, when) for text in BUGS for when in ("again", "since noon", "for us"))
    ]
    _, outcome = fit.refit([*stood, *wrong], {}, current, BASE)
    assert (outcome.better, outcome.reason) == (False, "not surely better")
    assert (outcome.accepted, outcome.labels, outcome.judged) == (36, 12, 48)
    assert outcome.lost > 20


def test_no_model_is_fitted_on_what_nobody_said_anything_of(current: MessageClassifier) -> None:
    said = items(SEATS[:8], "wholesale")
    stood = [Item(500 + i, text, "bug", accepted=True) for i, text in enumerate(SEATS[8:20])]
    with_them, _ = fit.refit([*said, *stood], {}, current, BASE)
    without, _ = fit.refit(said, {}, current, BASE)
    assert with_them.version_ == without.version_


def test_the_same_words_are_one_piece_of_evidence(current: MessageClassifier) -> None:
    assert fit.evidence(items(["Boxes on a  pallet, please", "boxes on a pallet, please"] * 50, "wholesale")) == 1
    said = items(SEATS[:9], "wholesale")
    assert fit.evidence([*said, *(Item(90 + i, one.text, "bug", accepted=True) for i, one in enumerate(said))]) == 9
    with pytest.raises(ValueError, match="only 1 labels are new"):
        fit.refit(items(["Boxes on a pallet"] * 50, "wholesale"), {}, current, BASE)


def test_merged_categories_count_as_one_in_both_models(current: MessageClassifier) -> None:
    merged = {"billing": "money", "sales": "money"}
    candidate, outcome = fit.refit(items([f"{text} again" for text in BILLS], "billing"), merged, current, BASE)
    assert set(candidate.classes_) == {"bug", "money"}
    assert outcome.current.right == 1.0
    assert {truth for truth, _, _ in outcome.current.confusion} == {"money"}


def test_examples_of_a_new_category_are_judged_although_they_are_no_labels(current: MessageClassifier) -> None:
    labels = items([f"{text} {word}" for text in BUGS for word in "abcdefghijklmnopqrst"], "bug", unseen=True)
    written = [Item(-1 - i, text, "wholesale") for i, text in enumerate(SEATS[:6])]
    _, outcome = fit.refit([*labels, *written], {}, current, BASE)
    assert outcome.method == "cross-validation"
    assert any(truth == "wholesale" for truth, _, _ in outcome.candidate.confusion)
    assert not is_held_out(-1)


def test_a_job_runs_as_a_process_would_run_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, current: MessageClassifier
) -> None:
    monkeypatch.setattr("ml.learn.fit.load_examples", lambda: BASE)
    monkeypatch.setattr("ml.learn.fit.NICENESS", 0)
    write_job(tmp_path, items(SEATS[:8], "wholesale"), {"sales": "billing"}, pack(current), {2: VECTOR})
    assert main([str(tmp_path)]) == 0
    blob, outcome = read_outcome(tmp_path)
    assert outcome["version"] == unpack(blob).model.version_
    assert json.dumps(outcome)


@pytest.mark.parametrize(("broken", "said"), [("few", "too few to judge"), ("tampered", "no packed model")])
def test_a_job_that_cannot_be_done_is_a_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    current: MessageClassifier,
    broken: str,
    said: str,
) -> None:
    monkeypatch.setattr("ml.learn.fit.load_examples", lambda: BASE)
    monkeypatch.setattr("ml.learn.fit.NICENESS", 0)
    write_job(tmp_path, items(SEATS[:2], "wholesale"), {}, pack(current) if broken == "few" else b"no model", {})
    assert main([str(tmp_path)]) == 1
    assert said in capsys.readouterr().err


def test_labels_weigh_more_than_examples_where_that_finds_more_of_them() -> None:
    said = items([f"{text} please" for text in BUGS], "billing") + items([f"{text} pls" for text in BILLS], "bug", 100)
    fits = Fits(Examples(BASE.texts * 3, BASE.labels * 3, "test"), {}, said)
    kept, labels = np.arange(len(BASE.texts) * 3), np.arange(len(said)) + len(BASE.texts) * 3
    assert heaviest(fits.truth, kept, labels, fits.guesser) == max(WEIGHTS)
    assert heaviest(fits.truth, kept, labels[:10], fits.guesser) == 1.0
