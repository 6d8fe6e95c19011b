"""Use all that this version has, and stop in the middle of it: `python -m tests.upgrade.record [FOLDER]`.

What is left is what the next version is tested with. README.md says when it is made anew.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from bot.registry import Registry, load
from bot.requests.request import RequestKind
from ml.learn.train import ensure_starter
from storage.backup.copy import backup
from storage.database import migrate
from storage.database.embedded import UNSAFE_BUT_FAST, EmbeddedPostgres
from tests.support.cluster import Cluster
from tests.upgrade import left
from tests.upgrade.leaving import leave
from tests.upgrade.left import DATABASE, FOLDER, SLACK, Left
from tests.upgrade.stage import Stage
from tests.upgrade.walk import walk

log = logging.getLogger(__name__)


def check(found: Left, registry: Registry) -> None:
    """Fail where this version could have left something that it has not."""
    sent = [left.request_of(one["kind"], one["body"]) for one in found.requests]
    typed = [registry.command(one.name, one.text)[0] for one in sent if one.kind is RequestKind.COMMAND]
    missing = left.missing(found) | ({*registry.commands} - {one.words for one in typed if one})
    assert not missing, f"nothing is left of {sorted(missing)}"
    assert "failed" not in found.outcomes.values(), [name for name, came in found.outcomes.items() if came == "failed"]


def main(into: Path = FOLDER) -> None:
    """Write what is left of everything into a folder."""
    logging.basicConfig(level=logging.WARNING)
    log.setLevel(logging.INFO)
    registry = load()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = EmbeddedPostgres(folder / "postgres", settings=dict(UNSAFE_BUT_FAST), dies_with_starter=True)
        cluster = Cluster(server.start())
        stack.callback(server.remove)
        url = cluster.create()
        for line in registry.lines:
            migrate.upgrade(url, line=line)
        ensure_starter(folder / "models")
        stage = Stage(url, folder, registry)
        stack.callback(stage.database.dispose)
        stack.callback(stage.sandbox.stop)
        with stage.runs("all"):
            walk(stage)
        with stage.runs("slack"):
            leave(stage)
        into.mkdir(exist_ok=True)
        backup(url, into / DATABASE, product=version("rapport"), progress=lambda _line: None)
        found = stage.left()
        runtime = left.runtime_at(found, url, stage.settings.api_url, registry)
        found = replace(found, outcomes=left.outcomes(found, runtime))
        runtime.database.dispose()
        check(found, registry)
        found.write(into / SLACK)
        log.info("%s; pressed: %s", found.waiting, Counter(found.outcomes.values()))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
