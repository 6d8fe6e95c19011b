"""Test the bundled plugins that are off as their users meet them, in processes that have them on.

A mapped class cannot be taken back, and other tests' databases lack the tables of plugins that are off. So each
plugin's tests run as those of somebody else's plugin do, with `bot.testing` alone; what holds for every plugin is
shown once with all of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.registry import bundled, load
from tests.support.sources import ROOT

HERE = Path(__file__).parent
OFF = sorted(set(bundled()) - load().plugins.keys())
NETS = (
    "tests/storage/database/test_migrate.py::test_the_migrations_make_what_the_models_describe",
    "tests/storage/database/test_tenancy.py",
    "tests/bot/test_roles.py",
    "tests/plugins/archives.py",
    "tests/test_docs.py::test_commands_can_be_typed_as_they_are_written",
    "tests/plugins/nets.py",
    "tests/plugins/programs.py",
)
"""What is asked of every table and declaration, of every command and form, and what plugins ask of their own."""


def runs(*words: str, **settings: str) -> None:
    """Run pytest, and show what it said where a test failed."""
    run = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *words]
    ended = subprocess.run(
        run, cwd=ROOT, env={**os.environ, **settings}, capture_output=True, text=True, timeout=1800, check=False
    )
    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-2000:]


@pytest.mark.parametrize("name", OFF)
def test_its_own_tests_pass_with_it_switched_on(name: str, models: Path) -> None:
    folder = str(HERE / name)
    runs("-p", "bot.testing", f"--confcutdir={folder}", folder, RAPPORT_PLUGINS=name, RAPPORT_DATA_DIR=str(models))


def test_what_holds_for_every_plugin_holds_for_those_that_are_off() -> None:
    own = [path for name in OFF if (ROOT / (path := f"tests/plugins/{name}/nets.py")).exists()]
    runs("-p", "tests.plugins.bundled", *NETS, *own)
