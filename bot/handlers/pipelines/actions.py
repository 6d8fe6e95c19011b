"""Answer the menus of the list of pipelines."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.handlers.pipelines import lists
from bot.handlers.pipelines.declaration import plugin
from bot.handlers.pipelines.forms import edit_stage, new_stage, pipeline_of
from bot.kit import blocks as b
from bot.kit.format import Reader
from bot.kit.pages import Page
from bot.kit.replies import Instead, Message
from bot.plugin import Member, Role, _, ngettext
from storage.crm import deals, pipelines
from storage.crm.pipelines import PIPELINE, STAGE, Stage
from storage.errors import Invalid, NotFound
from storage.records import lifecycle, moves
from storage.references import parse_reference

RETIRE, START = "moves.retire", "moves.start"
"""The form that asks what records become, and the button that has them moved as it was said."""


@plugin.action("pipeline", role=Role.ADMIN, opens=new_stage, choice="add")
def pipeline(control: b.Control, session: Session, actor: Member, reader: Reader) -> Message | Instead:
    """Rename a pipeline, retire it, or let deals begin in it."""
    found = pipeline_of(session, control)
    match control.detail:
        case "edit":
            return Instead(f"{PIPELINE.key} show", found.reference)
        case "default":
            changed = pipelines.begin_in(session, found)
            notice = b.markup(_("Deals begin in *{name}* now."), name=found.name)
            return lists.overview(session, actor, reader, notice=notice, undo=changed, replace=True)
        case "retire":
            done = lifecycle.archive(session, found)
            notice = b.markup(_("*{name}* is retired, and can be brought back."), name=found.name)
            return lists.overview(session, actor, reader, notice=notice, undo=done, replace=True)
    raise Invalid("This button no longer works.", hint="Please repeat the command.")


@plugin.action("stage", role=Role.ADMIN, opens=edit_stage, choice="edit")
def stage(control: b.Control, session: Session, actor: Member, reader: Reader) -> Message:
    """Move a stage up or down, or take it out of use with its deals."""
    found = stage_of(session, control.record)
    if control.detail == "retire":
        return going(session, found, actor, reader, replace=True)
    if control.detail not in {"up", "down"}:
        raise Invalid("This button no longer works.", hint="Please repeat the command.")
    moved = pipelines.shift(session, found, up=control.detail == "up")
    return lists.overview(
        session, actor, reader, notice=_("Moved.") if moved else _("It stays where it is."), undo=moved, replace=True
    )


@plugin.action("page", role=Role.VIEWER)
def page(control: b.Control, session: Session, actor: Member, reader: Reader) -> Message:
    """Turn to another page of the pipelines."""
    return lists.overview(session, actor, reader, replace=True, page=Page.load(control.detail))


def stage_of(session: Session, typed: str) -> Stage:
    """Return the stage that a person means, by reference or name; raise NotFound naming all."""
    found = STAGE.resolve(session, typed) if parse_reference(typed) else pipelines.resolve_stage(session, typed)
    if not isinstance(found, Stage):
        raise NotFound("This stage is gone.", field="stage", hint="Choose another.")
    return found


def going(
    session: Session, stage: Stage, actor: Member, reader: Reader, *, into: Stage | None = None, replace: bool = False
) -> Message:
    """Retire a stage without deals, or say how many it has and ask what they become."""
    moving, count = moves.look(session, deals.WHAT, str(stage.id))
    if not count and into is None:
        lifecycle.archive(session, stage)
        notice = b.markup(_("*{name}* is retired, and can be brought back."), name=stage.name)
        return lists.overview(session, actor, reader, notice=notice, undo=True, replace=replace)
    said = b.markup(
        _("*{name}* goes out of use with {deals}."),
        name=stage.name,
        deals=ngettext("{count} deal", "{count} deals", count).format(count=f"{count:,}"),
    )
    if into is None:
        of = b.Control(detail=f"{deals.WHAT} {stage.id}")
        button = b.button(_("Say what they become"), RETIRE, of, style="primary")
    else:
        if str(into.id) not in moving.targets:
            raise Invalid(
                "{gone} and {kept} do not mean the same for their deals.",
                field="into",
                hint="There are {names}.",
                gone=stage.name,
                kept=into.name,
                names=", ".join(moving.targets.values()),
            )
        label = b.cut(_("They become {name}").format(name=moving.targets[str(into.id)]), b.LABEL_LIMIT)
        button = b.button(label, START, b.Control(detail=f"{deals.WHAT} {stage.id} {into.id}"), style="primary")
    return Message(said, [b.section(said), b.actions(button)], replace=replace)
