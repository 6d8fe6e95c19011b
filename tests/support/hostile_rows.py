"""Make the rows of moves, files and webhooks that hostile names are shown in."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.crm import deals, pipelines
from storage.crm.pipelines import STAGE, Stage
from storage.names import name_key
from storage.records import lifecycle
from storage.records.moves.model import RecordsMove
from storage.transfer.model import ExportFile
from storage.webhooks import settings as webhooks

SEEDS = Path(__file__).parents[1] / "plugins"


@dataclass(frozen=True)
class SeededPlugin:
    """Hold what a plugin's controls refer to by their ids, record and detail, what its renderers draw, and records."""

    controls: Mapping[str, tuple[str, str]]
    renderers: Mapping[str, str]
    shown: Sequence[str]


@dataclass(frozen=True)
class Seeded:
    """Hold the references of records that carry one name, and the deliveries that draw them."""

    refs: dict[str, str]
    deliveries: list[Any]
    saved_reply: str
    table: str
    rating: str
    settings: dict[str, tuple[str, str]]
    shown: list[str]


def own_seeds(plugins: Iterable[str]) -> list[Any]:
    """Return the modules that add the records of bundled plugins that are off, of those that are on in this run."""
    return [import_module(f"tests.plugins.{name}.seeds") for name in plugins if (SEEDS / name / "seeds.py").exists()]


def named(session: Session, team: str, who: str, name: str) -> dict[str, Any]:
    """Return what renderers of them are given, with a move, a file and a webhook of this name."""
    for old in webhooks.listed(session):
        webhooks.remove(session, old)
    hook = webhooks.add(session, url="https://hooks.example/in", patterns=["*"], name=name[:80])
    hook.disabled_at = datetime.now(UTC)
    keys = {"what": "ticket.status", "noun": "ticket", "from_key": "a", "to_key": "b"}
    move = RecordsMove(workspace_id=team, total=1, from_name=name, to_name=name, **keys)
    file = ExportFile(workspace_id=team, name=f"{name[:80]}.csv", body=zlib.compress(name.encode()))
    session.add_all([move, file])
    session.flush()
    told = {
        "name": name,
        "why": name,
        "rows": 2,
        "words": name,
        "who": who,
        "noun": "customer",
        "filters": name,
        "form": "csv",
    }
    kept = {"name": name, "address": "https://files.slack.com/x"}
    return {**told, "webhook": hook.id, "move": str(move.id), "sent_file": str(file.id), "file": kept}


def settings_named(session: Session, name: str) -> dict[str, tuple[str, str]]:
    """Return what the controls of settings refer to, record and detail; a stage and a webhook have this name."""
    first = pipelines.stages(session)[0]
    live = (Stage.archived_at.is_(None), Stage.name_key == name_key(name))
    stage: Any = session.scalar(select(Stage).where(*live)) or lifecycle.add(
        session, STAGE, {"name": name, "pipeline": first.pipeline_id, "position": 90}
    )
    hook = webhooks.listed(session)[0]
    return {
        "choices.edit": ("", "edit priority high"),
        "layout.change": ("", "customer"),
        "layout.show": ("", "customer"),
        "moves.retire": ("", f"{deals.WHAT} {stage.id}"),
        "pipelines.edit_stage": (f"ST-{stage.id}", "edit"),
        "pipelines.new_stage": (f"PL-{first.pipeline_id}", "add"),
        "settings.edit": ("", "renewals"),
        "webhooks.edit": (f"HOOK-{hook.id}", "edit"),
    }
