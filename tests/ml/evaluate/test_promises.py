"""Show that promises are measured on the answers that come after those they were learned from."""

from __future__ import annotations

from itertools import cycle, islice

import numpy as np
import pytest

from ml.classify.classifier import MessageClassifier, Verdict
from ml.classify.track_record import ENOUGH
from ml.evaluate import clinc_mapping
from ml.evaluate.promises import promise
from ml.starter import CATEGORIES


class Answering(MessageClassifier):
    """Be 90 % sure of bugs, and abstain where nothing is said."""

    def classify(self, text: str, *, reasons: bool = True) -> Verdict:
        return Verdict("bug", 0.9, None, abstained=not text)


def test_what_was_kept_is_promised_of_later_answers_or_nothing_is() -> None:
    asked = ["it fails"] * 1_000 + [""] * 100
    truth = [*islice(cycle(["bug"] * 19 + ["sales"]), 1_000), *["sales"] * 100]
    found = promise("shop", Answering(), (asked, truth))
    assert (found.messages, found.answers) == (1_100, 1_000)
    assert found.raw == pytest.approx(0.9)
    assert found.raw_kept == pytest.approx(0.95)
    assert found.promised == pytest.approx(found.kept, abs=0.03) and found.within == 1.0
    few = promise("few", Answering(), (asked[: ENOUGH - 1], truth[: ENOUGH - 1]))
    assert few.numbers == 0 and np.isnan(few.promised)
    half = promise("half", Answering(), (["it fails"] * 500, ["bug", "sales"] * 250))
    assert half.numbers == 0, "half of 200 is too uncertain for a number"


def test_intents_are_mapped_to_categories_there_are() -> None:
    assert set(clinc_mapping.INTENTS.values()) <= set(CATEGORIES)
