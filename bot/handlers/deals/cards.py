"""Draw deals: how likely one is won, what it waits for, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from slack_sdk.models.blocks.block_elements import InteractiveElement
from sqlalchemy.orm import Session

from bot.handlers.deals.declaration import plugin
from bot.handlers.deals.wording import FORMS
from bot.kit import blocks as b
from bot.kit import cards
from bot.kit.format import NOTE_CUT, Reader, percent
from bot.kit.replies import Message
from bot.plugin import Member, _
from storage.crm import pipelines
from storage.crm.deals import DEAL, Deal, reasons
from storage.crm.pipelines import Outcome


def card(session: Session, deal: Any, reader: Reader, _actor: Member, **how: Any) -> Message:
    """Draw a deal with how likely it is won, or why it was lost; `how` is as in `bot.kit.cards.card`."""
    chance = percent(deal.stage.probability / 100, reader.locale)
    several = len(known := pipelines.all_of(session)) > 1
    facts = {
        _("Pipeline"): next((one.name for one in known if one.id == deal.pipeline_id), None) if several else None,
        _("Stage"): f"{deal.stage.name} ({chance})" if deal.status == Outcome.OPEN else deal.stage.name,
        _("Won because"): reasons.called(session, deal) if deal.status == Outcome.WON else None,
        _("Lost because"): _lost_because(session, deal) if deal.status == Outcome.LOST else None,
    }
    return cards.card(session, DEAL, deal, reader, facts=facts, controls=_controls(session, deal), **how)


def _lost_because(session: Session, deal: Deal) -> b.Text | None:
    said = b.cut(deal.lost_reason, NOTE_CUT) if deal.lost_reason else None
    parts: list[b.Text] = [part for part in (reasons.called(session, deal), said) if part]
    return b.join(parts, ": ") if parts else None


def line(_session: Session, reader: Reader, *, owner: bool = True) -> Callable[[Deal], b.Markup]:
    """Return what tells of a deal what matters in a list."""
    return partial(_line, reader=reader, owner=owner)


def _line(deal: Deal, *, reader: Reader, owner: bool) -> b.Markup:
    parts: list[b.Text | None] = [
        reader.money(deal.amount) if deal.amount is not None else None,
        deal.stage.name,
        deal.customer.name if deal.customer is not None else None,
        _closing(deal, reader),
        b.person(deal.owner_id) if owner and deal.owner_id else None,
    ]
    return b.join([part for part in parts if part], " · ")


def _closing(deal: Deal, reader: Reader) -> b.Text | None:
    if deal.closed_at is not None:
        return b.markup(_("closed {ago}"), ago=reader.ago(deal.closed_at))
    if deal.close_on is None:
        return None
    late = deal.close_on < reader.today
    return b.markup(_("should have closed {day}") if late else _("closes {day}"), day=reader.day(deal.close_on))


def _controls(session: Session, deal: Deal) -> Sequence[InteractiveElement]:
    still_open = deal.status == Outcome.OPEN
    elements: list[InteractiveElement] = []
    if still_open:
        won = FORMS[Outcome.WON] if reasons.asked(session, Outcome.WON) else plugin.id("won")
        elements += [
            b.button(_("Won"), won, cards.control(deal), style="primary"),
            b.button(_("Lost"), plugin.id("lost"), cards.control(deal)),
        ]
    names = {one.id: one.name for one in pipelines.all_of(session)}
    ours = [one for one in pipelines.open_stages(session) if one.pipeline_id == deal.pipeline_id]
    others = [one for one in pipelines.open_stages(session) if one.pipeline_id != deal.pipeline_id]
    stages = [
        b.Option(
            one.name if one.pipeline_id == deal.pipeline_id else f"{names[one.pipeline_id]}: {one.name}",
            str(b.Control(deal.reference, deal.version, str(one.id))),
        )
        for one in [*ours, *others]
        if one.id != deal.stage_id
    ]
    if stages:
        elements.append(b.menu(_("Move to") if still_open else _("Reopen in"), plugin.id("move"), stages))
    return elements


plugin.noun(DEAL, card=card, line=line)
