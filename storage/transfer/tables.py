"""Read a table as other programs write it: CSV with any separator and encoding, or a sheet of an XLSX.

A file is read row by row and never held whole. What is around the rows is found here: the separator, the encoding,
which line is the header; and what is no row is left out: empty lines, repeated headers, a line of totals at the end,
what a report says of itself below its rows.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from storage.errors import Invalid
from storage.names import name_key, short
from storage.transfer.formats.delimited import FileLine, read_lines
from storage.transfer.formats.sheets import read_sheet, sheet_names

LARGEST = 1 << 30
"""So many bytes a file may have."""
MOST_COLUMNS = 500
SEPARATORS = (",", ";", "\t", "|")
LONGEST_FOOT = 20
LOOKED_AT = 30
"""So many first rows say which separator it is and where the header is."""
_PIECE = 1 << 20
_ZIP = b"PK\x03\x04"
REASON = "Why this row was refused"
"""The last column of a file of refused rows; when it comes back corrected, this is not looked at."""
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_TOTALS = frozenset(
    (
        *("total", "totals", "grand total", "subtotal", "sum", "summe", "gesamt", "gesamtsumme", "somme"),
        *("total général", "totale", "totaal", "razem", "suma", "итого", "合计", "总计", "小计"),
    )
)

_FOOT = re.compile(r"copyright|©|confidential|generated (?:by|on|at)\b|exported (?:by|on|from)\b", re.IGNORECASE)

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """Hold the cells of a row, as many as there are columns, and its line in the file, counted from 1.

    `beyond` tells that it has filled cells beyond the last column: then something in it is shifted. `opens` is the line
    of a quote that is not closed, 0 for none.
    """

    line: int
    cells: Sequence[str]
    beyond: bool = False
    opens: int = 0


@dataclass(frozen=True)
class TableFile:
    """Name a file with a table in it, and say how it is read; `rows` may be asked for again and again."""

    path: Path
    name: str
    header: tuple[str, ...]
    header_line: int
    encoding: str = ""
    separator: str = ""
    has_reasons: bool = False
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    """Which sheet of a workbook it is, of those that are not hidden."""

    @property
    def is_sheet(self) -> bool:
        """Tell whether it is an XLSX."""
        return not self.separator

    def rows(self, after: int = 0) -> Iterator[Row]:
        """Yield the rows whose line is greater than `after`; raise Invalid where the file cannot be read."""
        return (row for row in self._rows() if row.line > after)

    def _rows(self) -> Iterator[Row]:
        width = len(self.header)
        own = [name_key(cell) for cell in self.header]
        held: Row | None = None
        below: list[Row] = []
        gap, has_groups = False, self.header_line > 1
        columns = width + self.has_reasons
        for line, cells, opens in self._lines(columns):
            if line <= self.header_line:
                continue
            if not any(cells):
                gap = True
                continue
            if [name_key(cell) for cell in cells[:width]] == own:
                if below:
                    # What stands alone above a header is the title of a group; the sums of the one before are above it.
                    has_groups, below = True, []
                    held = None if held is not None and _is_sum(held) else held
                continue
            filled = [*cells[:width], *[""] * (width - len(cells))]
            row = Row(line, filled, any(cells[columns:]), opens)
            alone = width > 2 and bool(filled[0]) and not any(filled[1:]) and not opens
            if gap and alone and len(below) < LONGEST_FOOT:
                below.append(row)
                continue
            yield from (one for one in (held, *below) if one is not None)
            held, below, gap = row, [], False
        rest = [held] if held is not None else []
        rest += below if not any(_FOOT.search(row.cells[0]) for row in below) else []
        is_sum = bool(rest) and (_is_total(rest[-1]) or (has_groups and _is_sum(rest[-1])))
        yield from rest[:-1] if is_sum else rest

    def _lines(self, columns: int) -> Iterator[FileLine]:
        if self.is_sheet:
            return read_sheet(self.path, self.sheet)
        return read_lines(self.path, self.encoding, self.separator, columns)


def open_table(path: Path, name: str = "", sheet: str = "") -> TableFile:
    """Find out how a file is to be read; raise Invalid for what is no table, too large or a trap.

    Of a workbook it is the sheet of this name, else the first.
    """
    size = path.stat().st_size
    if size == 0:
        raise Invalid("This file is empty.")
    if size > LARGEST:
        raise Invalid("This file is too large: up to {limit} MB can be read.", limit=LARGEST >> 20)
    with path.open("rb") as file:
        start = file.read(1 << 16)
    sheets = sheets_of(path)
    if sheets:
        sheet = sheet or sheets[0]
        if sheet not in sheets:
            hint = "There are: {sheets}."
            raise Invalid("There is no sheet called {sheet}.", sheet=sheet, hint=hint, sheets=short(", ".join(sheets)))
        first = list(islice(read_sheet(path, sheet), LOOKED_AT))
        encoding = separator = ""
    else:
        _refuse_page(start)
        encoding = _encoding(path, start)
        separator = _separator(path, encoding)
        first = list(islice(read_lines(path, encoding, separator), LOOKED_AT))
    line, header = _header(first)
    has_reasons = header[-1] == REASON and len(header) > 1
    header = header[:-1] if has_reasons else header
    how = (encoding, separator, has_reasons, sheet if sheets else "", sheets)
    return TableFile(path, name or path.name, header, line, *how)


def sheets_of(path: Path) -> tuple[str, ...]:
    """Return the names of the sheets of a workbook, none for another file; raise Invalid for a trap."""
    with path.open("rb") as file:
        is_archive = file.read(len(_ZIP)) == _ZIP
    return tuple(sheet_names(path)) if is_archive else ()


def digest(path: Path) -> str:
    """Return what a file is recognised by when it comes again."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def columns_key(header: Sequence[str]) -> str:
    """Return what a kind of file is recognised by: the names of its columns, in any order."""
    names = "\n".join(sorted(name_key(cell) for cell in header))
    return hashlib.sha256(names.encode()).hexdigest()


def _header(first: Sequence[FileLine]) -> tuple[int, tuple[str, ...]]:
    """Return the line and names of the header: the first row that is about as wide as those after it."""
    filled = [(line, sum(map(bool, line.cells))) for line in first if any(line.cells)]
    if not filled:
        raise Invalid("There are no rows in this file.")
    widest = max(count for _, count in filled)
    line, cells, opens = next(row for row, count in filled if count * 2 > widest)
    if opens:
        raise open_quote(opens)
    while cells and not cells[-1]:
        cells = cells[:-1]
    if len(cells) > MOST_COLUMNS:
        raise Invalid("This file has more than {limit} columns.", limit=MOST_COLUMNS)
    return line, tuple(map(storable, cells))


def open_quote(line: int) -> Invalid:
    """Return what is said of a quote that is not closed."""
    hint = "Close it, or write it twice where it is part of the text."
    return Invalid("A quote opens in line {line} and is not closed.", line=line, hint=hint)


def storable(text: str) -> str:
    """Return a text without the characters that cannot be stored: NUL and half surrogates."""
    return UNSTORABLE.sub("", text)


def _is_total(row: Row) -> bool:
    words = [name_key(cell).rstrip(":") for cell in row.cells if cell]
    return bool(words) and words[0] in _TOTALS and 2 * len(words) <= len(row.cells) + 1


def _is_sum(row: Row) -> bool:
    """Tell whether a row may be the sums of those above it: it has no name, and little but numbers."""
    words = [cell for cell in row.cells if cell]
    is_told = any("@" in word or not re.search(r"\d", word) for word in words)
    return not row.cells[0] and not is_told and 2 * len(words) <= len(row.cells) + 1


def _refuse_page(start: bytes) -> None:
    """Refuse what Slack answers a bot that may not read files, and other pages."""
    if re.match(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html|head)", start[:1_000], re.IGNORECASE):
        raise Invalid(
            "This is a web page and no table.",
            hint="If it came from Slack, the app may lack the scope `files:read`: `rapport doctor` says so.",
        )
    is_wide = start.count(0) * 4 > len(start) or start.startswith(tuple(mark for mark, _encoding in _MARKS))
    is_binary = not is_wide and len(re.findall(rb"[\x01-\x08\x0e-\x1f]", start)) * 50 > len(start)
    if is_binary or start.startswith((b"\xd0\xcf\x11\xe0", b"%PDF")):
        raise Invalid("This is no CSV, TSV or XLSX file.", hint="Save the table as CSV or XLSX first.")


def _encoding(path: Path, start: bytes) -> str:
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    if start.count(0) * 4 > len(start):
        return "utf-16-le" if start[1:2] == b"\0" else "utf-16-be"
    return next(name for name in ("utf-8", "gb18030", "cp1252", "latin-1") if _is_in(path, name))


def _is_in(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    pairs = high = 0
    with path.open("rb") as file:
        try:
            while piece := file.read(_PIECE):
                decoder.decode(piece)
                if encoding == "gb18030":
                    high += sum(map(len, re.findall(rb"[\x80-\xff]+", piece)))
                    pairs += sum(map(len, re.findall(rb"(?:[\xa1-\xfe][\xa1-\xfe])+", piece)))
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    # Chinese comes in pairs of high bytes; an umlaut mostly stands alone between letters.
    return encoding != "gb18030" or pairs * 10 > high * 9


def _separator(path: Path, encoding: str) -> str:
    def evenness(separator: str) -> tuple[int, int]:
        first = islice(read_lines(path, encoding, separator), LOOKED_AT)
        widths = Counter(len(one.cells) for one in first if any(one.cells))
        wide = {width: count for width, count in widths.items() if width > 1}
        return max(((count, width) for width, count in wide.items()), default=(0, 0))

    best = max(SEPARATORS, key=evenness)
    return best if evenness(best) > (0, 0) else ","
