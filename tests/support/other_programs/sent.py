"""Hold a file that is sent, and write workbooks."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openpyxl import Workbook


@dataclass(frozen=True)
class Sent:
    """Hold a file as it is sent, what its rows are, and what becomes of them.

    `records` are all of its noun afterwards, in the order they came, each as `tests.support.tables.Desk.told` tells it.
    """

    name: str
    content: bytes
    noun: str
    counts: Mapping[str, int]
    records: Sequence[str]


def workbook(*sheets: tuple[str, str, Sequence[Sequence[object]]], hidden_columns: str = "") -> bytes:
    """Return a workbook of sheets, each with its name, `hidden` or `visible`, and rows."""
    book, file = Workbook(), io.BytesIO()
    book.remove(book.worksheets[0])
    for name, state, rows in sheets:
        sheet = book.create_sheet(name)
        sheet.sheet_state = state
        for row in rows:
            sheet.append(list(row))
        for column in hidden_columns:
            sheet.column_dimensions[column].hidden = True
    book.save(file)
    return file.getvalue()
