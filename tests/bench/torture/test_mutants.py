"""Show that each change which is made on purpose can still be made, and that the page tells what noticed it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.torture.mutants import ROOT, SURVIVED, Copy, Mutant, Stale, listed, noticed_by

MUTANTS = listed()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.file}: {mutant.change}")
def test_a_change_can_be_made_and_is_python(mutant: Mutant) -> None:
    compile(mutant.changed(ROOT), mutant.file, "exec")


def test_the_page_lists_them_all_and_none_survived() -> None:
    known = noticed_by()
    assert list(known) == [mutant.key for mutant in MUTANTS]
    assert [key for key, test in known.items() if test == SURVIVED] == []
    assert len(known) >= 70


def test_what_noticed_is_among_the_tests_beside_a_change_and_is_there() -> None:
    known = noticed_by()
    wrong = []
    for mutant in MUTANTS:
        path, _, name = known[mutant.key].partition("::")
        if (
            path not in {test.partition("::")[0] for test in mutant.tests}
            or f"def {name}(" not in (ROOT / path).read_text()
        ):
            wrong.append((mutant.key, known[mutant.key]))
    assert wrong == []


def tree(folder: Path) -> None:
    (folder / "lamp.py").write_text("def lit(switch):\n    return switch > 0\n")
    (folder / "test_lamp.py").write_text(
        "from lamp import lit\n\n\ndef test_on():\n    assert lit(1)\n\n\ndef test_off():\n    assert not lit(0)\n"
    )


def test_what_notices_is_named_and_the_file_is_as_it_was(tmp_path: Path) -> None:
    tree(tmp_path)
    copy = Copy(tmp_path)
    assert copy.noticed(Mutant("lamp.py", "off is on", "> 0", ">= 0", ["test_lamp.py"])) == "test_lamp.py::test_off"
    assert (tmp_path / "lamp.py").read_text().endswith("switch > 0\n")
    survivor = Mutant("lamp.py", "two is on", "> 0", "> 0 or switch == 2", ["test_lamp.py"])
    assert copy.noticed(survivor) == SURVIVED


@pytest.mark.parametrize(
    ("mutant", "why"),
    [
        (Mutant("lamp.py", "x", "< 0", "> 0", ["test_lamp.py"]), "occurs 0 times"),
        (Mutant("lamp.py", "x", "switch", "key", ["test_lamp.py"]), "occurs 2 times"),
        (Mutant("lamp.py", "x", "> 0", ">= 0", ["test_shade.py"]), "there is no test_shade.py"),
        (Mutant("lamp.py", "x", "return", "raise)", ["test_lamp.py"]), "could not run"),
        (Mutant("lamp.py", "x", "> 0", "> 1", ["test_lamp.py::test_none"]), "could not run"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_change_that_says_nothing_is_told(tmp_path: Path, mutant: Mutant, why: str) -> None:
    tree(tmp_path)
    with pytest.raises(Stale, match=why):
        Copy(tmp_path).noticed(mutant)


def test_a_test_that_fails_anyway_has_noticed_nothing(tmp_path: Path) -> None:
    tree(tmp_path)
    (tmp_path / "test_lamp.py").write_text("def test_never():\n    assert False\n")
    with pytest.raises(Stale, match="fails without the change too"):
        Copy(tmp_path).noticed(Mutant("lamp.py", "x", "> 0", ">= 0", ["test_lamp.py"]))
