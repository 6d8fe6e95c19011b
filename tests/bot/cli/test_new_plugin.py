"""Show what `rapport new-plugin` writes, and what it refuses; that its code runs is shown in tests/outside."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import typer

from bot.cli.new_plugin import files, new_plugin


def test_every_file_is_complete(tmp_path: Path) -> None:
    new_plugin("crate", tmp_path)
    folder = tmp_path / "rapport-crates"
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == {
        "pyproject.toml",
        "README.md",
        "rapport_crates/__init__.py",
        "rapport_crates/migrations/0001_table.py",
        "tests/conftest.py",
        "tests/test_crates.py",
    }
    for name in found:
        text = (folder / name).read_text("utf-8")
        assert "$" not in text and "isit" not in text, name
        if name.endswith(".py"):
            ast.parse(text)
    with pytest.raises(typer.BadParameter, match="is there already"):
        new_plugin("crate", tmp_path)


def test_a_letter_is_chosen_that_no_noun_has() -> None:
    assert '"crate", "A", "crate"' in files("crate")["rapport_crates/__init__.py"], "C is a customer's, R a renewal's"


@pytest.mark.parametrize("name", ["Visit", "two words", "1st", "x", "", "class", "wörter", "../up", "a" * 40])
def test_what_is_no_noun_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match="one word of small letters"):
        new_plugin(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["deal", "customer", "field", "help"])
def test_what_there_is_already_is_refused(name: str) -> None:
    with pytest.raises(typer.BadParameter, match=f"something called {name} already"):
        files(name)
