"""Read the lines of a CSV so that a quote which is never closed costs its own row, and swallows no other in silence."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from storage.errors import Invalid

LONGEST_CELL = 1_000_000
LONGEST_ROW = 4 * LONGEST_CELL
_LOOKED_AT = 20


class FileLine(NamedTuple):
    """Hold the cells of a row with the line it begins in, counted from 1, and in `opens` the line of an open quote."""

    line: int
    cells: list[str]
    opens: int = 0


class _TooLong(Exception):
    """A row goes on for longer than any row does."""


class _FileLines:
    """Hand on the lines of a file, and remember those of the row that is being read."""

    def __init__(self, file: Iterator[str]) -> None:
        self._file = file
        self._again: deque[str] = deque()
        self._taken: list[str] = []
        self._size = 0
        self.is_over = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._file, None)
        if line is None:
            self.is_over = True
            raise StopIteration
        self._taken.append(line)
        self._size += len(line)
        if self._size > LONGEST_ROW:
            raise _TooLong
        return line

    def taken(self) -> list[str]:
        """Return the lines of the row that was read."""
        lines, self._taken, self._size = self._taken, [], 0
        return lines

    def read_again(self, lines: Sequence[str]) -> None:
        """Hand these lines on before all others."""
        self._again.extendleft(reversed(lines))
        self.is_over = False


def read_lines(path: Path, encoding: str, separator: str, width: int = 0) -> Iterator[FileLine]:
    """Yield each row of a file; `width` is the number of its columns, where that is known.

    A row whose quote is not closed, or only by one that stands in another row, names the line where it opens. What
    follows is read as rows where it looks so, else it belongs to that row. Raises Invalid where a file cannot be read.
    """
    csv.field_size_limit(LONGEST_CELL)
    line = 1
    with path.open(encoding=encoding, newline="") as file:
        source = _FileLines(file)
        reader = csv.reader(source, delimiter=separator)
        while True:
            cells, is_long = _next(reader, line)
            if cells is None and not is_long:
                return
            lines = source.taken()
            if cells is not None and not source.is_over and not _is_torn(lines, cells, separator, width):
                yield FileLine(line, [cell.strip() for cell in cells])
                line += len(lines)
                continue
            at = _opens_at(lines, separator)
            below = lines[at + 1 :]
            are_rows = _are_rows(below, separator, width)
            if is_long and not are_rows:
                said = "In line {line}, a cell has more than {most} characters."
                raise Invalid(said, line=line, most=f"{LONGEST_CELL:,}")
            if are_rows:
                # No line that leaves a quote open opens one itself, so none is read a third time.
                source.read_again(below)
                reader = csv.reader(source, delimiter=separator)
                lines = lines[: at + 1]
                cells = next(csv.reader(lines, delimiter=separator))
            assert cells is not None
            yield FileLine(line, [cell.strip() for cell in cells], line + at)
            line += len(lines)


def _next(reader: Iterator[list[str]], line: int) -> tuple[list[str] | None, bool]:
    """Return the next row, None after the last, and whether it is longer than any is."""
    try:
        return next(reader, None), False
    except _TooLong:
        return None, True
    except (csv.Error, UnicodeError) as error:
        if "field limit" in str(error):
            return None, True
        raise Invalid("Line {line} cannot be read: {why}.", line=line, why=str(error)) from None


def _is_torn(lines: Sequence[str], cells: Sequence[str], separator: str, width: int) -> bool:
    """Tell whether a quote is closed amid a text, and by that tears a row apart or two rows together."""
    if len(lines) == 1 and (not width or len(cells) == width or '"' not in lines[0]):
        return False
    try:
        list(csv.reader(lines, delimiter=separator, strict=True))
    except csv.Error:
        return True
    return False


def _opens_at(lines: Sequence[str], separator: str) -> int:
    """Return the place of the line in which the quote opens that is never closed, or first closed amid a text."""
    begins, quoted, closing, opened = True, False, False, 0
    for at, text in enumerate(lines):
        for char in text:
            if closing:
                closing = False
                if char == '"':
                    continue
                quoted = False
                if char not in (separator, "\r", "\n"):
                    return opened
            if quoted:
                closing = char == '"'
            elif char == '"' and begins:
                quoted, opened = True, at
            begins = not quoted and char in (separator, "\r", "\n")
    return opened


def _are_rows(lines: Sequence[str], separator: str, width: int) -> bool:
    """Tell whether lines look like rows of their own: most have as many cells as there are columns."""
    looked_at = [one for one in islice(lines, _LOOKED_AT) if one.strip()]
    if not width:
        return bool(looked_at)
    fit = 0
    for one in looked_at:
        try:
            (cells,) = csv.reader([one], delimiter=separator, strict=True)
        except (csv.Error, ValueError):
            continue
        fit += len(cells) == width and one.count('"') % 2 == 0
    return fit * 2 > len(looked_at)
