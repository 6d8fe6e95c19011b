"""Show that a workbook is read whoever wrote it, and that one which is a trap is refused before it costs anything."""

from __future__ import annotations

import io
import resource
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from openpyxl import Workbook

from storage.errors import Invalid
from storage.transfer import tables
from storage.transfer.formats import sheets

SPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
HEADER = '<row r="1"><c r="A1" t="inlineStr"><is><t>Company</t></is></c>'
HEADER += '<c r="B1" t="inlineStr"><is><t>City</t></is></c></row>'
SHEET, STRINGS, TYPES = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "[Content_Types].xml"
SHARED = '<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument'
SHARED += '.spreadsheetml.sharedStrings+xml"/></Types>'
LAUGHS = '<!DOCTYPE x [<!ENTITY a0 "lol">'
LAUGHS += "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)) + "]>"
OUTSIDE = '<!DOCTYPE x [<!ENTITY a9 SYSTEM "file:///etc/passwd">]>'


def sheet(rows: str, *, before: str = "", size: str = "") -> str:
    return f'<?xml version="1.0"?>{before}<worksheet {SPACE}>{size}<sheetData>{rows}</sheetData></worksheet>'


def row(number: int, column: str = "A", text: str = "x") -> str:
    return f'<row r="{number}"><c r="{column}{number}" t="inlineStr"><is><t>{text}</t></is></c></row>'


def parts() -> dict[str, str]:
    book, file = Workbook(), io.BytesIO()
    book.save(file)
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def workbook(folder: Path, changed: Mapping[str, str]) -> Path:
    path = folder / "any file"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**parts(), **changed}.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("content", "read"),
    [
        (sheet(HEADER + row(3)), [(3, ["x", ""])]),
        # What it says of its size is not so.
        (sheet(HEADER + row(2), size='<dimension ref="A1"/>'), [(2, ["x", ""])]),
        (sheet(HEADER + row(2), size='<dimension ref="A1:XFD1048576"/>'), [(2, ["x", ""])]),
        (sheet(HEADER + row(2), size='<dimension ref="A1:ZZZZZZZ99999999999"/>'), [(2, ["x", ""])]),
    ],
)
def test_a_sheet_is_read_whatever_it_says_of_its_size(
    tmp_path: Path, content: str, read: list[tuple[int, list[str]]]
) -> None:
    table = tables.open_table(workbook(tmp_path, {SHEET: content}))
    assert [(one.line, one.cells) for one in table.rows()] == read


def test_a_sheet_that_is_hidden_is_not_the_first(tmp_path: Path) -> None:
    book = Workbook()
    hidden = book.active
    assert hidden is not None
    hidden.append(["Lists", "of choices"])
    shown = book.create_sheet("Companies")
    shown.append(["Company", "City"])
    hidden.sheet_state = "hidden"
    book.save(tmp_path / "a.xlsx")
    assert tables.open_table(tmp_path / "a.xlsx").header == ("Company", "City")


TRAPS = {
    "a row far below": ({SHEET: sheet(HEADER + row(99_999_999_999))}, "too large"),
    "a column far to the right": ({SHEET: sheet(HEADER + row(2, "AAAAAAA"))}, "cannot be opened"),
    "a cell without end": ({SHEET: sheet(HEADER + row(2, text="x" * 1_000_000))}, "too large"),
    "texts without end": (
        {
            STRINGS: f"<sst {SPACE}>{'<si><t>x</t></si>' * 20_000}</sst>",
            TYPES: parts()[TYPES].replace("</Types>", SHARED),
        },
        "too large",
    ),
    "styles without end": (
        {
            "xl/styles.xml": parts()["xl/styles.xml"].replace(
                "<cellXfs", "<numFmts>" + '<numFmt numFmtId="170" formatCode="0"/>' * 9_000 + "</numFmts><cellXfs"
            )
        },
        "too large",
    ),
    "entities in entities": (
        {SHEET: sheet(HEADER.replace("Company", "&a9;"), before=LAUGHS)},
        "cannot be opened",
    ),
    "an entity from outside": ({SHEET: sheet(HEADER.replace("Company", "&a9;"), before=OUTSIDE)}, "cannot be opened"),
    "many sheets": ({f"xl/worksheets/s{n}.xml": sheet(HEADER) for n in range(sheets.MOST_PARTS)}, "too large"),
    "a sheet that breaks off": ({SHEET: sheet(HEADER + row(2))[:-30]}, "cannot be opened"),
}


@pytest.mark.parametrize("trap", TRAPS)
def test_a_trap_is_refused_and_costs_nothing(tmp_path: Path, trap: str, monkeypatch: pytest.MonkeyPatch) -> None:
    changed, said = TRAPS[trap]
    for limit in ("LARGEST_STRINGS", "LARGEST_PART", "LONGEST_ROW", "MOST_ROWS"):
        monkeypatch.setattr(sheets, limit, 200_000)
    path = workbook(tmp_path, changed)
    before = resource.getrusage(resource.RUSAGE_SELF)
    with pytest.raises(Invalid, match=said):
        list(tables.open_table(path).rows())
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert after.ru_utime - before.ru_utime < 10
    assert after.ru_maxrss - before.ru_maxrss < 200 << 10


def test_an_archive_in_an_archive_is_no_table(tmp_path: Path) -> None:
    inner = workbook(tmp_path, {})
    with zipfile.ZipFile(tmp_path / "outer.xlsx", "w") as archive:
        archive.write(inner, "xl/inner.xlsx")
    with pytest.raises(Invalid, match="an archive and no table"):
        tables.open_table(tmp_path / "outer.xlsx")
    with zipfile.ZipFile(tmp_path / "outer.xlsx", "w") as archive:
        archive.writestr(TYPES, parts()[TYPES])
        archive.write(inner, "xl/workbook.xml")
    with pytest.raises(Invalid, match="cannot be opened"):
        tables.open_table(tmp_path / "outer.xlsx")


def test_a_part_that_is_larger_than_it_says_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path, {SHEET: sheet(HEADER + row(2, text="x" * 50_000))})
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo(SHEET).file_size
    path.write_bytes(whole.replace(size.to_bytes(4, "little"), (1_000).to_bytes(4, "little")))
    with pytest.raises(Invalid, match="cannot be opened"):
        list(tables.open_table(path).rows())
