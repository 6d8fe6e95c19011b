"""Answer people's requests in processes that die by SIGKILL on the way: `python -m tests.plugins.killing URL TEAM WHO`.

Each line on standard input is a request: its `text` after `/crm`, the `key` that two tries of one share, and after how
many steps its process dies, 0 for never. A step is a statement, a COMMIT that is to be sent, or one that was. Each
answer is a line too: what was `said` after how many `steps`, or that it was `killed`. The plugins that RAPPORT_PLUGINS
names are on. Each request has a process of its own, forked from one that has imported the program.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from bot.registry import Registry, load
from bot.requests.actors import People
from bot.requests.answer import dump
from bot.requests.request import RequestKind, read
from bot.requests.runtime import Runtime
from storage.database.engine import Database


class Nobody:
    """Stand for a Slack that is asked nothing."""

    def user(self, user_id: str) -> Mapping[str, Any]:
        """Return who asks."""
        return {"id": user_id, "name": "somebody"}


def perform(registry: Registry, url: str, team: str, who: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Perform a request and return what was said, unless this process is to die before."""
    database, steps = Database(url, pool_size=2), 0

    def step(*_given: Any) -> None:
        nonlocal steps
        steps += 1
        if steps == wanted["dies"]:
            os.kill(os.getpid(), signal.SIGKILL)

    slack: Any = Nobody()
    runtime = Runtime(database, registry, People(database, lambda _team: slack), lambda _team: slack)
    body = {"command": "/crm", "text": wanted["text"], "user_id": who, "user": {"id": who}, "channel_id": "D0"}
    request = read(RequestKind.COMMAND, {**body, "trigger_id": wanted["key"]}, team)
    runtime.people.find(team, who)
    event.listen(database.engine, "before_cursor_execute", step)
    event.listen(database.engine, "commit", step)
    event.listen(Session, "after_commit", step)
    answer = runtime.perform(request)
    return {"said": str(dump(answer)), "steps": steps}


def main() -> None:
    """Answer each line, one after the other."""
    url, team, who = sys.argv[1:]
    registry = load(on=filter(None, os.environ.get("RAPPORT_PLUGINS", "").split(",")))
    for line in sys.stdin:
        reads, writes = os.pipe()
        if (pid := os.fork()) == 0:
            os.write(writes, json.dumps(perform(registry, url, team, who, json.loads(line))).encode())
            os._exit(0)
        os.close(writes)
        with os.fdopen(reads, "rb") as pipe:
            said = pipe.read()
        _pid, status = os.waitpid(pid, 0)
        died = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        sys.stdout.write((json.dumps({"killed": True}) if died else said.decode()) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
