"""Show that no command loads what only a model or a chart needs, and that `rapport run` loads it once it serves."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.rapport import ROOT
from tests.support.replicas import StartReplica
from tests.support.signed_requests import command
from tests.support.waiting import until

HEAVY = {"sklearn", "scipy", "numpy", "matplotlib", "pandas", "joblib"}
IMPORT = re.compile(r"^import time:\s+\d+ \|\s+\d+ \|\s+([\w.]+)$", re.MULTILINE)
TIMED = {"PYTHONPROFILEIMPORTTIME": "1"}
COMMANDS = [
    ["--help"],
    ["run", "--help"],
    ["model", "--help"],
    ["model", "train", "--help"],
    ["doctor"],
    ["manifest"],
    ["docs", "written"],
    ["db", "upgrade"],
]


def loaded(said: str) -> set[str]:
    """Return the packages that a process says it has imported."""
    return {name.partition(".")[0] for name in IMPORT.findall(said)}


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_loads_neither_models_nor_charts(admin_url: str, tmp_path: Path, words: list[str]) -> None:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("SLACK_", "RAPPORT_"))}
    ended = subprocess.run(
        [sys.executable, "-c", "from bot.cli.main import main; main()", *words],
        cwd=tmp_path,
        env=kept | TIMED | {"PYTHONPATH": str(ROOT), "DATABASE_URL": admin_url},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in ended.stderr
    found = loaded(ended.stderr)
    assert "bot" in found
    assert not found & HEAVY
    # What only lists the commands needs nothing of the program behind them.
    assert "--help" not in words or not found & {"sqlalchemy", "alembic", "slack_bolt"}


def test_a_process_for_the_api_never_loads_a_model(start: StartReplica) -> None:
    replica = start(role="api", settings=TIMED)
    assert replica.stop() == 0
    assert "uvicorn" in loaded(replica.said) and not loaded(replica.said) & HEAVY


def test_no_model_is_loaded_while_the_bot_cannot_serve_yet(start: StartReplica) -> None:
    nobody = f"http://127.0.0.1:{free_port()}/api/"
    replica = start(socket=True, ready=False, settings={**TIMED, "SLACK_API_URL": nobody})
    replica.wait_until_alive()
    assert replica.stop() == 0
    assert "uvicorn" in loaded(replica.said) and not loaded(replica.said) & HEAVY


@pytest.mark.parametrize("role", ["worker", "slack"])
def test_the_model_is_loaded_before_anybody_needs_it(start: StartReplica, role: str) -> None:
    replica = start(role=role, settings=TIMED)
    until(lambda: "ml.classify.classifier" in IMPORT.findall(replica.said))
    assert replica.stop() == 0


def test_commands_are_answered_before_the_first_start_has_made_its_model(start: StartReplica, tmp_path: Path) -> None:
    data = tmp_path / "data"
    replica = start(settings={**TIMED, "RAPPORT_DATA_DIR": str(data)})
    status, answer = command(replica)
    assert status == 200 and "/crm" in str(answer)
    assert not list(data.rglob("model.json"))
    replica.kill()
