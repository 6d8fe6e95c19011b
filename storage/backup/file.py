r"""Write and read the files that `rapport db backup` makes: every row, and what it takes to tell that none is missing.

A file is gzip. Inside is a line of JSON that says what it holds; then for each table a line with its name, its rows as
PostgreSQL's COPY writes them, and a line `\.`; at the end a line with the number of rows of each table and the SHA-256
of all before it. Without that last line it is no backup.
"""

from __future__ import annotations

import contextlib
import fcntl
import gzip
import hashlib
import io
import json
import os
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

FORMAT = 1
END = b"\\.\n"
PIECE = 64 * 1024
LONGEST_HEADER = 16 * 1024 * 1024
PARTIAL = ".part"


class BackupRefused(Exception):
    """Say in sentences why a backup is not made or not restored, and what to do."""


@dataclass(frozen=True)
class Table:
    """Name a table with its schema, and the columns that are kept of it, in the order of the rows' values."""

    schema: str
    name: str
    columns: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Header:
    """Say what a file holds.

    `lines` maps each schema to its revision, `months` a partitioned table to the months that have a partition of their
    own (202601), `sequences` a column (schema.table.column) to the last number it was given, None if it never was.
    """

    product: str
    postgres: str
    taken_at: str
    lines: Mapping[str, str]
    tables: tuple[Table, ...]
    months: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sequences: Mapping[str, int | None] = field(default_factory=dict)


class BackupWriter:
    """Write a file under another name and give it its own when it is complete; only its owner may read it.

    Raises BackupRefused where it cannot be written. A killed process leaves nothing but the partial file, which the
    next one to write there takes for its own.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._partial = path.with_name(path.name + PARTIAL)
        self._rows: dict[str, int] = {}
        self._hash = hashlib.sha256()
        self._finished = False

    def __enter__(self) -> Self:
        with self._sentences():
            flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW
            self._file = os.fdopen(os.open(self._partial, flags, 0o600), "wb")
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._file.close()
                raise BackupRefused(f"Another backup is being written to {self._path}.") from None
            os.fchmod(self._file.fileno(), 0o600)
            self._file.truncate()
            self._gzip = gzip.GzipFile("", "wb", compresslevel=6, fileobj=self._file, mtime=0)
        return self

    def begin(self, header: Header) -> None:
        """Say what the file holds."""
        self._line({"rapport_backup": FORMAT} | asdict(header))

    @contextlib.contextmanager
    def table(self, table: Table) -> Iterator[Rows]:
        """Take a table's rows."""
        self._line({"table": str(table)})
        rows = Rows(self._write)
        yield rows
        rows.flush()
        self._write(END)
        self._rows[str(table)] = rows.count

    def finish(self) -> Mapping[str, int]:
        """Write what makes the file whole, give it its name, and return how many rows each table has."""
        self._line({"rows": self._rows, "sha256": self._hash.hexdigest()})
        with self._sentences():
            self._gzip.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._partial.replace(self._path)
            self._finished = True
            _sync_folder(self._path.parent)
        return self._rows

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if not self._finished:
            self._partial.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # what could not be written was said already
            self._file.close()

    def _line(self, said: Mapping[str, Any]) -> None:
        self._write(json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")

    def _write(self, data: bytes) -> None:
        self._hash.update(data)
        with self._sentences():
            self._gzip.write(data)

    @contextlib.contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            raise BackupRefused(
                f"{self._path} could not be written: {exc.strerror or exc}. There is no backup."
            ) from exc


class Rows:
    """Collect a table's rows to pieces that are worth compressing, and count them."""

    def __init__(self, write: Any) -> None:
        self._write = write
        self._held = bytearray()
        self.count = 0

    def add(self, data: bytes) -> None:
        """Take whole rows, each ending with a line's end; a line's end within a value is written otherwise."""
        self._held += data
        self.count += data.count(b"\n")
        if len(self._held) >= PIECE:
            self.flush()

    def flush(self) -> None:
        """Pass on what is held."""
        self._write(bytes(self._held))
        self._held.clear()


class BackupReader:
    """Read a file from its beginning to its end; raise BackupRefused for one that is damaged or is no backup."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._hash = hashlib.sha256()
        self._rows: dict[str, int] = {}

    def __enter__(self) -> Self:
        self._open = contextlib.ExitStack()
        with self._sentences():
            file = self._open.enter_context(self._path.open("rb"))
            unzipped = self._open.enter_context(gzip.GzipFile(fileobj=file))
            self._file: IO[bytes] = self._open.enter_context(io.BufferedReader(unzipped, PIECE))
            try:
                self.header = self._header(self._line())
            except BaseException:
                self._open.close()
                raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    def tables(self) -> Iterator[tuple[Table, Iterator[bytes]]]:
        """Give each table with its rows in pieces, which are to be taken before the next table."""
        for table in self.header.tables:
            if self._line().get("table") != str(table):
                raise self._damaged(f"{table} is not where it should be")
            yield table, self._pieces(table)

    def finish(self) -> Mapping[str, int]:
        """Check the end of the file against what was read, and return how many rows each table has."""
        read = self._hash.hexdigest()
        last = self._line()
        with self._sentences():
            more = self._file.read(1)
        if more:
            raise self._damaged("something follows its end")
        if last.get("sha256") != read:
            raise self._damaged("its checksum is another")
        if last.get("rows") != self._rows:
            raise self._damaged("its rows are not as many as it says")
        return self._rows

    def _pieces(self, table: Table) -> Iterator[bytes]:
        count = 0
        at_line = True
        while True:
            with self._sentences():
                piece = self._file.readline(PIECE)
            if not piece:
                raise self._damaged("it ends too early")
            self._hash.update(piece)
            if at_line and piece == END:
                break
            at_line = piece.endswith(b"\n")
            count += at_line
            yield piece
        self._rows[str(table)] = count

    def _line(self) -> dict[str, Any]:
        with self._sentences():
            line = self._file.readline(LONGEST_HEADER)
        self._hash.update(line)
        if not line.endswith(b"\n"):
            raise self._damaged("it ends too early")
        try:
            said = json.loads(line)
        except ValueError:
            said = None
        if not isinstance(said, dict):
            raise self._damaged("a line that describes it cannot be read")
        return said

    def _header(self, said: Mapping[str, Any]) -> Header:
        version = said.get("rapport_backup")
        if not isinstance(version, int):
            raise self._not_ours()
        if version > FORMAT:
            raise BackupRefused(
                f"{self._path} was made by a newer Rapport ({said.get('product')}). Restore it with that version."
            )
        try:
            tables = tuple(Table(t["schema"], t["name"], tuple(t["columns"])) for t in said["tables"])
            header = Header(
                product=str(said["product"]),
                postgres=str(said["postgres"]),
                taken_at=str(said["taken_at"]),
                lines=dict(said["lines"]),
                tables=tables,
                months={table: tuple(months) for table, months in said["months"].items()},
                sequences={k: None if last is None else int(last) for k, last in said["sequences"].items()},
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise self._damaged("what it holds cannot be read") from None
        return header

    @contextlib.contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except gzip.BadGzipFile as exc:
            raise self._not_ours() from exc
        except (EOFError, zlib.error) as exc:
            raise self._damaged("it ends too early" if isinstance(exc, EOFError) else "it cannot be unpacked") from exc
        except OSError as exc:
            raise BackupRefused(f"{self._path} cannot be read: {exc.strerror or exc}.") from exc

    def _damaged(self, how: str) -> BackupRefused:
        return BackupRefused(f"{self._path} is damaged: {how}. Nothing was changed; take another copy of it.")

    def _not_ours(self) -> BackupRefused:
        return BackupRefused(
            f"{self._path} is no backup that `rapport db backup` made, or it is damaged. Nothing was changed."
        )


def verify(path: Path) -> tuple[Header, Mapping[str, int]]:
    """Read a whole file and return what it holds and how many rows; raise BackupRefused if anything is amiss."""
    with BackupReader(path) as reader:
        for _table, pieces in reader.tables():
            for _piece in pieces:
                pass
        return reader.header, reader.finish()


def _sync_folder(folder: Path) -> None:
    """Have the file's name survive a power cut as well."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
