"""Show that a card promises only what a workspace's own answers have kept."""

from __future__ import annotations

import numpy as np
import pytest

from ml.classify.track_record import ENOUGH, TrackRecord


def answers(n: int, kept: float, promised: float = 0.9) -> TrackRecord:
    """Fit on answers that are right in `kept`, evenly over their confidences around `promised`."""
    confidence = np.linspace(promised - 0.05, promised + 0.05, n)
    right = np.floor(np.arange(1, n + 1) * kept) > np.floor(np.arange(n) * kept)
    return TrackRecord().fit(confidence, right)


def test_without_enough_known_outcomes_nothing_is_promised() -> None:
    assert TrackRecord().fit(np.empty(0), np.empty(0, dtype=bool)).of(0.9) is None
    assert answers(ENOUGH - 1, kept=0.9).of(0.9) is None


def test_what_was_kept_is_promised_whatever_the_model_thinks_of_itself() -> None:
    assert answers(400, kept=0.9).of(0.9) == pytest.approx(0.9, abs=0.02)
    assert answers(400, kept=0.8).of(0.9) == pytest.approx(0.8, abs=0.02)
    assert answers(400, kept=0.97, promised=0.7).of(0.7) == pytest.approx(0.97, abs=0.02)


def test_where_the_lower_bound_is_too_far_behind_there_is_no_number() -> None:
    assert answers(ENOUGH, kept=0.6).of(0.9) is None, (
        "a share of 200 in the middle is uncertain by more than five points"
    )
    # Sure ones are kept, unsure ones are not: what was fitted through both promises too much in between.
    confidence = np.concatenate([np.full(400, 0.95), np.linspace(0.55, 0.65, 300)])
    right = np.concatenate([np.arange(400) % 20 > 0, np.arange(300) % 10 < 2])
    promise = TrackRecord().fit(confidence, right)
    assert promise.of(0.95) is not None
    assert promise.of(0.75) is None


def test_surer_never_promises_less() -> None:
    random = np.random.default_rng(0)
    confidence = random.uniform(0.5, 1, 500)
    promise = TrackRecord().fit(confidence, random.random(500) > confidence)
    assert promise.slope_ >= 0


def test_the_promise_holds_on_answers_that_come_later() -> None:
    random = np.random.default_rng(1)
    confidence = random.beta(8, 2, 4_000)
    right = random.random(4_000) < confidence**2
    promise = TrackRecord().fit(confidence[:1_000], right[:1_000])
    given = [promise.of(one) for one in confidence[1_000:]]
    shown = np.array([one is not None for one in given])
    promised = np.array([one for one in given if one is not None])
    assert shown.mean() > 0.3
    assert abs(promised.mean() - right[1_000:][shown].mean()) < 0.05
