"""Show that a file is whole or refused: cut off, altered, made anew without a piece, or written to a full disk."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from storage.backup.file import PARTIAL, BackupReader, BackupRefused, BackupWriter, Header, Table, verify

TABLES = (Table("public", "ticket", ("id", "text")), Table("public", "empty", ("id",)), Table("stars", "star", ("x",)))
HEADER = Header("0.1.0", "18.0", "2026-01-01T00:00:00+00:00", {"public": "0001"}, TABLES, {}, {"public.ticket.id": 7})
ROWS = {"public.ticket": [b"1\tone\n", b"2\t\\\\.\n", b"\\\\.\t" + b"long" * 50_000 + b"\n"], "stars.star": [b"\\N\n"]}


def write(path: Path) -> Path:
    with BackupWriter(path) as writer:
        writer.begin(HEADER)
        for table in TABLES:
            with writer.table(table) as rows:
                for row in ROWS.get(str(table), []):
                    rows.add(row)
        writer.finish()
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "rapport.backup")


def test_what_was_written_is_read(file: Path) -> None:
    with BackupReader(file) as reader:
        assert reader.header == HEADER
        found = {str(table): b"".join(pieces) for table, pieces in reader.tables()}
        counts = reader.finish()
    assert found == {str(table): b"".join(ROWS.get(str(table), [])) for table in TABLES}
    assert counts == {str(table): len(ROWS.get(str(table), [])) for table in TABLES}
    assert verify(file) == (HEADER, counts)


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        (tmp_path / "file").touch(mode=0o666)
        assert write(tmp_path / "file").stat().st_mode & 0o777 == 0o600
        (tmp_path / f"new{PARTIAL}").touch(mode=0o666)
        assert write(tmp_path / "new").stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


def refused(path: Path) -> str:
    with pytest.raises(BackupRefused) as told:
        verify(path)
    return str(told.value)


def test_a_file_that_was_cut_off_anywhere_is_refused(file: Path) -> None:
    whole = file.read_bytes()
    for length in [*range(0, len(whole), 7), len(whole) - 1]:
        file.write_bytes(whole[:length])
        assert refused(file)


def test_a_file_in_which_any_byte_is_another_is_refused(file: Path) -> None:
    whole = file.read_bytes()
    for at in range(10, len(whole)):  # before that gzip keeps the time and the system, which mean nothing
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        assert refused(file)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"1\tone", b"1\towe"),
        (b"1\tone\n", b""),
        (b"1\tone\n", b"1\tone\n1\tone\n"),
        (b'{"table":"public.empty"}', b'{"table":"public.other"}'),
        (b'{"table":"public.empty"}\n\\.\n', b""),
        (b'"public.ticket":3', b'"public.ticket":2'),
        (b'"taken_at":"2026', b'"taken_at":"2025'),
        (b'"rapport_backup":1', b'"rapport_backup":"1"'),
        (b'"lines":{"public":"0001"}', b'"lines":null'),
        (b'"public.ticket.id":7', b'"public.ticket.id":"drop"'),
        (b'"columns":["id"]', b'"columns":5'),
        (b'{"rapport_backup"', b'["rapport_backup"'),
    ],
)
def test_a_file_that_was_altered_and_packed_again_is_refused(file: Path, old: bytes, new: bytes) -> None:
    inside = gzip.decompress(file.read_bytes())
    assert inside.count(old) == 1
    file.write_bytes(gzip.compress(inside.replace(old, new)))
    assert "Nothing was changed" in refused(file)


def test_a_file_with_more_at_its_end_is_refused(file: Path) -> None:
    file.write_bytes(file.read_bytes() + gzip.compress(b"more"))
    assert "follows its end" in refused(file)
    file.write_bytes(b"-- PostgreSQL database dump\n")
    assert "no backup that `rapport db backup` made" in refused(file)
    file.write_bytes(gzip.compress(b"-- PostgreSQL database dump\n"))
    assert "damaged" in refused(file)
    assert "cannot be read: No such file" in refused(file.with_name("none"))
    assert "cannot be read: Is a directory" in refused(file.parent)


def test_a_file_of_a_newer_format_says_so(file: Path) -> None:
    inside = gzip.decompress(file.read_bytes())
    header = json.loads(inside.splitlines()[0]) | {"rapport_backup": 2, "product": "9.0"}
    file.write_bytes(gzip.compress(json.dumps(header).encode() + b"\n"))
    assert "newer Rapport (9.0)" in refused(file)


def test_what_was_not_finished_is_no_file_and_leaves_the_earlier_one(file: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(ZeroDivisionError), BackupWriter(file) as writer:
        writer.begin(HEADER)
        raise ZeroDivisionError
    assert file.read_bytes() == before
    assert [*file.parent.iterdir()] == [file]


def test_two_do_not_write_to_one_file(file: Path) -> None:
    with BackupWriter(file), pytest.raises(BackupRefused, match="Another backup"), BackupWriter(file):
        raise AssertionError
    assert write(file)


WRITES = """
import resource, sys
from pathlib import Path
from storage.backup.file import *
header = Header("0", "18", "t", {"public": "0001"}, (Table("public", "t", ("a",)),))
if len(sys.argv) > 2:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
with BackupWriter(Path(sys.argv[1])) as writer:
    writer.begin(header)
    with writer.table(header.tables[0]) as rows:
        print("begun", flush=True)
        while True:
            rows.add(__import__("os").urandom(50_000).hex().encode() + b"\\n")
"""


def writing(path: Path, *limits: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(WRITES), str(path), *map(str, limits)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_one_that_is_killed_leaves_nothing_that_looks_whole(file: Path) -> None:
    before = file.read_bytes()
    process = writing(file)
    assert process.stdout and process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert file.read_bytes() == before
    refused(file.with_name(file.name + PARTIAL))
    write(file)
    assert [*file.parent.iterdir()] == [file]


def test_a_disk_that_is_full_is_a_sentence(tmp_path: Path) -> None:
    process = writing(tmp_path / "file", 300_000)
    _, said = process.communicate(timeout=60)
    assert "file could not be written: File too large. There is no backup." in said
    assert [*tmp_path.iterdir()] == []
    with pytest.raises(BackupRefused, match="could not be written: No such file"):
        write(tmp_path / "none" / "file")
    with pytest.raises(BackupRefused, match="could not be written: Is a directory"):
        write(tmp_path)
