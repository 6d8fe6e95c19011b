"""Run the benchmark in small and look at the file it writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import run
from bench.figures import Figure, percentile
from bench.load import Found
from bench.usage import Spent
from ml.classify.model_file import save
from ml.learn.train import starter_model
from ml.starter import load_examples

AT = "200 customers"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Make a data folder with a model that took no time to train: no message is classified here."""
    examples = load_examples()
    model = starter_model().fit(examples.texts[::12], examples.labels[::12])
    save(model, tmp_path / "models" / "starter", notes={"examples": examples.fingerprint})
    return tmp_path


def test_a_quick_run_writes_every_figure_beside_the_floor(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = data / "results.json"
    small = [
        "--quick",
        "--customers",
        "200",
        "--rounds",
        "1",
        "--requests",
        "20",
        "--demo-starts",
        "0",
        "--only",
        "speed",
    ]

    code = run.main([*small, "--data", str(data), "--out", str(out)])

    assert code == 0, capsys.readouterr().out
    assert "show_p50" in capsys.readouterr().out
    first, *rows = json.loads(out.read_text())
    assert first["name"] == "run" and set(first) == {"name", "commit", "machine"}
    assert "cores, Python" in first["machine"] and "/" not in first["machine"]
    found = {(row["name"], row["at"]): row for row in rows}
    for name in ("show_p50", "show_p99", "find_typo_p50", "find_typo_p99"):
        row = found[name, AT]
        assert row["unit"] == "ms" and row["value"] > 0
        assert row["ratio"] == pytest.approx(row["value"] / row["floor"], rel=0.01)
    for whose in ("app", "postgres"):
        assert found["show_cpu_ms", f"{AT}, {whose}"]["value"] > 0
    assert found["show_right", AT]["value"] == found["show_right", AT]["floor"] == 1.0
    assert found["find_typo_right", AT]["value"] > 0.7


def measured(ms: float) -> run.Measured:
    return run.Measured([ms] * 10, asked=10, wrong=1, seconds=2.0, spent=Spent(ms / 100, ms / 50))


def test_growth_compares_the_largest_size_with_the_smallest() -> None:
    found = {
        (size, command, app): measured(ms * (2 if app == "rapport" else 1))
        for size, ms in ((100, 10.0), (1_000, 15.0))
        for command in run.COMMANDS
        for app in run.APPS
    }

    rows = {(figure.name, figure.at): figure.row() for figure in run.figures(found, (100, 1_000))}

    assert rows["show_p50", "1000 customers"]["ratio"] == 2.0
    assert rows["find_typo_right", "100 customers"]["value"] == 0.9
    assert rows["find_typo_per_s", "100 customers"]["value"] == 5.0
    cost = rows["show_cpu_ms", "1000 customers, postgres"]
    assert (cost["value"], cost["floor"], cost["ratio"]) == (60.0, 30.0, 2.0)
    assert rows["show_p50_growth", "1000 / 100 customers"] == {
        "name": "show_p50_growth",
        "value": 1.5,
        "unit": "times",
        "floor": 1.5,
        "ratio": 1.0,
        "at": "1000 / 100 customers",
    }


def test_a_round_with_failures_is_no_measurement() -> None:
    with pytest.raises(RuntimeError, match="3 requests were not answered"):
        measured(1.0).take(Found([1.0], failed=3), 1.0, Spent())


def test_a_server_that_does_not_start_is_said_and_nothing_written(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "POSTGRES", {"shared_buffers": "a lot"})
    out = data / "results.json"

    assert run.main(["--quick", "--data", str(data), "--out", str(out)]) == 1

    assert "shared_buffers" in capsys.readouterr().out
    assert not out.exists()


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([5.0, 1.0, 3.0], 0.5) == 3.0
    assert percentile([float(n) for n in range(1, 101)], 0.99) == 99.0
    assert percentile([7.0], 0.01) == 7.0
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 0.5)


def test_a_figure_without_a_floor_has_no_ratio() -> None:
    row = Figure("demo_second_start_s", 3.14159, "s").row()

    assert row == {"name": "demo_second_start_s", "value": 3.142, "unit": "s"}
