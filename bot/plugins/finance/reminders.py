"""Make a day on which somebody must look at something again a follow-up of whoever it belongs to, one at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.kit.format import zone_of
from bot.plugin import _
from bot.plugins.finance.books.portfolios import Portfolio
from storage.crm import followups
from storage.crm.followups import Followup
from storage.database.engine import TENANT, Base, composite_key, current_workspace
from storage.records.about import is_about
from storage.records.named import Named, one_of
from storage.workspace import members, workspaces

PROFILE, REVIEW = "profile", "review"
MORNING = time(9)


class Reminder(Base):
    """Hold for which `purpose` and for which day a follow-up was made; about which record, it says itself."""

    __tablename__ = "reminder"
    __table_args__ = (
        composite_key("followup_id", "followup", ondelete="CASCADE"),
        one_of("purpose", (PROFILE, REVIEW)),
        {"schema": "finance", "info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    followup_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    purpose: Mapped[str]
    on_date: Mapped[date]


def keep(
    session: Session, purpose: str, record: Named, on: date | None, owner_id: str | None, text: str
) -> Followup | None:
    """Have one open follow-up of an owner about a record, due in the morning of a day.

    There is none where the day is None, and where the owner is nobody who is known, as for a program's key. One that is
    open already is moved and handed over. One for this very day that is over is not made again. Returns the open one,
    None for none.
    """
    known = _known(session, purpose, record)
    owner = members.get(session, owner_id) if owner_id else None
    still_open = [one for one, followup in known if followup.closed_at is None]
    by_id = {one.followup_id: followup for one, followup in known}
    for extra in still_open if on is None or owner is None else still_open[1:]:
        followups.cancel(session, by_id[extra.followup_id])
    if on is None or owner is None:
        return None
    workspace = workspaces.get(session, current_workspace(session))
    assert workspace is not None, "a session has a workspace"
    zone = zone_of(owner, workspace)
    due_at = datetime.combine(on, MORNING, zone)
    if still_open:
        kept, followup = still_open[0], by_id[still_open[0].followup_id]
        if kept.on_date != on:
            followups.reschedule(session, followup, due_at)
            kept.on_date = on
        if followup.owner_id != owner.id:
            followups.hand_over(session, followup, owner.id)
        return followup
    if any(one.on_date == on for one, _followup in known):
        return None
    made = followups.add(session, text=text, due_at=due_at, zone=str(zone), owner_id=owner.id, about=record)
    workspace_id = current_workspace(session)
    session.add(Reminder(workspace_id=workspace_id, followup_id=made.id, purpose=purpose, on_date=on))
    session.flush()
    return made


def keep_review(session: Session, portfolio: Portfolio, _added: bool) -> None:
    """Have one open follow-up for the day of a portfolio's review, none where it has no day or no owner."""
    text = _("Review {name} with the client").format(name=portfolio.name)
    keep(session, REVIEW, portfolio, portfolio.review_on, portfolio.owner_id, text)


def _known(session: Session, purpose: str, record: Named) -> Sequence[tuple[Reminder, Followup]]:
    """Return the follow-ups that were made, the newest first."""
    same = (Followup.workspace_id == Reminder.workspace_id) & (Followup.id == Reminder.followup_id)
    theirs = (Reminder.purpose == purpose, is_about(Followup, record.__noun__, record.id))
    rows = session.execute(select(Reminder, Followup).join(Followup, same).where(*theirs).order_by(Followup.id.desc()))
    return [(reminder, followup) for reminder, followup in rows]
