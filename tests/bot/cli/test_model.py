"""Show the `rapport model` commands as people type them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.orm import Session
from typer.testing import CliRunner, Result

from bot.cli.main import app
from ml.classify.classifier import MessageClassifier
from ml.classify.model_blob import pack
from ml.classify.model_file import save
from storage.database.engine import Database
from storage.support import categories, labels, messages, model_versions, tickets
from storage.support.messages import IncomingMessage
from storage.workspace import workspaces

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


def received(session: Session, text: str, number: int = 0, thread_ts: str | None = None) -> IncomingMessage:
    ts = f"{1893492000 + number}.000100"
    message = messages.receive(session, channel_id="C1", ts=ts, text=text, author_id="U9", thread_ts=thread_ts)
    assert message is not None
    return message


@pytest.fixture
def other() -> MessageClassifier:
    model = MessageClassifier(name="other", n_folds=2).fit(
        ["the export is broken", "an error again", "what does it cost", "price please"],
        ["fault", "fault", "cost", "cost"],
    )
    model.threshold_, model.scope_threshold_ = 0.0, -9.0
    return model


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


def test_the_past_is_replayed_and_stays_as_it_was(
    run: Run, database: Database, workspace: str, tmp_path: Path, other: MessageClassifier
) -> None:
    with database.transaction(workspace) as session:
        workspaces.install(session)
        received(session, BROKEN)
        labels.correct(session, received(session, "price please", 1), "cost", actor_id="UAGENT")
        model_versions.keep(session, version="other-1", figures={}, last_label_id=0, weights=pack(other), promote=False)
    save(other, tmp_path / "folder")
    (tmp_path / "file.zip").write_bytes(pack(other))
    for candidate in ("other-1", str(tmp_path / "folder"), str(tmp_path / "file.zip")):
        shown = run("replay", "--candidate", candidate)
        assert "1 of 1 cards of the last 30 days would have been others" in shown.stdout, shown.output
        assert "Another 1 show what people said of such a message" in shown.stdout
        assert "Of 1 that people labelled, the model alone answers 0 right and the other 1." in shown.stdout
        assert "fault" in shown.stdout and BROKEN in shown.stdout
    assert "not sure" in run("replay", "--threshold", "1.0", "--days", "3").stdout
    with database.transaction(workspace) as session:
        assert model_versions.live(session) is None
        found = messages.by_ts(session, "C1", "1893492000.000100")
        assert found is not None and found.model_version is None


def test_a_card_is_replayed_once_however_often_its_customer_wrote(
    run: Run, database: Database, workspace: str, other: MessageClassifier
) -> None:
    with database.transaction(workspace) as session:
        workspaces.install(session)
        first = received(session, BROKEN)
        for message in (first, received(session, "an error again, see?", 1, first.ts)):
            tickets.open_from_message(session, message)
        received(session, "what does the other one cost", 2)
        model_versions.keep(session, version="other-1", figures={}, last_label_id=0, weights=pack(other), promote=False)
    shown = run("replay", "--candidate", "other-1")
    assert "2 of 2 cards" in shown.stdout, shown.output
    assert "T-1" in shown.stdout and "an error again" not in shown.stdout


def test_merged_categories_are_one_in_what_models_and_people_say(
    run: Run, database: Database, workspace: str, other: MessageClassifier
) -> None:
    with database.transaction(workspace) as session:
        workspaces.install(session)
        labels.correct(session, received(session, "price please"), "billing", actor_id="UAGENT")
        labels.correct(session, received(session, "what does it cost", 1), "cost", actor_id="UAGENT")
        labels.correct(session, received(session, "many thanks to all of you!", 2), "chatter", actor_id="UAGENT")
        categories.merge(session, "cost", "billing", taken={"cost": "Cost", "billing": "Billing"})
        model_versions.keep(session, version="other-1", figures={}, last_label_id=0, weights=pack(other), promote=False)
    shown = run("replay", "--candidate", "other-1")
    assert "0 of 0 cards" in shown.stdout, shown.output
    assert "Of 3 that people labelled" in shown.stdout and "and the other 2." in shown.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--candidate", "learned-9"), "There is no file and no version learned-9; kept are: none."),
        (("--threshold", "2"), "a threshold is between 0 and 1"),
        (("--threshold", "0.5", "--workspace", "TNONE"), "There is no workspace TNONE"),
        ((), "say what to try"),
    ],
)
def test_what_cannot_be_replayed_is_a_sentence(
    run: Run, database: Database, workspace: str, words: tuple[str, ...], says: str
) -> None:
    with database.transaction(workspace) as session:
        workspaces.install(session)
    refused = run("replay", *words)
    assert refused.exit_code == 2
    assert says in refused.stderr
