"""Make the rows of moves, files and webhooks that hostile names are shown in."""

from __future__ import annotations

import zlib
from typing import Any

from sqlalchemy.orm import Session

from storage.records.moves.model import RecordsMove
from storage.transfer.model import ExportFile
from storage.webhooks import settings as webhooks


def named(session: Session, team: str, who: str, name: str) -> dict[str, Any]:
    """Return what renderers of them are given, with a move, a file and a webhook of this name."""
    for old in webhooks.listed(session):
        webhooks.remove(session, old)
    hook = webhooks.add(session, url="https://hooks.example/in", patterns=["*"], name=name[:80])
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
