"""Measure how long the demo takes to start when its data is there already."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from bench.servers import STOP_S, free_port

RUNNING = b"Rapport is running"
FIRST_START_S = 180.0
"""After which a start is given up; the first one makes a database and trains the model."""


def starts(folder: Path, times: int) -> list[float]:
    """Start and stop the demo in a folder so many times; return each start's seconds, the slow first one included."""
    return [_start(folder) for _time in range(times)]


def _start(folder: Path) -> float:
    command = [sys.executable, "-c", "from bot.cli.main import main; main()", "demo", "--port", str(free_port())]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SLACK_", "RAPPORT_"))}
    with (folder / "log").open("ab") as log:
        begun = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=log)
        assert process.stdout is not None
        giving_up = threading.Timer(FIRST_START_S, process.kill)
        giving_up.start()
        try:
            for line in process.stdout:
                if RUNNING in line:
                    return time.perf_counter() - begun
            raise RuntimeError("the demo ended before it ran; its last words are in the log")
        finally:
            giving_up.cancel()
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
