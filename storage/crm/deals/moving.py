"""Move the deals of a stage that goes out of use to another, however many there are."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from storage.crm import pipelines
from storage.crm.deals.model import Deal
from storage.crm.pipelines import Stage
from storage.errors import Conflict
from storage.records.moves import Movable, Moving, movable

WHAT = "stage"
"""Under which name the deals of a stage are moved."""


def _stage(session: Session, key: str) -> Stage:
    return pipelines.held(session, int(key) if key.isdecimal() and len(key) < 19 else 0)


def _look(session: Session, key: str) -> Moving:
    stage = _stage(session, key)
    names = {one.id: one.name for one in pipelines.all_of(session)}
    targets = {
        str(one.id): one.name if one.pipeline_id == stage.pipeline_id else f"{names[one.pipeline_id]}: {one.name}"
        for one in pipelines.every_stage(session)
        if one.outcome == stage.outcome and one.id != stage.id
    }
    here = [one for one in pipelines.stages(session, stage.pipeline_id) if one.outcome == stage.outcome]
    if [one.id for one in here] == [stage.id]:
        raise Conflict("{name} is the only stage of its kind, so it stays.", name=stage.name)
    return Moving(stage.name, Deal.__noun__, targets)


def _count(session: Session, key: str) -> int:
    return session.scalar(select(func.count()).where(Deal.stage_id == int(key))) or 0


def _close(session: Session, key: str, into: str) -> None:
    stage = pipelines.held(session, int(key), alone=True)
    if stage.closing_into_id or stage.merged_into_id or stage.archived_at:
        raise Conflict("The stage {name} is not in use any more.", name=stage.name)
    pipelines.enter(session, int(into))
    stage.closing_into_id = int(into)
    session.flush()


def _batch(session: Session, key: str, into: str, limit: int) -> int:
    target = pipelines.enter(session, int(into)).id
    found = select(Deal).where(Deal.stage_id == int(key)).order_by(Deal.id).limit(limit).with_for_update()
    deals = session.scalars(found.execution_options(populate_existing=True)).all()
    for deal in deals:
        deal.stage_id = target
        # Nobody worked on the deal.
        flag_modified(deal, "touched_at")
    session.flush()
    return len(deals)


def _retire(session: Session, key: str) -> None:
    stage = _stage(session, key)
    stage.merged_into_id = stage.closing_into_id


def _reopen(session: Session, key: str) -> None:
    stage = _stage(session, key)
    others = pipelines.stages(session, stage.pipeline_id)
    if any(one.name_key == stage.name_key for one in others if one.id != stage.id):
        raise Conflict("There is already a stage {name}.", name=stage.name, hint="Rename that one first.")
    stage.closing_into_id = None
    session.flush()


movable(WHAT, Movable(look=_look, count=_count, close=_close, batch=_batch, retire=_retire, reopen=_reopen))
