"""Give the `rapport model` commands: train, measure, and try a model on the past before it is enabled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot import terminal

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from bot.learning.models import Models
    from ml.classify.classifier import MessageClassifier
    from ml.learn.replay import Difference
    from storage.database.engine import Database

model = typer.Typer(no_args_is_help=True, help="Look after the model that classifies messages.")

MOST_SHOWN = 30
TEXT_SHOWN = 60


@model.command()
def train(
    starter: Annotated[bool, typer.Option("--starter", help="From the examples that ship with the product")] = False,
) -> None:
    """Train the model and print its figures beside the textbook baseline's."""
    from bot.settings import Settings
    from ml.learn.train import train_starter

    if not starter:
        raise typer.BadParameter("say --starter: what workspaces said is learned from by the bot itself")
    terminal.table(train_starter(Settings.load(slack=False).data_dir / "models").table())


@model.command()
def evaluate(
    data: Annotated[Path, typer.Argument(help="A CSV file with the columns text and label")],
    few_shot: Annotated[int | None, typer.Option(min=1, help="Learn from as many examples of each label only")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts")] = False,
) -> None:
    """Measure how well a labelled file can be learned, beside the textbook baseline; the file stays as it is."""
    from ml.evaluate.labelled import NotLabelled, as_json, measure_file, table

    try:
        found = measure_file(data, few_shot=few_shot)
    except NotLabelled as wrong:
        terminal.say(str(wrong), err=True)
        raise typer.Exit(2) from None
    if json:
        terminal.data(as_json(found))
    else:
        terminal.table(table(found))


@model.command()
def replay(
    days: Annotated[int, typer.Option(min=1, help="How far back")] = 30,
    threshold: Annotated[float | None, typer.Option(help="Answer from this confidence on")] = None,
    candidate: Annotated[str | None, typer.Option(help="A model's file or folder, or a version")] = None,
    workspace: Annotated[str | None, typer.Option(help="Its id, where there are several")] = None,
) -> None:
    """Show which cards a candidate model or another threshold would have changed; nothing is changed."""
    from bot.cli.process import database
    from bot.learning.models import Models
    from bot.settings import Settings
    from ml.classify.model_file import ModelRefused
    from ml.learn.train import ensure_starter
    from storage.database.engine import Database

    if threshold is None and candidate is None:
        raise typer.BadParameter("say what to try: --threshold 0.8 or --candidate learned-1a2b3c4d")
    settings = Settings.load(slack=False)
    starter = ensure_starter(settings.data_dir / "models")
    with database(settings) as url:
        opened = Database(url, pool_size=1)
        try:
            for workspace_id in _workspaces(opened, workspace):
                _replay(opened, workspace_id, Models(lambda: starter), days, threshold, candidate)
        except (ModelRefused, ValueError) as wrong:
            terminal.say(str(wrong), err=True)
            raise typer.Exit(2) from None
        finally:
            opened.dispose()


def _workspaces(opened: Database, wanted: str | None) -> list[str]:
    from storage.database.engine import EVERY_WORKSPACE
    from storage.workspace import workspaces

    with opened.transaction(EVERY_WORKSPACE) as session:
        served = [installation.workspace_id for installation in workspaces.installations(session)]
    if wanted is not None and wanted not in served:
        raise ValueError(f"There is no workspace {wanted}; there is {', '.join(served) or 'none'}.")
    return [wanted] if wanted else served


def _replay(
    opened: Database, workspace_id: str, models: Models, days: int, threshold: float | None, candidate: str | None
) -> None:
    from bot.learning.models import REMEMBERED, as_merged
    from ml.learn.replay import Past, at_threshold, replay, shown
    from storage.names import short
    from storage.support import categories, labels

    with opened.transaction(workspace_id) as session:
        own = models.of(session)
        current, merged = own.classifier, categories.merges(session)
        other = _candidate(session, candidate) if candidate else current
        if threshold is not None:
            other = at_threshold(other, threshold)
        since = datetime.now(UTC) - timedelta(days=days)
        past = [
            Past(
                name,
                text,
                said and labels.resolve(merged, said),
                own.classify(text, reasons=False).version.endswith(REMEMBERED),
            )
            for name, text, said in labels.messages_since(session, since)
        ]
    judges = [
        lambda text, fitted=fitted: as_merged(fitted.classify(text, reasons=False), merged)
        for fitted in (current, other)
    ]
    found = list(replay(past, *judges))
    different = [one for one, changes in found if changes]
    remembered = sum(one.remembered for one in past)
    terminal.say(
        f"{workspace_id}: {len(different)} of {len(past) - remembered} cards of the last {days} days "
        "would have been others."
    )
    if remembered:
        terminal.say(f"Another {remembered} show what people said of such a message, whichever model there is.")
    _print_right([one for one, _ in found if one.past.said is not None])
    rows = [
        (one.past.name, short(" ".join(one.past.text.split()), TEXT_SHOWN), shown(one.before), shown(one.after))
        for one in different[:MOST_SHOWN]
    ]
    if rows:
        terminal.table([("card", "message", "now", "then"), *rows])
    if len(different) > MOST_SHOWN:
        terminal.say(f"… and {len(different) - MOST_SHOWN} more")


def _print_right(told: list[Difference]) -> None:
    from ml.learn.replay import is_right

    if told:
        before = sum(is_right(one.past, one.before) for one in told)
        after = sum(is_right(one.past, one.after) for one in told)
        terminal.say(
            f"Of {len(told)} that people labelled, the model alone answers {before} right and the other {after}. "
            "A model that learned from these labels has seen most of them."
        )


def _candidate(session: Session, wanted: str) -> MessageClassifier:
    """Return the model of a file, a folder, or a version that the workspace keeps."""
    from ml.classify.model_blob import unpack
    from ml.classify.model_file import load
    from storage.support import model_versions

    path = Path(wanted)
    if path.is_dir():
        return load(path).model
    if path.is_file():
        return unpack(path.read_bytes()).model
    kept = [one for one in model_versions.newest(session, limit=1_000) if one.version == wanted]
    if not kept:
        known = ", ".join(one.version for one in model_versions.newest(session)) or "none"
        raise ValueError(f"There is no file and no version {wanted}; kept are: {known}.")
    return unpack(model_versions.weights(session, kept[0].id) or b"").model
