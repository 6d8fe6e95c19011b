"""Let one process at a time run on a folder."""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import IO, Self


class DirectoryInUse(RuntimeError):
    """Say which process already runs on a folder."""


class DirectoryLock:
    """Let one process at a time run on a folder; the file `lock` in it names the holder."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "lock"
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Take the lock, or raise DirectoryInUse naming the process that holds it."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self._path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "another process"
            file.close()
            raise DirectoryInUse(f"{self._path.parent} is in use by {holder}. Stop that process first.") from None
        file.truncate(0)
        file.write(f"process {os.getpid()} ({' '.join(sys.argv)})\n")
        file.flush()
        self._file = file

    def release(self) -> None:
        """Give the lock back; without effect when it is not held."""
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()
