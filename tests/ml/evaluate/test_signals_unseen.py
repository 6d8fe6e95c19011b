"""Show what urgency and mood are worth on messages that were written before their rules were read."""

import hashlib
from pathlib import Path

import pytest

from ml.classify.signals import read_signals
from ml.evaluate.signals import figures, judged, main
from ml.text.encoder import installed

MESSAGES = Path(__file__).with_name("signals_unseen.txt")
WRITTEN = "40a8432512cb9b77fff9e9cd35186b3e453b11bdb8aece85e4a693c9b9a13154"
needs_encoder = pytest.mark.skipif(not installed(), reason="the sentence encoder is not installed")


def test_the_messages_are_those_that_were_written_first() -> None:
    assert hashlib.sha256(MESSAGES.read_bytes()).hexdigest() == WRITTEN
    found = judged(MESSAGES)
    assert len(found) == 120
    assert found[7].earlier == ["Is the search slow for you too?"]


@needs_encoder
def test_most_of_them_are_read_as_a_person_does() -> None:
    found = dict(figures(judged(MESSAGES)))
    assert found["urgency_macro_f1"] > 0.65
    assert found["sentiment_macro_f1"] > 0.78
    assert found["urgent_or_high"] > 0.9


@needs_encoder
@pytest.mark.parametrize(
    ("text", "because"),
    [
        (
            "Good morning! Nobody of our agents gets in since eight. Have a nice day",
            "Nobody of our agents gets in since eight",
        ),
        ("您好，二百人都进不去后台了，谢谢", "二百人都进不去后台了"),
    ],
)
def test_the_clause_that_says_so_is_named_and_no_word_cut(text: str, because: str) -> None:
    found = read_signals(text)
    assert found.urgency in ("urgent", "high")
    assert found.because == [because]


def test_the_figures_are_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few = tmp_path / "few.txt"
    few.write_text("# levels\nurgent negative no | It burns // there is a fire\nlow neutral no | no rush at all\n")
    assert main([str(few)]) == 0
    assert "urgency_right       " in capsys.readouterr().out
