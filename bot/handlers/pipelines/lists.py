"""Draw the pipelines with their stages, and what an admin can do about each."""

from __future__ import annotations

from collections.abc import Mapping

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import InteractiveElement
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.handlers.pipelines.declaration import plugin
from bot.kit import blocks as b
from bot.kit.format import Reader, percent, undo_hint
from bot.kit.pages import Page
from bot.kit.replies import Message
from bot.plugin import Member, Role, _, ngettext
from storage.crm import pipelines
from storage.crm.deals import Deal
from storage.crm.pipelines import Outcome, Pipeline, Stage

LINES = 16
"""As many as fit in one message with their menus."""


def overview(
    session: Session,
    actor: Member,
    reader: Reader,
    *,
    notice: b.Text | None = None,
    undo: bool = False,
    replace: bool = False,
    page: Page | None = None,
) -> Message:
    """Draw every pipeline with its stages in order, how likely each is won and how many deals it has."""
    pipelines.default(session)
    may_change = actor.has(Role.ADMIN)
    title = b.Markup(_("*Pipelines*"))
    blocks: list[Block] = [b.context(notice)] if notice else []
    counts = _counts(session)
    lines: list[Block] = []
    for one in pipelines.all_of(session):
        lines.append(b.section(_title(one), accessory=_more(one) if may_change else None))
        lines += [
            b.section(_line(stage, counts.get(stage.id, 0), reader), accessory=_menu(stage) if may_change else None)
            for stage in pipelines.stages(session, one.id)
        ]
    page = page or Page()
    blocks += [b.section(title), *lines[page.offset : page.offset + LINES]]
    blocks += page.turns(plugin.id("page"), size=LINES, more=page.offset + LINES < len(lines))
    if may_change:
        add = b.button(_("Add a pipeline"), plugin.id("new"), style="primary")
        blocks.append(b.actions(add))
    else:
        blocks.append(b.context(_("An admin can change them.")))
    if undo:
        blocks.append(undo_hint())
    return Message(b.join([notice, title], " ") if notice else title, blocks, replace=replace)


def _counts(session: Session) -> Mapping[int, int]:
    live = (Deal.merged_into_id.is_(None), Deal.archived_at.is_(None))
    rows = session.execute(select(Deal.stage_id, func.count()).where(*live).group_by(Deal.stage_id))
    return {row[0]: row[1] for row in rows}


def _title(one: Pipeline) -> b.Markup:
    named = b.markup("*{name}*  {ref}", name=one.name, ref=one.reference)
    return b.join([named, b.esc(_("deals begin here"))], "  ·  ") if one.is_default else named


def _line(stage: Stage, count: int, reader: Reader) -> b.Markup:
    kind = {Outcome.OPEN: percent(stage.probability / 100, reader.locale), Outcome.WON: "🎉", Outcome.LOST: "✖"}
    said = ngettext("{count} deal", "{count} deals", count).format(count=f"{count:,}")
    return b.markup("      {name}  _{kind}_  {said}", name=stage.name, kind=kind[Outcome(stage.outcome)], said=said)


def _menu(stage: Stage) -> InteractiveElement:
    return b.overflow(
        plugin.id("stage"),
        [
            b.Option(_("Edit"), str(b.Control(stage.reference, stage.version, "edit"))),
            b.Option(_("Move up"), str(b.Control(stage.reference, stage.version, "up"))),
            b.Option(_("Move down"), str(b.Control(stage.reference, stage.version, "down"))),
            b.Option(_("Merge or retire"), str(b.Control(stage.reference, stage.version, "retire"))),
        ],
    )


def _more(one: Pipeline) -> InteractiveElement:
    options = [
        b.Option(_("Add a stage"), str(b.Control(one.reference, one.version, "add"))),
        b.Option(_("Rename"), str(b.Control(one.reference, one.version, "edit"))),
    ]
    if not one.is_default:
        options += [
            b.Option(_("Let deals begin here"), str(b.Control(one.reference, one.version, "default"))),
            b.Option(_("Retire"), str(b.Control(one.reference, one.version, "retire"))),
        ]
    return b.overflow(plugin.id("pipeline"), options)
