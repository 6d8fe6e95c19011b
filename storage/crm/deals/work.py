"""Add deals, change them and move them through the pipeline."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import update
from sqlalchemy.orm import Session

from storage.crm import pipelines
from storage.crm.deals.model import Deal, check_amount
from storage.crm.pipelines import Outcome, Stage
from storage.errors import Invalid
from storage.events import DealAdded, DealLost, DealMoved, DealWon, Fact, emit
from storage.money import Money
from storage.names import check_name, check_note
from storage.records.named import moment

if TYPE_CHECKING:
    from storage.crm.followups import Followup

_MOVED: dict[Outcome, type[Fact]] = {Outcome.OPEN: DealMoved, Outcome.WON: DealWon, Outcome.LOST: DealLost}


def add(
    session: Session,
    *,
    name: str,
    amount: Money | None = None,
    customer_id: int | None = None,
    close_on: date | None = None,
    owner_id: str | None = None,
    stage: str | None = None,
    stage_id: int | None = None,
) -> Deal:
    """Add a deal in an open stage, by its name in the default pipeline or its number, the first if none is given.

    Raises Invalid if a value cannot be stored or the stage is not an open one, NotFound if there is no such stage.
    """
    if stage_id is not None:
        into = pipelines.stage(session, stage_id)
    else:
        into = pipelines.stages(session)[0] if stage is None else pipelines.resolve_stage(session, stage)
    if into.outcome != Outcome.OPEN:
        raise Invalid(
            "A new deal begins in an open stage, not in {stage}.", field="stage", typed=stage, stage=into.name
        )
    deal = Deal.new(
        session,
        name=check_name(name),
        amount=check_amount(amount),
        customer_id=customer_id,
        close_on=close_on,
        owner_id=owner_id,
        stage_id=into.id,
    )
    emit(session, DealAdded(deal))
    return deal


def move(session: Session, deal: Deal, stage_name: str, *, reason: str | None = None) -> list[Followup]:
    """Put a deal into the stage of this name and return the follow-ups that were cancelled because it is closed.

    Into a won or lost stage it is won or lost, for this reason; out of one it is open again. Raises NotFound naming the
    stages.
    """
    return _enter(session, deal, pipelines.resolve_stage(session, stage_name, deal.stage.pipeline_id), reason)


def put(session: Session, deal: Deal, stage_id: int) -> list[Followup]:
    """Do as `move` by the number of a stage; of another pipeline, it stands for the one of that name in the deal's."""
    return move(session, deal, pipelines.stage(session, stage_id).name)


def win(session: Session, deal: Deal) -> list[Followup]:
    """Mark a deal as won and return its open follow-ups, which are cancelled with it."""
    return _enter(session, deal, pipelines.stage_with(session, Outcome.WON, deal.stage.pipeline_id), None)


def lose(session: Session, deal: Deal, reason: str | None = None) -> list[Followup]:
    """Mark a deal as lost and return its open follow-ups, which are cancelled with it; raise Invalid for the reason."""
    return _enter(session, deal, pipelines.stage_with(session, Outcome.LOST, deal.stage.pipeline_id), reason)


def _enter(session: Session, deal: Deal, stage: Stage, reason: str | None) -> list[Followup]:
    now = moment()
    why = check_note(reason, field="reason") if reason and stage.outcome == Outcome.LOST else None
    if stage.id == deal.stage_id:
        if why is not None:
            deal.lost_reason = why
            _saved(session, deal)
        return []
    reopened = stage.outcome == Outcome.OPEN
    deal.archived_at = None if reopened else deal.archived_at
    deal.closed_at = None if reopened else (deal.closed_at if deal.status == stage.outcome else now)
    deal.stage_id, deal.status, deal.lost_reason = stage.id, stage.outcome, why
    deal.stage_since = now
    _saved(session, deal)
    emit(session, _MOVED[Outcome(stage.outcome)](deal))
    if reopened:
        return []
    from storage.crm import followups  # follow-ups are about deals, so their module needs this one first

    return followups.cancel_about(session, deal)


def _saved(session: Session, deal: Deal) -> Deal:
    session.flush()
    session.expire(deal, ["customer", "stage", "owner"])
    return deal


def touch(session: Session, deal_id: int) -> None:
    """Note that somebody worked on the deal now, so that it is not stalled; its version and its history stay."""
    session.execute(
        update(Deal)
        .where(Deal.id == deal_id)
        .values(touched_at=moment(), updated_at=Deal.updated_at)
        .execution_options(synchronize_session=False)
    )
