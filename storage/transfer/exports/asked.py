"""Write the records that somebody asked for to a file, have it sent, and say so in the history and to admins."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.database.engine import current_workspace
from storage.errors import Invalid
from storage.queues import outbox
from storage.records import history, listing
from storage.records.comparisons import Values
from storage.records.declaration import Declaration
from storage.records.named import Named
from storage.records.query import Query
from storage.transfer.exports.records import PAGE, RecordTable
from storage.transfer.exports.workbook import FORMS
from storage.transfer.model import ExportFile
from storage.workspace import members
from storage.workspace.members import Role

RENDERER = "transfer.file"
TOLD = "transfer.taken_out"
"""The names under which the bot draws a file that was asked for, and what admins are told of it."""
EXPORTED = "exported"
"""What the history says was done with a noun of which records were taken out; its record is that noun, and no row."""
SEARCHED = 1_000
"""So many records at most are taken out of those that a search finds."""
MOST = 100_000
"""So many rows a file may have; more are taken out with the whole workspace."""
LARGEST = 50 << 20


def listed(session: Session, noun: Declaration, query: Query, values: Values, *, form: str, words: str) -> int:
    """Have a list sent as a file to who the session acts for, whole, and return how many records it has.

    `words` are the filters as people read them. Where there are no records, nothing is sent. Raises Invalid where there
    are too many, and what the query raises.
    """
    rows = RecordTable(session, noun)
    return _sent(session, noun.key, rows.header, map(rows.row, _pages(session, noun, query, values)), form, words)


def found(session: Session, noun: Declaration, numbers: Sequence[int], *, form: str, words: str) -> int:
    """Have the records of these numbers sent as a file to who the session acts for, in their order."""
    rows = RecordTable(session, noun)
    model = noun.model
    known = {one.id: one for one in session.scalars(select(model).where(model.id.in_(numbers)))}
    records = [known[number] for number in numbers if number in known]
    return _sent(session, noun.key, rows.header, map(rows.row, records), form, words)


def table(
    session: Session, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]], *, form: str, words: str
) -> int:
    """Have a table of anything else sent as a file to who the session acts for, and return how many rows it has."""
    return _sent(session, name, header, rows, form, words)


def tell_admins(session: Session, noun: str, rows: int, *, form: str, words: str) -> None:
    """Write to the history that records were taken out, and tell the admins who did not do it themselves.

    Must run inside `recording`; `noun` is the key of what was taken out, "workspace" for all of it.
    """
    after = {"rows": rows, "form": form, "filters": words}
    history.record_of_all(session, noun, EXPORTED, after=after)
    actor = history.current_actor(session)
    for admin in members.staff(session, Role.ADMIN):
        if admin.id != actor:
            payload = {**after, "noun": noun, "who": actor}
            outbox.enqueue(session, target_user=admin.id, renderer=TOLD, record=None, payload=payload)


def content(session: Session, number: int) -> tuple[str, bytes] | None:
    """Return name and bytes of a file that is to be sent, None for one that is forgotten."""
    kept = session.get(ExportFile, (current_workspace(session), number))
    return (kept.name, zlib.decompress(kept.body)) if kept is not None else None


def _pages(session: Session, noun: Declaration, query: Query, values: Values) -> Iterator[Named]:
    beyond: Sequence[Any] | None = None
    more = True
    while more:
        page = listing.page(session, noun, query, values, limit=PAGE, beyond=beyond)
        yield from page.records
        more, beyond = page.more, page.last


def _sent(
    session: Session, noun: str, header: Sequence[str], rows: Iterable[Sequence[Any]], form: str, words: str
) -> int:
    actor = history.current_actor(session)
    assert actor is not None, "somebody must have asked"
    file = FORMS[form](header)
    count = 0
    for count, row in enumerate(rows, 1):
        if count > MOST:
            raise _too_many()
        file.add(row)
    if not count:
        return 0
    body = file.finish()
    if len(body) > LARGEST:
        raise _too_many()
    today = session.scalar(select(func.to_char(func.now(), "YYYY-MM-DD")))
    kept = ExportFile(
        workspace_id=current_workspace(session), name=f"{noun} {today}.{form}", body=zlib.compress(body, 6)
    )
    session.add(kept)
    session.flush()
    payload = {"noun": noun, "rows": count, "words": words}
    outbox.enqueue(session, target_user=actor, renderer=RENDERER, record=str(kept.id), payload=payload)
    tell_admins(session, noun, count, form=form, words=words)
    return count


def _too_many() -> Invalid:
    return Invalid(
        "This is more than fits into one file: up to {limit} rows.",
        limit=f"{MOST:,}",
        hint="Narrow the list with filters, or have all of it taken out with `rapport export` where Rapport runs.",
    )
