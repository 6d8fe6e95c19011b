"""Add deals, change them and move them through the pipeline."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from storage.crm import pipelines
from storage.crm.deals import reasons
from storage.crm.deals.model import Deal, check_amount
from storage.crm.pipelines import Outcome, Stage
from storage.errors import Invalid
from storage.events import DealAdded, DealLost, DealMoved, DealWon, Fact, emit
from storage.money import Money
from storage.names import check_name, check_note
from storage.records.declaration import Arrive, Values
from storage.records.history import IMPORT, current_source
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
    pipeline_id: int | None = None,
) -> Deal:
    """Add a deal in an open stage of a pipeline, by its name or its number, the first if none is given.

    A stage of another pipeline stands for the one of its name. Raises Invalid if a value cannot be stored or the stage
    is not an open one, NotFound if there is no such stage.
    """
    if stage is not None:
        into = pipelines.resolve_stage(session, stage, pipeline_id)
    elif stage_id is not None:
        into = _counterpart(session, pipelines.stage(session, stage_id), pipeline_id)
    else:
        into = pipelines.stages(session, pipeline_id)[0]
    into = pipelines.enter(session, into.id)
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


def _counterpart(session: Session, stage: Stage, pipeline_id: int | None) -> Stage:
    """Return what stands in a pipeline for a stage; its first for that in which deals usually begin."""
    if pipeline_id is None:
        return stage
    found = pipelines.counterpart(session, stage, pipeline_id)
    if found is not None:
        return found
    known = pipelines.stages(session, pipeline_id)
    if stage.id != pipelines.stages(session)[0].id:
        raise pipelines.no_stage(stage.name, known)
    return next((one for one in known if one.outcome == Outcome.OPEN), known[0])


def arriving(session: Session) -> Arrive:
    """Return what gives the attributes of deals that come from elsewhere: open or closed, and since when, as there.

    A deal that is won or lost there, in a stage that is open here, is in the first stage of its pipeline for that. It
    raises Invalid for a value that cannot be stored.
    """
    in_use = (Stage.archived_at.is_(None), Stage.merged_into_id.is_(None))
    live = list(session.scalars(select(Stage).where(*in_use).order_by(Stage.position, Stage.id)))
    entered = cache(partial(pipelines.enter, session))

    def first(pipeline_id: int, outcome: str) -> Stage | None:
        return next((one for one in live if (one.pipeline_id, one.outcome) == (pipeline_id, outcome)), None)

    def attributes(given: Values, past: Values, created_at: datetime | None) -> dict[str, Any]:
        given = dict(given)
        named = _counterpart(session, entered(given["stage_id"]), given.pop("pipeline_id", None))
        began = named if named.outcome == Outcome.OPEN else first(named.pipeline_id, Outcome.OPEN) or named
        status = past.get("status", Outcome.OPEN)
        over = status if named.outcome == Outcome.OPEN != status else None
        now = entered((first(named.pipeline_id, over) or named).id) if over else named
        since = created_at or moment()
        closed = (
            None if now.outcome == Outcome.OPEN else past.get("closed") or _was_closed(given.get("close_on")) or since
        )
        lost = now.outcome == Outcome.LOST
        return {
            **given,
            "amount": check_amount(given.get("amount")),
            "stage_id": now.id,
            "began_in": began.id,
            "status": now.outcome,
            "closed_at": closed,
            "lost_reason": past.get("reason") if lost else None,
            "closed_reason": past.get(reasons.FIELD) if closed else None,
            "stage_since": past.get("since") or closed or since,
            "touched_at": past.get("touched") or moment(),
        }

    return attributes


def returning(session: Session, deal: Deal, given: Values, past: Values) -> Values:
    """Return the values that a deal which comes again is given: one that is over there is, whatever stage it names."""
    status = past.get("status", Outcome.OPEN)
    named = pipelines.stage(session, given["stage"]) if "stage" in given else None
    if status == Outcome.OPEN or (named is not None and named.outcome == status):
        return given
    values = {key: value for key, value in given.items() if key != "stage"}
    if deal.status != status:
        there = given.get("pipeline", deal.pipeline_id)
        values["stage"] = pipelines.stage_with(session, Outcome(status), there).id
        if status == Outcome.LOST and "reason" in past:
            values["reason"] = past["reason"]
    return values


def _was_closed(expected: date | None) -> datetime | None:
    """Return the day on which a deal that is over was to close, as most programs then put the day on which it was."""
    noon = datetime.combine(expected, time(12), UTC) if expected else None
    return noon if noon and noon <= moment() else None


def move(
    session: Session,
    deal: Deal,
    stage_name: str = "",
    *,
    reason: str | None = None,
    because: str | None = None,
    pipeline_id: int | None = None,
) -> list[Followup]:
    """Put a deal into the stage of this name and return the follow-ups that were cancelled because it is closed.

    Into a won or lost stage it is won or lost, for this reason and `because` of one of the workspace's; out of one it
    is open again. It stays in its pipeline
    unless another is given, where it gets into the stage of the same name or the first if none is named. Raises
    NotFound naming the stages.
    """
    there = deal.pipeline_id if pipeline_id is None else pipeline_id
    if stage_name:
        return _enter(session, deal, pipelines.resolve_stage(session, stage_name, there), reason, because)
    into = pipelines.counterpart(session, deal.stage, there)
    if into is None:
        known = pipelines.stages(session, there)
        into = next((one for one in known if one.outcome == deal.status), None)
        if into is None:
            raise pipelines.no_stage(deal.stage.name, known)
    return _enter(session, deal, into, reason, because)


def put(
    session: Session, deal: Deal, stage_id: int, *, closed_reason: str | None = None, reason: str | None = None
) -> list[Followup]:
    """Put a deal into the stage of this number; of another pipeline, it stands for the one of that name in the deal's.

    Where the deal's pipeline has none of that name, the deal moves to the other pipeline. Programs say why it is closed
    by one of the workspace's reasons and in words. Raises Invalid where somebody closes it who is to say why.
    """
    stage = pipelines.stage(session, stage_id)
    into = pipelines.counterpart(session, stage, deal.pipeline_id) or stage
    # Files cannot be asked.
    closes = into.outcome != deal.status and not current_source(session).startswith(IMPORT)
    if closes and closed_reason is None and (known := reasons.asked(session, into.outcome)):
        program = current_source(session).startswith("api.")
        raise Invalid(
            "Say why it is {outcome}.",
            field=reasons.FIELD if program else "stage",
            outcome=into.outcome,
            hint="Send {key} with it: {reasons}." if program else "`/deal {outcome}` asks for it: {reasons}.",
            key=reasons.FIELD,
            reasons=", ".join(known.values()),
        )
    return _enter(session, deal, into, reason, closed_reason)


def transfer(session: Session, deal: Deal, pipeline_id: int) -> list[Followup]:
    """Move a deal to another pipeline, into the stage of the same name or the first of the same kind."""
    return move(session, deal, pipeline_id=pipeline_id)


def win(session: Session, deal: Deal, because: str | None = None) -> list[Followup]:
    """Mark a deal as won and return its open follow-ups, which are cancelled with it.

    `because` is one of the workspace's reasons, as it is stored. Raises Invalid for one that is none.
    """
    return _enter(session, deal, pipelines.stage_with(session, Outcome.WON, deal.stage.pipeline_id), None, because)


def lose(session: Session, deal: Deal, reason: str | None = None, because: str | None = None) -> list[Followup]:
    """Mark a deal as lost and return its open follow-ups, which are cancelled with it.

    `reason` is told in words, `because` is one of the workspace's reasons, as it is stored. Raises Invalid for either.
    """
    return _enter(session, deal, pipelines.stage_with(session, Outcome.LOST, deal.stage.pipeline_id), reason, because)


def _enter(
    session: Session, deal: Deal, stage: Stage, reason: str | None, because: str | None = None
) -> list[Followup]:
    stage = pipelines.enter(session, stage.id)
    now = moment()
    why = check_note(reason, field="reason") if reason and stage.outcome == Outcome.LOST else None
    chosen = reasons.check(session, stage.outcome, because) if because else None
    if stage.id == deal.stage_id:
        if why is not None or chosen is not None:
            deal.lost_reason = why or deal.lost_reason
            deal.closed_reason = chosen or deal.closed_reason
            _saved(session, deal)
        return []
    reopened = stage.outcome == Outcome.OPEN
    deal.archived_at = None if reopened else deal.archived_at
    deal.closed_at = None if reopened else (deal.closed_at if deal.status == stage.outcome else now)
    # From one stage to another that means the same, it is still closed for that reason.
    deal.closed_reason = chosen or (deal.closed_reason if deal.status == stage.outcome else None)
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


def touch(session: Session, deal_id: int, at: datetime | None = None) -> None:
    """Note that somebody worked on the deal at that time, else now: it is not stalled; version and history stay."""
    session.execute(
        update(Deal)
        .where(Deal.id == deal_id)
        .values(touched_at=func.greatest(Deal.touched_at, min(at or moment(), moment())), updated_at=Deal.updated_at)
        .execution_options(synchronize_session=False)
    )
