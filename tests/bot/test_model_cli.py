"""Show the `rapport model` commands as people type them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from ml.classifier import MessageClassifier
from ml.model_blob import pack
from ml.model_file import save
from storage import labels, messages, model_versions, workspaces
from storage.database import Database

Run = Callable[..., Result]

BROKEN = "The export is broken and shows an error"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, admin_url: str, models: Path) -> Run:
    monkeypatch.setenv("DATABASE_URL", admin_url)
    monkeypatch.setenv("RAPPORT_DATA_DIR", str(models))
    monkeypatch.setenv("COLUMNS", "200")

    def typed(*words: str) -> Result:
        return CliRunner().invoke(app, ["model", *words])

    return typed


def test_a_labelled_file_is_measured(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    rows = [
        f"the {n} is broken,bug\nwhat does {n} cost,sales" for n in ("login", "page", "export", "menu", "form", "chart")
    ]
    path.write_text("text,label\n" + "\n".join(rows) + "\n", "utf-8")
    shown = run("evaluate", str(path))
    assert shown.exit_code == 0
    assert "textbook" in shown.stdout and "calibration error" in shown.stdout
    assert json.loads(run("evaluate", str(path), "--json", "--few-shot", "2").stdout)
    path.write_text("a,b\n", "utf-8")
    refused = run("evaluate", str(path))
    assert (refused.exit_code, "needs a first line" in refused.stderr) == (2, True)


def test_the_past_is_replayed_and_stays_as_it_was(run: Run, database: Database, workspace: str, tmp_path: Path) -> None:
    other = MessageClassifier(name="other", n_folds=2).fit(
        ["the export is broken", "an error again", "what does it cost", "price please"],
        ["fault", "fault", "cost", "cost"],
    )
    other.threshold_, other.scope_threshold_ = 0.0, -9.0
    with database.transaction(workspace) as session:
        workspaces.install(session)
        message = messages.receive(session, channel_id="C1", ts="1893492000.000100", text=BROKEN, author_id="U9")
        assert message is not None
        labels.correct(session, message, "fault", actor_id="UAGENT")
        model_versions.keep(session, version="other-1", figures={}, last_label_id=0, weights=pack(other), promote=False)
    save(other, tmp_path / "folder")
    (tmp_path / "file.zip").write_bytes(pack(other))
    for candidate in ("other-1", str(tmp_path / "folder"), str(tmp_path / "file.zip")):
        shown = run("replay", "--candidate", candidate)
        assert "1 of 1 cards of the last 30 days would have been others" in shown.stdout, shown.output
        assert "0 were answered right and 1 would have been" in shown.stdout
        assert "fault" in shown.stdout and BROKEN in shown.stdout
    assert "not sure" in run("replay", "--threshold", "1.0", "--days", "3").stdout
    with database.transaction(workspace) as session:
        assert model_versions.live(session) is None
        found = messages.by_ts(session, "C1", "1893492000.000100")
        assert found is not None and found.model_version is None


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--candidate", "learned-9"), "There is no file and no version learned-9; kept are: none."),
        (("--threshold", "2"), "a threshold is between 0 and 1"),
        (("--threshold", "0.5", "--workspace", "TNONE"), "There is no workspace TNONE"),
        ((), "say what to try"),
    ],
)
def test_what_can_not_be_replayed_is_a_sentence(
    run: Run, database: Database, workspace: str, words: tuple[str, ...], says: str
) -> None:
    with database.transaction(workspace) as session:
        workspaces.install(session)
    refused = run("replay", *words)
    assert refused.exit_code == 2
    assert says in refused.stderr
