"""Show that tables are read as other programs write them, and that traps are refused."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from storage.errors import Invalid
from storage.transfer import tables
from storage.transfer.cells import defuse, plain

NAMES = ["Müller & Söhne", "Café Zoë", "Łódź"]
CHINESE = ["上海贸易有限公司", "北京科技", "深圳市华为技术有限公司"]


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def read(path: Path) -> list[list[str]]:
    return [list(row.cells) for row in tables.open_table(path).rows()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_any_encoding_and_separator_is_found(tmp_path: Path, encoding: str, separator: str) -> None:
    rows = [[name, f"{number},5" if separator == ";" else "5"] for number, name in enumerate(NAMES + CHINESE)]
    text = "\r\n".join(separator.join(row) for row in [["Name", "Wert"], *rows])
    assert read(written(tmp_path / "a.csv", text, encoding)) == rows


@pytest.mark.parametrize(("encoding", "names"), [("gb18030", CHINESE), ("cp1252", NAMES[:2]), ("latin-1", NAMES[:2])])
def test_what_is_no_unicode_is_told_apart_by_what_it_holds(tmp_path: Path, encoding: str, names: list[str]) -> None:
    assert read(written(tmp_path / "a.csv", "\n".join(["Name,X", *(f"{one},1" for one in names)]), encoding)) == [
        [one, "1"] for one in names
    ]


def test_what_is_no_row_is_left_out(tmp_path: Path) -> None:
    text = (
        'Contacts of 2026\n\nName,Amount,Note\nAcme,5,"two\nlines"\n,,\n\nName,Amount,Note\nGlobex,6,\nTotal:,11,\n\n'
    )
    table = tables.open_table(written(tmp_path / "a.csv", text))
    assert (table.header, table.header_line) == (("Name", "Amount", "Note"), 3)
    assert [(row.line, row.cells) for row in table.rows()] == [
        (4, ["Acme", "5", "two\nlines"]),
        (9, ["Globex", "6", ""]),
    ]
    assert [row.line for row in table.rows(after=4)] == [9]


def test_a_company_called_total_is_a_company(tmp_path: Path) -> None:
    text = "Name,Website,City\nTotal,total.example,Paris\nAcme,,\nTotal,totalenergies.example,Paris\n"
    assert len(read(written(tmp_path / "a.csv", text))) == 3


def test_a_workbook_is_read_with_its_days_and_numbers(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Name", "When", "At", "Amount", "Big", "Paid"])
    sheet.append(["Zoë", date(2026, 3, 4), datetime(2026, 3, 4, 15, 30), 0.1, 12345678901.0, True])
    sheet.append([None, None, None, None, None, None])
    book.save(tmp_path / "a.xlsx")
    assert read(tmp_path / "a.xlsx") == [["Zoë", "2026-03-04", "2026-03-04 15:30:00", "0.1", "12345678901", "yes"]]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\n\n \n", "no rows"),
        (b"<!DOCTYPE html><html><head><title>Sign in to Slack</title>", "web page"),
        (b"\xef\xbb\xbf<html lang=en>", "web page"),
        (b"%PDF-1.7", "no CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "no CSV"),
        (b"PK\x03\x04 and then nothing", "archive"),
    ],
)
def test_what_is_no_table_is_refused_in_a_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(Invalid, match=said):
        tables.open_table(path)


def test_a_workbook_that_unpacks_to_more_than_there_is_room_for_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"\0" * 3_000_000)
    monkeypatch.setattr(tables, "LARGEST_UNPACKED", 2_000_000)
    with pytest.raises(Invalid, match="too large when unpacked"):
        tables.open_table(path)


def test_a_damaged_workbook_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    with pytest.raises(Invalid, match="cannot be opened"):
        tables.open_table(path)


def test_a_cell_longer_than_any_text_names_its_line(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "Name,X\nAcme,1\nGlobex,{}\n".format("x" * (tables.LONGEST_CELL + 1)))
    with pytest.raises(Invalid, match="Line 3 cannot be read"):
        read(path)


@given(st.text())
def test_a_cell_is_no_formula_and_comes_back_as_it_was(text: str) -> None:
    cell = defuse(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert plain(cell) == text
