"""Keep when a workspace works: its hours, and the days that are off."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.database.engine import current_workspace
from storage.errors import Duplicate, NotFound
from storage.names import check_name
from storage.support.sla.hours import Hours, check_span, from_stored, to_stored
from storage.support.sla.model import BusinessHours, Holiday
from storage.support.sla.recount import recount_soon
from storage.workspace.workspaces import Workspace, check_zone

Week = Sequence[tuple[int, int] | None]
"""From and until which minute of each day people work, Monday first; None for a day off."""


def hours(session: Session) -> Hours:
    """Return when the session's workspace works, with its holidays; always, in its own zone, until somebody says so."""
    row = session.get(BusinessHours, current_workspace(session))
    off = frozenset(session.scalars(select(Holiday.day)))
    if row is None:
        return Hours(session.scalars(select(Workspace.zone)).one(), holidays=off)
    return from_stored(row.zone, row.hours, off)


def set_hours(session: Session, week: Week, *, zone: str | None = None) -> Hours:
    """Say when the workspace works; a week without hours is always. Raises Invalid for hours or a zone that cannot be.

    Without a zone it stays the one it was. The clocks of open tickets are set anew.
    """
    before = hours(session)
    spans = tuple(check_span(*span) if span else None for span in week)
    after = Hours(check_zone(zone) if zone is not None else before.zone, spans, before.holidays)
    row = session.get(BusinessHours, current_workspace(session))
    if row is None:
        row = BusinessHours(workspace_id=current_workspace(session))
        session.add(row)
    row.zone, row.hours = after.zone, to_stored(after)
    session.flush()
    recount_soon(session)
    return after


def add_holiday(session: Session, day: date, name: str) -> Holiday:
    """Say that nobody works on a day; raise Duplicate if that is known."""
    known = session.get(Holiday, (current_workspace(session), day))
    if known is not None:
        raise Duplicate("{day} is already a holiday: {name}.", field="day", day=day.isoformat(), name=known.name)
    holiday = Holiday(workspace_id=current_workspace(session), day=day, name=check_name(name))
    session.add(holiday)
    session.flush()
    recount_soon(session)
    return holiday


def remove_holiday(session: Session, day: date) -> Holiday:
    """Say that people work on a day after all, and return what it was; raise NotFound if it is no holiday."""
    holiday = session.get(Holiday, (current_workspace(session), day))
    if holiday is None:
        raise NotFound(
            "{day} is not a holiday.", field="day", day=day.isoformat(), hint="`/crm holiday list` shows them."
        )
    session.delete(holiday)
    session.flush()
    recount_soon(session)
    return holiday


def holidays(session: Session, *, since: date, limit: int = 50) -> list[Holiday]:
    """Return the holidays from a day on, at most `limit`, the next one first."""
    return list(session.scalars(select(Holiday).where(Holiday.day >= since).order_by(Holiday.day).limit(limit)))
