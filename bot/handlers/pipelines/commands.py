"""Show pipelines, and merge stages with their deals, by command."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.grammar.types import NAMES
from bot.handlers.pipelines import lists
from bot.handlers.pipelines.actions import going, stage_of
from bot.handlers.pipelines.declaration import plugin
from bot.handlers.pipelines.forms import added
from bot.kit import fields, records
from bot.kit.faces import Hand
from bot.kit.format import Reader
from bot.kit.lookup import gone_and_kept
from bot.kit.replies import Message
from bot.plugin import Catalogue, Member, Role
from storage.crm.pipelines import STAGE
from storage.workspace.workspaces import Workspace

TYPES: dict[str, Any] = fields.key_types(STAGE)
__all__ = ["add", "add_stage", "merge", "shown"]


@plugin.command("pipelines", role=Role.VIEWER)
@plugin.command("stages", role=Role.VIEWER)
def shown(session: Session, actor: Member, reader: Reader) -> Message:
    """Show the pipelines with their stages, how likely each is won and how many deals it has."""
    return lists.overview(session, actor, reader)


@plugin.command(
    "pipeline add",
    usage='<name> [stages:"Due, Signed"]',
    role=Role.ADMIN,
    example='Renewals stages:"Due, Offer sent, Signed"',
    stages=NAMES,
)
def add(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Add a pipeline, with stages of its own or those of the pipeline that deals begin in."""
    return added(session, actor, reader, args["name"], args.typed("stages", NAMES) or ())


@plugin.command(
    "stage add",
    usage=f"<name> [after:Proposal] {fields.keys(STAGE)}",
    role=Role.ADMIN,
    example="Legal after:Proposal",
    takes=STAGE.key,
    **TYPES,
)
def add_stage(
    args: Args, session: Session, actor: Member, reader: Reader, workspace: Workspace, catalogue: Catalogue
) -> Message:
    """Add a stage, behind another or before those that are closed."""
    noun, hand = catalogue.nouns[STAGE.key], Hand(session, actor, reader, workspace)
    given = fields.from_words(noun.declaration, args, hand)
    if "after" in args:
        before = stage_of(session, args["after"])
        given |= {"position": before.position + 1, "pipeline": before.pipeline_id}
    return records.added(noun, args.values["name"], given, hand)


@plugin.command("stage merge", usage="<stage> [into:ST-1]", role=Role.ADMIN, example="Proposal into Negotiation")
def merge(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Take a stage out of use and give its deals another; Rapport says how many it has, and asks."""
    gone, kept = gone_and_kept(args, "stage")
    return going(session, stage_of(session, gone), actor, reader, into=stage_of(session, kept))
