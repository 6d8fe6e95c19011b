"""Write rows as a file that spreadsheets open: CSV, or a workbook in which days and amounts can be reckoned with.

Either comes back as it was: `storage.transfer.tables` reads what is written here.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from storage.money import Money
from storage.transfer.cells import defuse

if TYPE_CHECKING:
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

EXACT = 10**15
"""A spreadsheet keeps 15 digits of a number: what has more is written as text."""
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


@dataclass
class CsvFile:
    """Write a CSV in UTF-8 with a byte order mark, by which spreadsheets know its umlauts."""

    header: Sequence[str]
    _text: io.StringIO = field(default_factory=lambda: io.StringIO(newline=""))

    def __post_init__(self) -> None:
        """Begin with the names of the columns."""
        self._writer = csv.writer(self._text)
        self._writer.writerow(map(defuse, self.header))

    def add(self, cells: Sequence[Any]) -> None:
        """Add a row of texts, amounts, days and numbers."""
        self._writer.writerow([defuse(as_text(cell)) for cell in cells])

    def finish(self) -> bytes:
        """Return the file."""
        return self._text.getvalue().encode("utf-8-sig")


@dataclass
class XlsxFile:
    """Write a workbook with one sheet, the names of the columns in its first row."""

    header: Sequence[str]

    def __post_init__(self) -> None:
        """Begin with the names of the columns."""
        from openpyxl import Workbook

        self._book = Workbook(write_only=True)
        self._sheet: WriteOnlyWorksheet = self._book.create_sheet()
        self._sheet.freeze_panes = "A2"
        self.add(self.header)

    def add(self, cells: Sequence[Any]) -> None:
        """Add a row of texts, amounts, days and numbers."""
        self._sheet.append([self._cell(cell) for cell in cells])

    def _cell(self, value: Any) -> Any:
        from openpyxl.cell import WriteOnlyCell

        match value:
            case Money() if abs(value.minor) < EXACT:
                cell = WriteOnlyCell(self._sheet, float(value.major))
                places = f".{'0' * -exponent}" if (exponent := int(value.major.as_tuple().exponent)) < 0 else ""
                cell.number_format = f"#,##0{places} [${value.currency}]"
                return cell
            case int() if abs(value) < EXACT:
                return value
            case date() if value.year >= 1900:
                return value
        text = defuse(as_text(value))
        return _UNPRINTABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", text) or None

    def finish(self) -> bytes:
        """Return the file."""
        out = io.BytesIO()
        self._book.save(out)
        return out.getvalue()


FORMS: dict[str, type[CsvFile] | type[XlsxFile]] = {"csv": CsvFile, "xlsx": XlsxFile}
"""How a file can be asked for, by its ending."""


def as_text(value: Any) -> str:
    """Return a cell as text."""
    match value:
        case None:
            return ""
        case Money():
            return f"{value.major} {value.currency}"
        case date():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
    return str(value)
