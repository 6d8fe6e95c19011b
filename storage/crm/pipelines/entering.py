"""Let deals into stages while stages are added, merged and archived around them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.crm.pipelines.model import Pipeline, Stage
from storage.database.engine import current_workspace
from storage.errors import Conflict, NotFound


def enter(session: Session, stage_id: int) -> Stage:
    """Return the stage that a deal enters, held until the transaction ends: this one, or what it became.

    Raises Conflict for one that is archived, NotFound for none.
    """
    while True:
        stage = held(session, stage_id)
        into = stage.closing_into_id or stage.merged_into_id
        if into is None:
            break
        stage_id = into
    retired = select(Pipeline.archived_at).where(Pipeline.id == stage.pipeline_id)
    if stage.archived_at is not None or session.scalar(retired) is not None:
        raise Conflict(
            "The stage {name} is not in use any more.", field="stage", name=stage.name, hint="Choose another."
        )
    return stage


def held(session: Session, stage_id: int, *, alone: bool = False) -> Stage:
    """Return a stage as it is now, which nobody takes out of use until the transaction ends.

    `alone` waits for whoever is about to put a deal into it, and lets nobody else. Raises NotFound for none.
    """
    session.flush()
    how = True if alone else {"read": True, "key_share": True}
    key = (current_workspace(session), stage_id)
    stage = session.get(Stage, key, with_for_update=how, populate_existing=True)
    if stage is None:
        raise NotFound("This stage is gone.", field="stage", hint="Choose another.")
    return stage
