"""Start processes that do not do what they should."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench import demo_start
from bench.servers import App, free_port


def test_a_process_that_ends_is_not_waited_for() -> None:
    port = free_port()
    with subprocess.Popen([sys.executable, "-c", ""]) as process, pytest.raises(RuntimeError, match="did not start"):
        App(port, process, f"http://127.0.0.1:{port}/").wait_until_ready()


def test_a_demo_that_cannot_run_is_said(tmp_path: Path) -> None:
    (tmp_path / ".rapport").write_text("not a folder")

    with pytest.raises(RuntimeError, match="ended before it ran"):
        demo_start.starts(tmp_path, 1)

    assert "Error" in (tmp_path / "log").read_text()
