"""Show `rapport import` as people type it."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook
from sqlalchemy import select
from typer.testing import CliRunner, Result

from bot.cli.main import app
from storage.crm import customers
from storage.crm.customers import CUSTOMER, Customer
from storage.crm.deals import Deal
from storage.database.engine import Database
from storage.records import lifecycle, schema
from storage.records.schema import field_definitions, noun_definitions
from storage.workspace import workspaces
from storage.workspace.workspaces import Workspace

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


def test_a_workbook_says_which_sheet_is_read_and_takes_another(
    run: Run, database: Database, workspace: str, tmp_path: Path
) -> None:
    book = Workbook()
    for title in ("Firms", "More firms"):
        sheet = book.create_sheet(title)
        sheet.append(["Company", "Website"])
        sheet.append([f"Heron {title}", ""])
    book.remove(book.worksheets[0])
    book.save(tmp_path / "book.xlsx")
    done = run(tmp_path / "book.xlsx")
    assert "book.xlsx (XLSX, sheet “Firms”): Customers" in done.output
    assert "Not read: More firms. Say which sheet with --sheet." in done.output
    assert run(tmp_path / "book.xlsx", "--sheet", "More firms", "--yes").exit_code == 0
    assert stored(database, workspace) == ["Heron Firms", "Heron More firms"]
    wrong = run(tmp_path / "book.xlsx", "--sheet", "None")
    assert (wrong.exit_code, "There are: Firms, More firms." in wrong.output) == (2, True)


def test_cells_are_shown_as_they_are_and_no_secret_is(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("Name,Email,Phone,Note\nJane\x1b[2J,jane@acme.example,+49 221 555012,xoxb-1-secret\nBo,no mail,,\n")
    said = run(path, "--dry-run").output
    assert "jane@acme.example" in said
    assert "+49 221 555012" in said
    assert "line 3: Email: " in said
    assert "\x1b[2J" not in said
    assert "secret" not in said.replace("[secret]", "")


def test_what_is_said_of_days_is_said_of_the_columns_that_ask(
    run: Run, database: Database, workspace: str, tmp_path: Path
) -> None:
    path = tmp_path / "deals.csv"
    path.write_text("Deal,Close date,Created\nPilot,03/04/2031,13/04/2024\nFleet,05/04/2031,01/04/2024\n")
    assert "Close date: 03/04/2031, 05/04/2031 can be read in two ways." in run(path).output
    assert "2 added" in run(path, "--dates", "month").output
    with database.transaction(workspace) as session:
        found = session.execute(select(Deal.close_on, Deal.created_at).order_by(Deal.id)).all()
    assert [(close, made.date()) for close, made in found] == [
        (date(2031, 3, 4), date(2024, 4, 13)),
        (date(2031, 5, 4), date(2024, 4, 1)),
    ]


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


def test_kinds_of_records_of_a_teams_own_are_taken_out_and_come_in(
    run: Run, database: Database, workspace: str, tmp_path: Path
) -> None:
    def contracts() -> list[tuple[str, str, dict[str, int]]]:
        with database.transaction(workspace) as session:
            model = schema.of(session).nouns["contract"].model
            return [(one.reference, one.name, one.custom) for one in session.scalars(select(model).order_by(model.id))]

    with database.transaction(workspace) as session:
        noun_definitions.define(session, name="Contract", letter="K")
        seats = field_definitions.define(session, schema.of(session).nouns["contract"], name="Seats", type="number")
        linked = field_definitions.define(session, CUSTOMER, name="Frame", type="record", links_to="contract")
    file = tmp_path / "contracts.csv"
    file.write_text("Contract,Seats\nFrame,5\nSupport,7\n")
    done = run(file, "--noun", "contract", "--yes")
    assert "2 added" in done.output, done.output
    number = str(seats.id)
    assert contracts() == [("K-1", "Frame", {number: 5}), ("K-2", "Support", {number: 7})]
    with database.transaction(workspace) as session:
        lifecycle.add(session, schema.extended(session, CUSTOMER), {"name": "Acme", "frame": 2})
    archive = tmp_path / "all.zip"
    done = CliRunner().invoke(app, ["export", str(archive)])
    assert done.exit_code == 0, done.output
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(tmp_path)
    assert "K-2" in (tmp_path / "customer.csv").read_text("utf-8")
    (tmp_path / "contract.csv").write_text((tmp_path / "contract.csv").read_text("utf-8").replace(",5,", ",6,"))
    assert "1 changed" in run(tmp_path / "contract.csv", "--yes").output
    assert contracts()[0] == ("K-1", "Frame", {number: 6})
    with database.transaction(workspace) as session:
        noun_definitions.retire(session, noun_definitions.called(session, "contract"))
        assert linked.id
    assert CliRunner().invoke(app, ["export", str(archive), "--yes"]).exit_code == 0
    assert not archive.with_name("all.zip.part").exists()


def test_an_import_that_is_not_there_cannot_be_taken_back(run: Run) -> None:
    done = run("--undo", "9")
    assert (done.exit_code, done.output.strip()) == (2, "There is no import 9.")


def test_an_archive_comes_into_an_empty_workspace_and_into_no_other(
    run: Run, file: Path, database: Database, workspace: str, tmp_path: Path
) -> None:
    run(file, "--yes")
    archive = tmp_path / "all.zip"
    done = CliRunner().invoke(app, ["export", str(archive)])
    assert done.exit_code == 0, done.output
    full = run(archive, "--yes")
    assert full.exit_code == 2, full.output
    assert stored(database, workspace) == ["Müller & Söhne"]
    with database.transaction("TEMPTY") as session:
        session.add(Workspace(id="TEMPTY", name="Empty"))
    install(database, "TEMPTY")
    there = ("--workspace", "TEMPTY")
    tried = run(archive, "--dry-run", *there)
    assert tried.exit_code == 0, tried.output
    assert "customer" in tried.output
    assert run(archive, *there, answer="n\n").exit_code == 1
    assert stored(database, "TEMPTY") == []
    brought = run(archive, *there)
    assert brought.exit_code == 0, brought.output
    assert "The workspace T0ACME is here" in brought.output
    with database.transaction("TEMPTY") as session:
        came = session.scalars(select(Customer)).one()
        assert (came.reference, came.name, came.tier) == ("C-1", "Müller & Söhne", "gold")
        assert customers.add(session, name="Next").reference == "C-2"
    assert run(archive, "--yes", *there).exit_code == 2, "it is not empty any more"
