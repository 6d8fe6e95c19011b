"""Show `rapport import` as people type it."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from bot.cli.main import app
from storage.crm.customers import Customer
from storage.database.engine import Database
from storage.workspace import workspaces

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, admin_url: str, database: Database, workspace: str, tmp_path: Path) -> Run:
    monkeypatch.setenv("DATABASE_URL", admin_url)
    monkeypatch.setenv("RAPPORT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    install(database, workspace)

    def typed(*words: str | Path, answer: str = "y\n") -> Result:
        return CliRunner().invoke(app, ["import", *map(str, words)], input=answer)

    return typed


def install(database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session:
        workspaces.install(session, token=None, vault=None, scopes=[], bot_user_id="UBOT", app_id="A1")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "Firmen.csv"
    path.write_bytes("Firma;Website;Stufe\nMüller & Söhne;müller.example;Gold\nGlobex;kein Name;\n".encode("latin-1"))
    return path


def stored(database: Database, workspace: str) -> list[str]:
    with database.transaction(workspace) as session:
        return list(session.scalars(select(Customer.name).order_by(Customer.id)))


def test_a_file_is_shown_tried_and_brought_in_and_taken_back(
    run: Run, file: Path, database: Database, workspace: str
) -> None:
    done = run(file)
    assert done.exit_code == 0, done.output
    assert "Firmen.csv (cp1252, “;”): Customers" in done.output
    assert "Would be: 1 added, 1 refused" in done.output
    assert "line 3: Website: This does not look like a domain: kein Name" in done.output
    assert "Import 1: 1 added, 1 refused." in done.output
    assert stored(database, workspace) == ["Müller & Söhne"]
    undone = run("--undo", "1")
    assert "1 changes are taken back, 0 stay." in undone.output
    assert stored(database, workspace) == []


def test_nothing_happens_without_a_yes(run: Run, file: Path, database: Database, workspace: str) -> None:
    assert run(file, answer="n\n").exit_code == 1
    assert run(file, "--dry-run").exit_code == 0
    assert stored(database, workspace) == []


def test_refused_rows_are_corrected_in_their_own_file_and_brought_in(
    run: Run, file: Path, database: Database, workspace: str
) -> None:
    run(file)
    refused = file.with_suffix(".refused.csv")
    text = refused.read_text("utf-8-sig")
    assert text.splitlines()[1].startswith("Globex,kein Name,,Website: ")
    refused.write_text(text.replace("kein Name", "globex.example"), "utf-8-sig")
    assert "1 added" in run(refused).output
    assert stored(database, workspace) == ["Müller & Söhne", "Globex"]


def test_a_column_is_what_a_person_says(run: Run, file: Path, database: Database, workspace: str) -> None:
    done = run(file, "--column", "Website=", "--column", "Stufe=tier")
    assert "Would be: 2 added" in done.output
    again = run(file)
    assert "2 left alone" in again.output, "what was said of the columns is remembered"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--column", "Fax=name"], "there is no column Fax; there are Firma"),
        (["--column", "Website=fax"], "There is no field fax."),
        (["--dates", "year"], "--dates is day or month"),
        (["--matches", "merge"], "--matches is one of"),
        (["--workspace", "TNONE"], "say which with --workspace"),
        (["--noun", "ship"], "I cannot tell which column"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(run: Run, file: Path, words: list[str], said: str) -> None:
    done = run(file, *words)
    assert done.exit_code == 2
    assert said in " ".join(done.output.replace("│", "").split())


def test_everything_is_taken_out_and_comes_back_in(
    run: Run, file: Path, database: Database, workspace: str, second_workspace: str, tmp_path: Path
) -> None:
    run(file, "--yes")
    archive = tmp_path / "all.zip"
    done = CliRunner().invoke(app, ["export", str(archive)])
    assert done.exit_code == 0, done.output
    assert archive.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(archive) as opened:
        opened.extract("customer.csv", tmp_path)
    install(database, second_workspace)
    assert "say which with --workspace" in CliRunner().invoke(app, ["export", str(archive), "--yes"]).output
    assert "1 added" in run(tmp_path / "customer.csv", "--yes", "--workspace", second_workspace).output
    assert stored(database, second_workspace) == ["Müller & Söhne"]


def test_an_import_that_is_not_there_cannot_be_taken_back(run: Run) -> None:
    done = run("--undo", "9")
    assert (done.exit_code, done.output.strip()) == (2, "There is no import 9.")
