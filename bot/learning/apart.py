"""Run a fit in a process of its own, with low rights, so that nobody waits for it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

FIT_LIMIT_S = 1_800.0
POLL_S = 0.2
_ENVIRONMENT = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "TMPDIR")


def run(module: str, folder: Path, stopping: threading.Event) -> bool:
    """Run a module of ours with a folder as its argument; False if this process is to stop meanwhile.

    Raises RuntimeError, with the end of what it printed, if it fails or takes too long.
    """
    # Neither tokens nor the database's address are any business of a fit.
    environment = {key: os.environ[key] for key in _ENVIRONMENT if key in os.environ}
    environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with (folder / "errors").open("wb") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own module, with our own folder
            [sys.executable, "-m", module, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            env=environment,
        )
        code = _wait(process, stopping)
    if code:
        said = (folder / "errors").read_text("utf-8", "replace").strip()
        raise RuntimeError(f"the fit ended with code {code}: {said[-500:]}")
    return code is not None


def _wait(process: subprocess.Popen[bytes], stopping: threading.Event) -> int | None:
    """Return the exit code; None if this process is to stop meanwhile."""
    deadline = time.monotonic() + FIT_LIMIT_S
    try:
        while not stopping.is_set():
            try:
                return process.wait(POLL_S)
            except subprocess.TimeoutExpired:
                if time.monotonic() > deadline:
                    raise RuntimeError("the fit took too long") from None
        return None
    finally:
        process.kill()
        process.wait()
