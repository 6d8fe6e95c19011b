"""Read a sheet of a workbook row by row, and hold no part of it in memory that is a trap."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree

from storage.errors import CrmError, Invalid
from storage.transfer.formats.delimited import FileLine

LARGEST_UNPACKED = 1 << 30
LARGEST_STRINGS = 48 << 20
LARGEST_PART = 8 << 20
"""So many bytes may have all parts together, the texts that cells share, and any other part that is read whole."""
LONGEST_ROW = 64 << 20
MOST_PARTS = 5_000
MOST_ROWS = 1_048_576
"""So many rows a sheet has at most, in any program; a number of a row that is beyond them is a trap."""
MOST_CELLS = 100_000_000
_TYPES = "[Content_Types].xml"
_SHARED = "sharedStrings+xml"
_SHOWN_CURRENCY = re.compile(r"\[\$([^\]\-]+)(?:-[^\]]*)?\]|\"\s*([A-Z]{3}|[€£¥$])\s*\"|([€£])")
"""`[$EUR]`, `[$€-407]`, `"EUR"`: how spreadsheets write the currency of a cell."""
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
"""How a workbook holds a character that XML cannot."""


class _SheetBytes:
    """Hand on the bytes of a sheet, and refuse a row that has no end."""

    def __init__(self, part: IO[bytes]) -> None:
        self._part = part
        self.since = 0
        """How many bytes came since the last row."""

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        piece = self._part.read(size)
        self.since += len(piece)
        if self.since > LONGEST_ROW:
            raise _too_large()
        return piece

    def close(self) -> None:
        """Close the sheet."""
        self._part.close()

    def __enter__(self) -> _SheetBytes:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _BookParts(zipfile.ZipFile):
    """Lend the parts of a workbook, none that is larger than what it holds can need."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.rows: _SheetBytes | None = None
        self.is_loaded = False
        types = ElementTree.fromstring(self.read(_TYPES))  # noqa: S314 - expat itself limits what entities become
        self._shared = {one.get("PartName", "")[1:] for one in types if one.get("ContentType", "").endswith(_SHARED)}

    def read(self, name: Any, pwd: bytes | None = None) -> bytes:
        """Return a part that is read whole."""
        if self.getinfo(name).file_size > LARGEST_PART:
            raise _too_large()
        with super().open(name) as part:
            return part.read()

    def open(self, name: Any, *_how: Any, **_more: Any) -> Any:
        """Return a part that is read from its start to its end; a sheet only once the workbook is loaded.

        To find out how large a sheet is, all of it would be read; what it says of that itself may be wrong.
        """
        if self.is_loaded:
            self.rows = _SheetBytes(super().open(name))
            return self.rows
        if name in self._shared:
            if self.getinfo(name).file_size > LARGEST_STRINGS:
                raise _too_large()
            return super().open(name)
        return io.BytesIO(self.read(name) if "chartsheet" in name else b"<worksheet/>")


def sheet_names(path: Path) -> list[str]:
    """Return the names of the sheets that may be read, in their order: those that are not hidden, else the first.

    Raises Invalid for a damaged workbook and for a trap.
    """
    _refuse_trap(path)
    with _opening(), path.open("rb") as file, _BookParts(path) as parts:
        reader = _reader(file, parts)
        reader.read_manifest()
        reader.read_workbook()
        found = [one for one, part in reader.parser.find_sheets() if part.Type.endswith("/worksheet")]
    if not found:
        raise Invalid("There is no sheet in this workbook.")
    return [one.name for one in found if one.state == "visible"] or [found[0].name]


def read_sheet(path: Path, name: str) -> Iterator[FileLine]:
    """Yield each row of the sheet of this name; raise Invalid for a damaged workbook and for a trap."""
    _refuse_trap(path)
    with _opening():
        yield from _rows(path, name)


@contextmanager
def _opening() -> Iterator[None]:
    try:
        yield
    except CrmError:
        raise
    except Exception as error:
        # A damaged workbook raises whatever its XML parser does.
        hint = "Open it in a spreadsheet program and save it again, or save the sheet as CSV."
        raise Invalid("This workbook cannot be opened.", hint=hint) from error


def _reader(file: IO[bytes], parts: _BookParts) -> Any:
    from openpyxl.reader.excel import ExcelReader

    reader = ExcelReader(file, read_only=True, data_only=True, keep_links=False)
    reader.archive = parts
    return reader


def _rows(path: Path, name: str) -> Iterator[FileLine]:
    with path.open("rb") as file, _BookParts(path) as parts:
        reader = _reader(file, parts)
        reader.read()
        parts.is_loaded = True
        sheet = next(one for one in reader.wb.worksheets if one.title == name)
        seen = 0
        for line, cells in enumerate(sheet.iter_rows(), 1):
            assert parts.rows is not None
            parts.rows.since = 0
            seen += len(cells)
            if line > MOST_ROWS or seen > MOST_CELLS:
                raise _too_large()
            yield FileLine(line, [_cell(cell.value, cell) for cell in cells])


def _refuse_trap(path: Path) -> None:
    """Refuse an archive that is no workbook, or would unpack to more than there is room for."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError):
        parts = []
    if not any(part.filename == _TYPES for part in parts):
        raise Invalid(
            "This is an archive and no table.", hint="Unpack it, or save the table as CSV or XLSX, and send that file."
        )
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
        raise _too_large()


def _too_large() -> Invalid:
    return Invalid("This workbook is too large when unpacked.", hint="Save the sheet as CSV.")


def _cell(value: Any, cell: Any) -> str:
    """Return the value of a cell as text that is read back unmistakably, with the currency that is shown beside it."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")
        case date():
            return value.isoformat()
        case int() | float():
            number = format(Decimal(repr(value)), "f")
            number = number.removesuffix(".0") if isinstance(value, float) else number
            # Three places could be thousands.
            number += "0" if number[-4:-3] == "." else ""
            return f"{number} {_currency(cell.number_format)}".rstrip()
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), str(value)).strip()


@cache
def _currency(number_format: str) -> str:
    """Return the sign or code of the currency that a format of numbers shows, empty for none."""
    found = _SHOWN_CURRENCY.search(number_format)
    return next(filter(None, found.groups()), "") if found else ""
