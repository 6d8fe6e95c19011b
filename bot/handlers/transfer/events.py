"""Take the tables that people send to Rapport in a direct message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import IO, Any

from sqlalchemy.orm import Session

from bot.grammar.files import tables_in
from bot.handlers.transfer.declaration import plugin
from bot.plugin import Member, Place, Role, Slack
from storage.errors import CrmError, Refused
from storage.queues import outbox
from storage.transfer import requests
from storage.workspace.members import MemberKind

LARGEST = 100 << 20
"""So many bytes a file may have that is sent in Slack; `rapport import` takes more."""


@dataclass(frozen=True, slots=True)
class SentTable:
    """Hold a file that was sent, or why it could not be read."""

    name: str
    file: IO[bytes] | CrmError


def fetch(event: Mapping[str, Any], slack: Slack, place: Place, actor: Member | None) -> Sequence[SentTable]:
    """Fetch the tables of a direct message of one of our own people."""
    if not place.channel_id.startswith("D") or actor is None or actor.kind != MemberKind.STAFF:
        return ()
    if not actor.has(Role.REP) and not actor.has(Role.AGENT):
        refused = Refused("To bring records in needs the role rep or agent.")
        return [SentTable(str(one["name"]), refused) for one in tables_in(event)]
    return [SentTable(str(one["name"]), _file(one, slack)) for one in tables_in(event)]


def _file(sent: Mapping[str, Any], slack: Slack) -> IO[bytes] | CrmError:
    try:
        return slack.file(str(sent.get("url_private_download") or sent.get("url_private") or ""), LARGEST)
    except CrmError as error:
        return error


@plugin.event("message", before=fetch, scopes=("files:read",))
def sent(session: Session, actor: Member | None, found: Sequence[SentTable]) -> None:
    """Keep each table that was sent, and say on a card how it is understood."""
    for one in found:
        assert actor is not None
        if isinstance(one.file, CrmError):
            said = f"{one.file} {one.file.hint.format(**one.file.params)}" if one.file.hint else str(one.file)
            outbox.enqueue(
                session,
                target_user=actor.id,
                renderer=plugin.id("refused"),
                record=None,
                payload={"name": one.name, "why": said},
            )
        else:
            requests.receive(session, one.name, _pieces(one.file), actor_id=actor.id, renderer=plugin.id("card"))


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        yield from iter(partial(file.read, requests.PIECE), b"")
