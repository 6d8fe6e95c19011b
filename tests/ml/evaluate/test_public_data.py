import csv
import json
from pathlib import Path

import pytest

from ml.evaluate.bitext_mapping import INTENTS, LEFT_OUT
from ml.evaluate.public_data import STARTERS, Figure, elsewhere, few_of_each, main, read_csv, report, table
from ml.starter import CATEGORIES

ROOT = Path(__file__).parents[3]
DATA = ROOT.parent / "shared" / "data"
NAMES = [
    "banking77_acc",
    "banking77_ece",
    "banking77_10shot_acc",
    "banking77_coverage_at_95",
    "banking77_after_800_corrections",
    "clinc150_acc",
    "clinc150_oos_auroc",
    "starter_bitext_macro_f1",
    "starter_bitext_coverage",
    "starter_bitext_ece",
]

BILL = ["pay the bill", "wrong bill", "bill again", "a bill"]
SITE = ["site down", "site error", "the site", "a site"]


def write(path: Path, header: tuple[str, str], rows: list[tuple[str, str]]) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def test_a_run_measures_both_models_on_every_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [(text, "bill") for text in BILL] + [(text, "site") for text in SITE]
    for part in ("train", "test"):
        bank = [
            *rows,
            ("I want my money back", "request_refund"),
            ("my order has not been delivered yet", "card_arrival"),
        ]
        write(tmp_path / "banking77" / f"{part}.csv", ("text", "category"), rows if part == "test" else bank)
        write(tmp_path / "clinc150" / f"{part}.csv", ("text", "label"), rows)
    write(tmp_path / "clinc150" / "oos_test.csv", ("text", "label"), [("quite other things", "oos")])
    intents = [("please give me my money back", "get_refund"), ("I forgot my password", "recover_password")]
    for part in ("train", "dev", "test"):
        rows = [*intents, ("subscribe me", "newsletter_subscription")]
        write(tmp_path / "bitext" / f"{part}.csv", ("utterance", "intent"), rows)
    assert main(["--data", str(tmp_path), "--out", str(tmp_path / "figures.json")]) == 0
    printed = capsys.readouterr().out
    head, *figures = json.loads((tmp_path / "figures.json").read_text())
    assert set(head) == {"name", "commit", "machine", "parts"}
    for at in ("baseline", "default"):
        found = {figure["name"]: figure["value"] for figure in figures if figure["at"] == at}
        assert set(NAMES) <= set(found)
        assert all(0 <= value <= 1 for value in found.values())
        assert found["banking77_acc"] == found["clinc150_oos_auroc"] == 1.0
    assert all(name in printed for name in NAMES)
    found = {figure["name"]: figure["value"] for figure in figures}
    assert found["starter_banking77_acc"] == 1.0
    assert {"starter_banking77_kept", "starter_banking77_promised", "starter_answers_strangers"} <= set(found)
    left_out = head["parts"].pop()
    rest = [row for row in figures if row["name"] != "banking77_after_800_corrections" or row["at"] != "default"]
    assert left_out == "Banking77 with corrections, default" and len(rest) == len(figures) - 1
    (tmp_path / "figures.json").write_text(json.dumps([head, *rest]))
    (tmp_path / "clinc150" / "test.csv").unlink()
    assert main(["--data", str(tmp_path), "--out", str(tmp_path / "figures.json"), "--resume"]) == 0
    assert json.loads((tmp_path / "figures.json").read_text()) == [
        head | {"parts": [*head["parts"], left_out]},
        *figures,
    ]
    (tmp_path / "figures.json").write_text(json.dumps([head | {"commit": "another"}, *rest]))
    assert main(["--data", str(tmp_path), "--out", str(tmp_path / "figures.json"), "--resume"]) == 1


@pytest.mark.skipif(not DATA.is_dir(), reason="the public data is not part of the repository")
@pytest.mark.parametrize("at", STARTERS)
def test_the_starter_keeps_its_word_to_people_from_elsewhere(at: str) -> None:
    found = {figure.name: figure.value for figure in elsewhere(DATA, at, STARTERS[at]())}
    assert abs(found["starter_banking77_promised"] - found["starter_banking77_kept"]) < 0.05
    assert found["starter_answers_strangers"] < 0.25


def test_without_the_data_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path / "nowhere")]) == 1
    assert "not part of this repository" in capsys.readouterr().err


def test_the_table_has_a_line_a_name_and_a_column_a_model() -> None:
    lines = table([Figure("x_acc", 0.5, "baseline"), Figure("x_acc", 0.75, "default")]).splitlines()
    assert lines[1].split() == ["x_acc", "0.500", "-", "0.750"]


def test_a_few_of_each_label_are_drawn() -> None:
    texts, labels = few_of_each((BILL + SITE, ["bill"] * 4 + ["site"] * 4), 2, seed=0)
    assert labels == ["bill", "bill", "site", "site"]
    assert set(texts[:2]) < set(BILL)


def test_the_report_names_the_commit_and_the_machine_but_no_path() -> None:
    head, row = report([Figure("x_acc", 0.123456, "default")])
    assert "cores" in str(head["machine"]) and "/" not in str(head["machine"])
    assert row == {"name": "x_acc", "value": 0.1235, "unit": "share", "at": "default"}


def test_intents_are_mapped_to_categories_there_are() -> None:
    assert set(INTENTS.values()) < set(CATEGORIES)
    assert not LEFT_OUT & set(INTENTS)


@pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not part of the repository")
def test_every_intent_of_bitext_is_mapped_or_left_out_on_purpose() -> None:
    assert set(read_csv(DATA / "bitext" / "train.csv", "utterance", "intent")[1]) == set(INTENTS) | LEFT_OUT


def test_the_committed_figures_are_complete() -> None:
    head, *figures = json.loads((ROOT / "docs" / "models" / "evaluation.json").read_text())
    assert head["commit"] and head["machine"]
    found = {(figure["name"], figure["at"]): figure["value"] for figure in figures}
    assert {(name, at) for name in NAMES for at in ("baseline", "default")} <= set(found)
    for name in ("banking77_acc", "clinc150_acc", "clinc150_oos_auroc", "starter_bitext_macro_f1"):
        assert found[name, "default"] > found[name, "baseline"]
