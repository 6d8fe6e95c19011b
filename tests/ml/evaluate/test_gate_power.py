"""Show by simulation what the gate lets through, on made-up guesses and on public ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ml.evaluate.gate_power import Guesses, Power, banking, candidate_of, main, power, table

DATA = Path(__file__).parents[3].parent / "shared" / "data"


@pytest.fixture(scope="module")
def model() -> Guesses:
    random = np.random.default_rng(0)
    truth = random.integers(10, size=4_000)
    first = np.where(random.random(4_000) < 0.75, truth, (truth + 1) % 10)
    return Guesses(truth, first, (first + 3) % 10, 10)


def check(found: list[Power], lenience: float) -> None:
    shares = {(one.gain, one.judged): one.promoted for one in found}
    assert shares[0.03, 1_600] >= 0.9 - lenience
    assert all(share <= 0.05 + lenience for (gain, _), share in shares.items() if gain <= 0), (
        "also at any of many looks"
    )
    assert shares[0.03, 100] < shares[0.03, 400] < shares[0.03, 3_000]


def test_three_points_pass_and_an_equal_model_does_not(model: Guesses) -> None:
    found = list(power(model, runs=200))
    check(found, lenience=0.04)
    assert len(table(found).splitlines()) == 6


@pytest.mark.skipif(not DATA.is_dir(), reason="the public data is not part of the repository")
def test_it_holds_on_public_messages() -> None:
    check(list(power(banking(DATA), runs=200)), lenience=0.04)


def test_a_made_up_candidate_is_as_much_better_as_it_should_be(model: Guesses) -> None:
    changed = candidate_of(model, 0.03, np.random.default_rng(1))
    gained = (changed == model.truth).mean() - (model.first == model.truth).mean()
    assert gained == pytest.approx(0.03, abs=0.001)
    assert (changed != model.first).mean() == pytest.approx(0.1, abs=0.001)
    perfect = Guesses(model.truth, model.truth, model.second, 10)
    with pytest.raises(ValueError, match="too good"):
        candidate_of(perfect, 0.03, np.random.default_rng(1))


def test_the_command_writes_the_curve(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path)]) == 1
    assert "not part of this repository" in capsys.readouterr().err
    (tmp_path / "banking77").mkdir()
    # One message in three cannot be told apart, so that there is something to mend.
    rows = [f"the {word} card {n},{word if n % 3 else 'other'}" for n in range(60) for word in ("lost", "new")]
    for part in ("train", "test"):
        (tmp_path / "banking77" / f"{part}.csv").write_text("text,category\n" + "\n".join(rows) + "\n", "utf-8")
    out = tmp_path / "gate.json"
    assert main(["--data", str(tmp_path), "--runs", "2", "--out", str(out)]) == 0
    head, *found = json.loads(out.read_text("utf-8"))
    assert head["name"] == "run"
    assert {"gate_promoted_+3_points", "gate_promoted_-1_points"} <= {one["name"] for one in found}
    assert {one["at"] for one in found} == {"100", "200", "400", "800", "1600", "3000", "ever"}
