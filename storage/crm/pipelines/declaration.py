"""Declare pipelines and stages as nouns, so that they are added, changed and taken back like any record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

from sqlalchemy.orm import Session

from storage.crm.pipelines.finding import all_of, default, stages
from storage.crm.pipelines.model import Outcome, Pipeline, Stage, placed
from storage.database.engine import current_workspace, lock_until_end
from storage.errors import Duplicate, Invalid
from storage.names import check_name, name_key
from storage.records import lifecycle, named
from storage.records.declaration import Declaration, Values
from storage.records.fields import ChoiceField, LinkField, NumberField, TextField, YesNoField
from storage.records.named import NamedSetting
from storage.workspace.members import Role

MOST_STAGES = 50
"""As many a pipeline may be added with."""


def add(session: Session, *, name: str, among: Sequence[str] = ()) -> Pipeline:
    """Add a pipeline with the stages that the default one has, or with others `among` which its deals are.

    Those named take the place of the ones that are open there, ever likelier to be won; one that is called as there is
    as likely. Raises Duplicate for a stage named twice, Invalid for too many and where none is open.
    """
    like = _named(session, among) if among else [(one.name, one.probability, one.outcome) for one in stages(session)]
    made = Pipeline.new(session, name=name, is_default=False)
    for called, rest in placed(like):
        Stage.unsaved(session, pipeline_id=made.id, name=called, **rest)
    session.flush()
    return made


def add_with(session: Session, name: str, among: Sequence[str]) -> Pipeline:
    """Add a pipeline as any record is added, with stages of its own; raise as `add` does, naming the field `stages`."""
    made = lifecycle.add(session, replace(PIPELINE, add=partial(add, among=among)), {"name": name})
    assert isinstance(made, Pipeline)
    return made


def _named(session: Session, among: Sequence[str]) -> list[tuple[str, int, str]]:
    names = [check_name(one, field="stages") for one in among]
    keys = [name_key(one) for one in names]
    if twice := next((one for one, key in zip(names, keys, strict=True) if keys.count(key) > 1), None):
        raise Duplicate("The stage {name} is named twice.", field="stages", name=twice)
    if len(names) > MOST_STAGES:
        raise Invalid("There may be up to {most} stages.", field="stages", most=MOST_STAGES)
    there = {one.name_key: one for one in stages(session)}
    found = []
    for place, (name, key) in enumerate(zip(names, keys, strict=True), start=1):
        like = there.get(key)
        chance = 100 * place // (len(names) + 1)
        found.append((name, like.probability, like.outcome) if like else (name, chance, str(Outcome.OPEN)))
    if not any(outcome == Outcome.OPEN for _name, _chance, outcome in found):
        raise Invalid("A pipeline needs a stage that is open.", field="stages")
    closed = [one for one in stages(session) if one.outcome != Outcome.OPEN and one.name_key not in keys]
    return [*found, *((one.name, one.probability, one.outcome) for one in closed)]


def begin_in(session: Session, pipeline: Pipeline) -> bool:
    """Let deals begin in a pipeline where nobody names one, and return whether they did not before."""
    before = default(session)
    if before.id == pipeline.id:
        return False
    before.is_default = False
    session.flush()
    pipeline.is_default = True
    session.flush()
    return True


def add_stage(session: Session, *, name: str, pipeline_id: int, position: int, outcome: str, probability: int) -> Stage:
    """Add a stage at its place among those of its pipeline, which make room; one that is open is before the closed."""
    lock_until_end(session, f"schema {current_workspace(session)}")
    known = stages(session, pipeline_id)
    at = sum(one.position < position for one in known)
    if outcome == Outcome.OPEN:
        at = min(at, next((place for place, one in enumerate(known) if one.outcome != Outcome.OPEN), len(known)))
    made = Stage.new(
        session, name=name, pipeline_id=pipeline_id, position=at + 1, outcome=outcome, probability=probability
    )
    for place, one in enumerate(known, start=1):
        one.position = place if place <= at else place + 1
    session.flush()
    return made


def shift(session: Session, stage: Stage, *, up: bool) -> bool:
    """Change places with the stage before, or with the one after; return whether there is one."""
    lock_until_end(session, f"schema {current_workspace(session)}")
    known = stages(session, stage.pipeline_id)
    at = next((at for at, one in enumerate(known) if one.id == stage.id), -1)
    other = at - 1 if up else at + 1
    if at < 0 or not 0 <= other < len(known):
        return False
    known[at], known[other] = known[other], known[at]
    for place, one in enumerate(known, start=1):
        one.position = place
    session.flush()
    return True


def _called(model: type[NamedSetting], session: Session, typed: str) -> NamedSetting:
    return named.resolve(session, model, typed)


def _last_place(session: Session) -> int:
    return max((one.position for one in stages(session)), default=0) + 1


def _refuse_pipeline(session: Session, pipeline: Pipeline | None, values: Values) -> None:
    """Raise Duplicate for the name of another pipeline."""
    others = [one for one in all_of(session) if pipeline is None or one.id != pipeline.id]
    if _is_taken(others, values):
        raise Duplicate("There is already a pipeline {name}.", field="name", name=values["name"])


def _refuse_stage(session: Session, stage: Stage | None, values: Values) -> None:
    """Raise Duplicate for the name of another stage of the pipeline, Conflict for what would leave its deals wrong."""
    pipeline_id = values.get("pipeline", stage.pipeline_id if stage else None)
    others = [one for one in stages(session, pipeline_id) if stage is None or one.id != stage.id]
    if _is_taken(others, values):
        raise Duplicate("There is already a stage {name}.", field="name", name=values["name"])
    if not 0 <= values.get("probability", 0) <= 100:
        raise Invalid("A probability is between 0 and 100.", field="probability")
    if stage is not None and values.keys() & {"pipeline", "outcome"}:
        stage.check_archive()


def _is_taken(others: Iterable[NamedSetting], values: Values) -> bool:
    return "name" in values and any(one.name_key == name_key(values["name"]) for one in others)


PIPELINE = Declaration(
    model=Pipeline,
    label="Pipeline",
    plural="Pipelines",
    change=Role.ADMIN,
    fields=(
        TextField(key="name", label="Name", by="name_key", required=True, example="Partners"),
        YesNoField(key="default", label="Default", at="is_default", by="is_default", entered=False),
    ),
    twins=lambda _session, _values: (),
    refuse=_refuse_pipeline,
    ready=default,
    add=add,
)
"""An order of stages that deals move through."""

STAGE = Declaration(
    model=Stage,
    label="Stage",
    plural="Stages",
    change=Role.ADMIN,
    fields=(
        TextField(key="name", label="Name", by="name_key", required=True, example="Demo"),
        LinkField(
            key="pipeline",
            label="Pipeline",
            at="pipeline_id",
            by="pipeline_id",
            required=True,
            to=Pipeline,
            resolve=partial(_called, Pipeline),
            begins=lambda session: default(session).id,
            example="Sales",
        ),
        NumberField(
            key="probability",
            label="Probability",
            by="probability",
            required=True,
            begins=lambda _session: 50,
            example="50",
            hint="How likely deals in it are won, in percent.",
        ),
        ChoiceField(
            key="outcome",
            label="Means",
            by="outcome",
            required=True,
            choices=tuple(Outcome),
            begins=lambda _session: Outcome.OPEN,
        ),
        NumberField(key="position", label="Place", by="position", required=True, begins=_last_place, example="3"),
    ),
    twins=lambda _session, _values: (),
    refuse=_refuse_stage,
    ready=default,
    add=add_stage,
    order=Stage.position,
)
"""A step of a pipeline."""
