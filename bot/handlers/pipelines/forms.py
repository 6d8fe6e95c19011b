"""Ask for a pipeline, or for a stage and its changes, in forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from bot.grammar.types import split_names
from bot.handlers.pipelines import lists
from bot.handlers.pipelines.declaration import plugin
from bot.kit import blocks as b
from bot.kit import records
from bot.kit.faces import Hand
from bot.kit.format import Reader
from bot.kit.replies import Message, Modal
from bot.plugin import Catalogue, Member, Role, _
from storage.crm import pipelines
from storage.crm.pipelines import STAGE, Pipeline
from storage.errors import NotFound
from storage.names import NAME_LIMIT
from storage.records import named
from storage.workspace.workspaces import Workspace

Values = Mapping[str, Any]
State = Mapping[str, str]


@plugin.view("new", title="Add a pipeline", role=Role.ADMIN)
def new(session: Session) -> Modal:
    """Open the form for a pipeline."""
    names = ", ".join(one.name for one in pipelines.stages(session))
    return Modal(
        _("Add a pipeline"),
        [
            b.text_input("name", _("Name"), placeholder=_("Renewals"), max_length=NAME_LIMIT),
            b.text_input("stages", _("Stages"), placeholder=_("Due, Offer sent, Signed"), optional=True),
            b.context(
                b.markup(
                    _("Without stages of its own it begins with {names}. You change them as you like."), names=names
                )
            ),
        ],
        submit=_("Add"),
    )


@new.submit
def add(values: Values, session: Session, actor: Member, reader: Reader) -> Message:
    """Add the pipeline and show all."""
    return added(session, actor, reader, values["name"], split_names(values.get("stages") or ""))


def added(session: Session, actor: Member, reader: Reader, name: str, stages: Sequence[str]) -> Message:
    """Add a pipeline, with stages of its own where some are named, and show all."""
    made = pipelines.add_with(session, name, stages)
    notice = b.markup(_("Added *{name}*."), name=made.name)
    return lists.overview(session, actor, reader, notice=notice, undo=True)


plugin.button_opens("new", new)


@plugin.view("new_stage", title="Add a stage", role=Role.ADMIN)
def new_stage(control: b.Control, session: Session) -> Modal:
    """Open the form for a stage of a pipeline, at its end."""
    into = pipeline_of(session, control)
    last = max((one.position for one in pipelines.stages(session, into.id)), default=0)
    begins = {**STAGE.beginning(session), "pipeline": into.id, "position": last + 1}
    return records.form(STAGE, begins, session, submit=_("Add"), state={"noun": STAGE.key})


@new_stage.submit
def add_stage(
    values: Values,
    state: State,
    session: Session,
    actor: Member,
    reader: Reader,
    workspace: Workspace,
    catalogue: Catalogue,
) -> Message | Modal:
    """Add the stage and show it."""
    return records.submitted(catalogue.nouns[STAGE.key], values, state, Hand(session, actor, reader, workspace))


@plugin.view("edit_stage", title="Edit stage", role=Role.ADMIN)
def edit_stage(control: b.Control, session: Session) -> Modal:
    """Open the form with what a stage is."""
    return records.edited(STAGE, STAGE.resolve(session, control.record), session)


@edit_stage.submit
def save_stage(
    values: Values,
    state: State,
    session: Session,
    actor: Member,
    reader: Reader,
    workspace: Workspace,
    catalogue: Catalogue,
) -> Message | Modal:
    """Save the stage's changes, unless somebody else changed the same meanwhile."""
    stage = STAGE.resolve(session, state.get("record", ""))
    return records.saved(catalogue.nouns[STAGE.key], stage, values, state, Hand(session, actor, reader, workspace))


def pipeline_of(session: Session, control: b.Control) -> Pipeline:
    """Return the pipeline of a control; raise NotFound for anything else."""
    found = named.resolve(session, Pipeline, control.record)
    if not isinstance(found, Pipeline):
        raise NotFound("This pipeline is gone.", hint="Look at what there is.")
    return found
