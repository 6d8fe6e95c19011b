"""Show that a labelled file is measured beside the textbook classifier, and that any other file is refused plainly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ml.evaluate.labelled import NotLabelled, as_json, measure_file, read_labelled, table

THINGS = ["login", "page", "printer", "export", "search", "menu", "button", "screen", "report", "upload"]
ROWS = [f'"the {thing}, it is broken",bug' for thing in THINGS] + [
    f"what does the {thing} cost,sales" for thing in THINGS
]


def written(folder: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path = folder / "data.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_is_read_in_the_encodings_that_programs_write(tmp_path: Path, encoding: str) -> None:
    content = "Label,Text,other\nbug,größer 太大,x\nbug,crash,x\nsales,price?,x\nsales,offer?,x\n,empty,x\nbug,,x\n"
    texts, labels = read_labelled(written(tmp_path, content, encoding))
    assert (texts, labels) == (["größer 太大", "crash", "price?", "offer?"], ["bug", "bug", "sales", "sales"])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("message,kind\na,b\n", "columns text and label; it has message, kind"),
        ("", "it has nothing"),
        ("text,label\na,bug\nb,bug\n", "has 1 label"),
        ("text,label\n", "has 0 label"),
        ("text,label\na,bug\nb,bug\nc,rare\n", "only one example and cannot be judged: rare"),
        ("text,label\nGr\xfc\xdfe,bug\n".encode("latin-1"), "is not UTF-8"),
        (b"PK\x03\x04\x00\x00\x00", "no text file"),
    ],
)
def test_another_file_is_refused_with_the_reason(tmp_path: Path, content: str | bytes, says: str) -> None:
    with pytest.raises(NotLabelled, match=says):
        read_labelled(written(tmp_path, content))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotLabelled, match="cannot be read"):
        read_labelled(tmp_path / "nothing.csv")
    with pytest.raises(NotLabelled, match="cannot be read"):
        read_labelled(tmp_path)


@pytest.mark.parametrize("few_shot", [None, 3])
def test_both_models_are_measured_on_the_same_held_out_part(tmp_path: Path, few_shot: int | None) -> None:
    path = written(tmp_path, "text,label\n" + "\n".join(ROWS) + "\n")
    found = measure_file(path, few_shot=few_shot)
    assert found["default"].examples == found["baseline"].examples == 4
    assert found["default"].accuracy > 0.5
    assert table(found)[0] == ("4 held-out messages", "Rapport", "textbook")
    rows = json.loads(as_json(found))
    assert {row["at"] for row in rows} == {"default", "baseline"}
    assert {"name": "accuracy", "value": found["default"].accuracy, "unit": "share", "at": "default"} in rows


@pytest.mark.parametrize("few_shot", [None, 3])
def test_what_is_taken_for_what_most_often_is_shown(tmp_path: Path, few_shot: int | None) -> None:
    # Nobody can tell these two kinds apart, so each is taken for the other.
    alike = [f"the {thing} again,{label}" for label in ("again", "anew") for thing in THINGS]
    path = written(tmp_path, "text,label\n" + "\n".join([*ROWS, *alike]) + "\n")
    found = measure_file(path, few_shot=few_shot)
    wrong = [pair for pair in found["default"].confusion if pair[0] != pair[1]]
    assert {(truth, guess) for truth, guess, _ in wrong} & {("again", "anew"), ("anew", "again")}
    counted = sum(count for _, _, count in found["default"].confusion)
    assert counted == found["default"].examples * (1 if few_shot is None else 3)
    rows = [row for row in json.loads(as_json(found)) if row["name"] == "confused" and row["at"] == "default"]
    assert sorted((row["truth"], row["guess"], row["value"]) for row in rows) == sorted(wrong)
    truth, guess, count = max(wrong, key=lambda pair: pair[2])
    assert (f"{truth} taken for {guess}", str(count)) in [row[:2] for row in table(found)]
    shown = [int(ours) for title, ours, _ in table(found) if " taken for " in title]
    assert shown == sorted(shown, reverse=True)
