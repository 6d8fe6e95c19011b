"""Give rows about records their effect: notes of what was done, follow-ups for what is to be done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from storage.crm import followups, notes
from storage.crm.followups import Followup
from storage.crm.notes import Note, NoteKind
from storage.database.engine import current_workspace
from storage.errors import CrmError, Invalid, NotFound, Refused, translate
from storage.names import check_note, short
from storage.records import named
from storage.records.declaration import Declaration
from storage.records.history import current_actor
from storage.records.named import Named, moment
from storage.transfer.activities.declaration import subjects
from storage.transfer.activities.words import CALLED, is_done, is_open, is_over, kind_of, without_markup
from storage.transfer.mapping import ColumnMapping, Matches
from storage.transfer.reading import ReadRow, said
from storage.transfer.writing.records import ADDED, CHANGED, REFUSED, SAME, Effect
from storage.workspace import members, workspaces
from storage.workspace.members import Member


@dataclass(frozen=True, slots=True)
class Meant:
    """Hold what a row says: of which kind it is, about what, and since or until when; no kind is what is to be done.

    `origin` is what it is known by where it comes from. `at` is None where the row says no time.
    """

    about: Named
    kind: NoteKind | None
    text: str
    at: datetime | None
    person: str | None
    origin: str | None
    is_done: bool

    @property
    def mark(self) -> tuple[Any, ...]:
        """Return what two rows without a number share if they are the same."""
        return (self.about.__noun__, self.about.id, self.kind, self.text, self.at)


class ActivityWriter:
    """Write rows about records in one transaction, recorded in the history."""

    made = 0

    def __init__(
        self,
        session: Session,
        mapping: ColumnMapping,
        declaration: Declaration,
        nouns: Mapping[str, Declaration],
        actor_id: str | None = None,
    ) -> None:
        self._session = session
        self._mapping = mapping
        self._declaration = declaration
        self._nouns = nouns
        actor_id = actor_id or current_actor(session)
        self._actor: Member | None = members.get(session, actor_id) if actor_id else None
        workspace = workspaces.get(session, current_workspace(session))
        assert workspace is not None
        self._zone = workspace.zone

    def rehearse(self, rows: Sequence[ReadRow]) -> Iterable[tuple[Effect, list[str], list[str]]]:
        """Yield what would become of each row, with the marks by which another row is the same: sought and left."""
        meant = self._all_meant(rows)
        known = self._known([one for one in meant if one is not None])
        for row, one in zip(rows, meant, strict=True):
            if one is None:
                yield Effect(row, REFUSED), [], []
            else:
                marks = [f"origin\0{one.origin}" if one.origin else f"row\0{one.mark}"]
                yield Effect(row, self._outcome(known.get(one.origin or one.mark), one)), marks, marks

    def write(self, rows: Sequence[ReadRow]) -> list[Effect]:
        """Give rows their effect and return it."""
        meant = self._all_meant(rows)
        try:
            with self._session.begin_nested():
                return self._apply(rows, meant)
        except (CrmError, DBAPIError) as error:
            if len(rows) > 1:
                # One of them is refused: each on its own says which.
                return [effect for row in rows for effect in self.write([row])]
            known = translate(error)
            if known is None:
                raise
            rows[0].refused = said(known)
            return [Effect(rows[0], REFUSED)]

    def _apply(self, rows: Sequence[ReadRow], meant: Sequence[Meant | None]) -> list[Effect]:
        known = self._known([one for one in meant if one is not None])
        written: list[Note] = []
        done = []
        for row, one in zip(rows, meant, strict=True):
            if one is None:
                done.append(Effect(row, REFUSED))
                continue
            found = known.get(one.origin or one.mark)
            outcome = self._outcome(found, one)
            if found is None:
                found = known[one.origin or one.mark] = self._add(one)
            elif outcome == CHANGED:
                self._change(found, one)
            written += [found] if outcome != SAME and isinstance(found, Note) else []
            done.append(Effect(row, outcome))
        self._session.flush()
        notes.touch(self._session, written)
        return done

    def _add(self, one: Meant) -> Note | Followup:
        if one.kind is not None:
            return notes.unsaved(
                self._session, one.about, one.text, kind=one.kind, at=one.at, by=one.person, origin=one.origin
            )
        owner = one.person or (self._actor.id if self._actor else None)
        assert owner is not None, "what nobody is to do is a note"
        return followups.add(
            self._session,
            text=one.text,
            due_at=one.at or moment(),
            zone=self._zone,
            owner_id=owner,
            about=one.about,
            origin=one.origin,
            late=False,
        )

    def _outcome(self, found: Note | Followup | None, one: Meant) -> str:
        if found is None:
            return ADDED
        if self._mapping.matches != Matches.CHANGE or not one.origin:
            return SAME
        if isinstance(found, Followup):
            if found.closed_at is not None:
                return SAME
            return CHANGED if one.kind is not None or _differs(found.text, found.due_at, one) else SAME
        return CHANGED if one.kind is not None and _differs(found.text, found.at, one) else SAME

    def _change(self, found: Note | Followup, one: Meant) -> None:
        if isinstance(found, Note):
            found.text, found.at = one.text, one.at or found.at
        elif one.kind is None:
            found.text = one.text
            if one.at is not None and one.at != found.due_at:
                followups.reschedule(self._session, found, one.at)
        elif one.is_done:
            followups.done(self._session, found)
        else:
            followups.cancel(self._session, found)

    def _known(self, meant: Sequence[Meant]) -> dict[Any, Note | Followup]:
        """Return what is there already, by its origin or, for rows without one, by what it says."""
        origins = {one.origin for one in meant if one.origin}
        rest = [one for one in meant if not one.origin]
        found: dict[Any, Note | Followup] = {}
        kept: tuple[type[Any], ...] = (Note, Followup)
        for model in kept:
            if origins:
                known = self._session.scalars(select(model).where(model.origin.in_(origins)))
                found |= {row.origin: row for row in known}
            if rest:
                ids, texts = {one.about.id for one in rest}, {one.text for one in rest}
                alike = select(model).where(model.about_id.in_(ids), model.text.in_(texts))
                for row in self._session.scalars(alike.order_by(model.id)):
                    kind, at = (NoteKind(row.kind), row.at) if model is Note else (None, row.due_at)
                    for said_at in (at, None):
                        found.setdefault((row.about_noun, row.about_id, kind, row.text, said_at), row)
        return found

    def _all_meant(self, rows: Sequence[ReadRow]) -> list[Meant | None]:
        found: list[Meant | None] = []
        for row in rows:
            try:
                found.append(None if row.refused else self._meant(row))
            except CrmError as error:
                row.refused = said(error)
                found.append(None)
        return found

    def _meant(self, row: ReadRow) -> Meant:
        about = self._about(row)
        values = row.values
        status = str(values.get("status") or "")
        kind, is_known = kind_of(str(values.get("type") or ""), self._declaration.key)
        at: datetime | None = values.get("at") or row.created_at
        person = values.get("person")
        ahead = values.get("at") is not None and values["at"] > moment()
        to_do = not is_done(status) and not is_over(status) and (kind is None or is_open(status) or ahead)
        name, body = str(values.get("name") or ""), without_markup(row.note)
        text = body if name and body.startswith(name) else "\n".join(filter(None, (name, body)))
        if not text and kind == NoteKind.NOTE:
            raise Invalid("There is nothing written in this row.")
        called = CALLED.get(str(kind), "")
        text = f"{called}: {text}" if called and text and to_do else text or called or "To do"
        if kind is None and not to_do:
            text = f"Done: {text}" if is_done(status) else text
        more = {} if is_known else {"Type": values["type"]}
        if status and not is_done(status) and not is_open(status):
            more["Status"] = status
        more |= row.unknown
        if to_do and person is None and self._actor is None:
            # Nobody can be reminded of it.
            text, to_do, kind = f"To do: {text}", False, NoteKind.NOTE
        text = check_note("\n".join([text, *(f"{label}: {value}" for label, value in more.items())]))
        origin = f"{self._mapping.source}:{self._declaration.key}:{row.external_id}" if row.external_id else None
        written = None if to_do else kind or NoteKind.NOTE
        return Meant(about, written, text, at, person, origin, is_done(status))

    def _about(self, row: ReadRow) -> Named:
        """Return what a row is about; raise NotFound where that is not there, Refused who may not change it."""
        for link in subjects(self._declaration):
            if (number := row.values.get(link.key)) is None:
                continue
            role = self._nouns[link.key].change
            if self._actor is not None and not self._actor.has(role):
                raise Refused("This needs the role {role}.", role=role.value)
            return named.get(self._session, link.to, number)
        if row.lost:
            raise NotFound("There is no record called {name}.", typed=row.lost[0], name=short(row.lost[0], 80))
        raise Invalid("This row does not say what it is about.")


def _differs(text: str, at: datetime, one: Meant) -> bool:
    return text != one.text or (one.at is not None and at != one.at)
