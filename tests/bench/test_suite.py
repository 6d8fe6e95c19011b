"""Measure a few tests as all of them are measured."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from bench.suite import AS_MAKE_TEST
from tests.support.sources import ROOT


def measured(out: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench.suite", "--out", str(out), *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_seconds_that_tests_take_are_written(tmp_path: Path) -> None:
    done = measured(tmp_path / "results.json", "-q", "tests/bot/kit/test_format.py")
    assert done.returncode == 0, done.stderr
    _run, *rows = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert [row["name"] for row in rows] == ["tests_s", "tests_cpu_s"]
    assert all(row["value"] > 0 for row in rows)


def test_nothing_is_written_of_tests_that_fail(tmp_path: Path) -> None:
    done = measured(tmp_path / "results.json", "-q", "tests/no_such_test.py")
    assert done.returncode != 0
    assert not (tmp_path / "results.json").exists()


def test_it_runs_what_make_test_runs() -> None:
    assert f"-m pytest {' '.join(AS_MAKE_TEST)}\n" in (ROOT / "Makefile").read_text("utf-8")
