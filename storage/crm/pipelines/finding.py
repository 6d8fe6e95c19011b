"""Find pipelines and stages, by number and by what people call them; make those that a workspace begins with."""

import re
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from storage.crm.pipelines.model import FIRST, Outcome, Pipeline, Stage, StageChange, live_stages, placed, stages_of
from storage.database.engine import current_workspace
from storage.errors import NotFound
from storage.names import name_key
from storage.records import named
from storage.records.search import find_key

STANDARD_STAGES: Sequence[tuple[str, int, Outcome]] = (
    ("Lead", 10, Outcome.OPEN),
    ("Qualified", 25, Outcome.OPEN),
    ("Proposal", 50, Outcome.OPEN),
    ("Negotiation", 75, Outcome.OPEN),
    ("Won", 100, Outcome.WON),
    ("Lost", 0, Outcome.LOST),
)


def default(session: Session) -> Pipeline:
    """Return the workspace's default pipeline; make it, with the standard stages, where there is none yet.

    Safe against two that make it at the same moment: one waits for the other and finds its pipeline. What a workspace
    begins with is nobody's change, so no undo takes it away.
    """
    statement = select(Pipeline).where(Pipeline.is_default)
    found = session.scalars(statement).one_or_none()
    if found is not None:
        return found
    here = {"workspace_id": current_workspace(session)}
    made = session.scalars(
        insert(Pipeline).values(**here, **_keys(FIRST), is_default=True).on_conflict_do_nothing().returning(Pipeline)
    ).one_or_none()
    if made is None:
        return session.scalars(statement).one()
    session.execute(
        insert(Stage),
        [{**here, "pipeline_id": made.id, **_keys(name), **rest} for name, rest in placed(STANDARD_STAGES)],
    )
    return made


def _keys(name: str) -> dict[str, str]:
    return {"name": name, "name_key": name_key(name), "find_key": find_key(name)}


def all_of(session: Session) -> list[Pipeline]:
    """Return the workspace's pipelines that are in use, the default one first."""
    live = select(Pipeline).where(Pipeline.merged_into_id.is_(None), Pipeline.archived_at.is_(None))
    return list(session.scalars(live.order_by(Pipeline.is_default.desc(), Pipeline.id)))


def stages(session: Session, pipeline_id: int | None = None) -> list[Stage]:
    """Return a pipeline's stages in order; the default pipeline's if none is named."""
    return stages_of(session, default(session).id if pipeline_id is None else pipeline_id)


# "to negotiation", as people say where a deal goes.
_TO = re.compile(r"^(?:to|into|nach|zu|à|到)\s*\b")
_POLITE = re.compile(r"\s+(?:stage|now|please|pls|thanks|bitte|danke|jetzt|merci)$")


def resolve_stage(session: Session, typed: str, pipeline_id: int | None = None) -> Stage:
    """Return the stage with this name or the only one that begins so; raise NotFound naming all stages.

    Without a pipeline it is one of the default pipeline, or else the only one of the others.
    """
    known = stages(session, pipeline_id)
    found = called(known, typed)
    if len(found) == 1:
        return found[0]
    if pipeline_id is None and not found:
        elsewhere = called(every_stage(session), typed)
        if len(elsewhere) == 1:
            return elsewhere[0]
    raise no_stage(typed, known)


def resolve_stages(session: Session, typed: str) -> list[int]:
    """Return the numbers of the stages of all pipelines that are called so; raise NotFound naming all stages."""
    known = every_stage(session)
    found = called(known, typed)
    if not found:
        raise no_stage(typed, known)
    return [one.id for one in found]


def called(known: Sequence[Stage], typed: str) -> list[Stage]:
    """Return the stages that are called so, or else those that begin so, if they all have one name."""
    key = name_key(typed)
    # "negotiation." in a sentence.
    bare = key.rstrip(".,;:!?。，；：！？")
    for matches in (
        [stage for stage in known if stage.name_key == key],
        [stage for stage in known if bare and stage.name_key.startswith(bare)],
        [stage for stage in known if stage.name_key == bare],
        [stage for stage in known if (said := _TO.sub("", bare)) and stage.name_key.startswith(said)],
    ):
        if len({one.name_key for one in matches}) == 1:
            return matches
    said = _POLITE.sub("", bare)
    return called(known, said) if said != bare else []


def no_stage(typed: str, known: Sequence[Stage]) -> NotFound:
    """Return the error for a name that no stage has."""
    names = dict.fromkeys(stage.name for stage in known)
    return NotFound(
        "There is no stage called {name}.",
        hint="The stages are {stages}.",
        candidates=known,
        field="stage",
        typed=typed,
        name=typed,
        stages=", ".join(names),
    )


def every_stage(session: Session) -> list[Stage]:
    """Return the stages of all pipelines that are in use, those of the default one first, each pipeline's in order."""
    default(session)  # a workspace that has none yet begins with it
    order = {one.id: at for at, one in enumerate(all_of(session))}
    found = [one for one in session.scalars(live_stages()) if one.pipeline_id in order]
    return sorted(found, key=lambda one: order[one.pipeline_id])


def resolve_pipeline(session: Session, typed: str) -> Pipeline:
    """Return the pipeline with this name or the only one that begins so; raise NotFound naming all."""
    key, known = name_key(typed), all_of(session)
    for matches in (
        [one for one in known if one.name_key == key],
        [one for one in known if key and one.name_key.startswith(key)],
        [one for one in known if key == name_key(one.reference)],
    ):
        if len(matches) == 1:
            return matches[0]
    raise NotFound(
        "There is no pipeline called {name}.",
        hint="The pipelines are {pipelines}.",
        candidates=known,
        field="pipeline",
        typed=typed,
        name=typed,
        pipelines=", ".join(one.name for one in known),
    )


def stages_in(session: Session, typed: str) -> list[int]:
    """Return the numbers of all stages of the pipeline that is called so, also of those out of use."""
    wanted = resolve_pipeline(session, typed).id
    return list(session.scalars(select(Stage.id).where(Stage.pipeline_id == wanted)))


def counterpart(session: Session, stage: Stage, pipeline_id: int) -> Stage | None:
    """Return the stage of a pipeline that stands for another's: it, the one of its name, or None."""
    if stage.pipeline_id == pipeline_id:
        return stage
    same = [one for one in stages(session, pipeline_id) if one.name_key == stage.name_key]
    return next((one for one in same if one.outcome == stage.outcome), None)


def stage(session: Session, stage_id: int) -> Stage:
    """Return the stage with this number, or the one it was merged into; raise NotFound if there is none."""
    try:
        return named.get(session, Stage, stage_id)
    except NotFound:
        raise NotFound("This stage is gone.", field="stage", hint="Choose another.") from None


def open_stages(session: Session) -> list[Stage]:
    """Return the stages of all pipelines in which a deal is open, in order, those of the default one first."""
    return [one for one in every_stage(session) if one.outcome == Outcome.OPEN]


def stage_with(session: Session, outcome: Outcome, pipeline_id: int) -> Stage:
    """Return the first stage of a pipeline with this outcome; raise NotFound if it has none."""
    for stage in stages(session, pipeline_id):
        if stage.outcome == outcome:
            return stage
    raise NotFound("This pipeline has no stage for {outcome} deals.", outcome=str(outcome))


def changes(session: Session, deal_id: int) -> list[StageChange]:
    """Return a deal's moves, oldest first."""
    statement = select(StageChange).where(StageChange.deal_id == deal_id).order_by(StageChange.at, StageChange.id)
    return list(session.scalars(statement))
