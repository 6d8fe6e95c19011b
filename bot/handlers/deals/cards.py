"""Draw deals: a card, a line of a list, and the twins of one that somebody wants to add."""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import InteractiveElement
from sqlalchemy.orm import Session

from bot.handlers.deals.declaration import plugin
from bot.handlers.deals.wanted import WantedDeal
from bot.kit import blocks as b
from bot.kit.format import NOTE_CUT, Reader, last_notes, percent, undo_hint
from bot.kit.replies import Message
from bot.plugin import _
from storage.crm import pipelines
from storage.crm.deals import Deal
from storage.crm.followups import Followup
from storage.crm.pipelines import Outcome


def card(
    session: Session,
    deal: Deal,
    reader: Reader,
    *,
    notice: b.Text | None = None,
    undo: bool = False,
    replace: bool = False,
) -> Message:
    """Draw a deal with what can be done with it; `notice` is a line above it."""
    blocks = [
        *([b.context(notice)] if notice else []),
        b.section(headline(deal), fields=_fields(deal, reader)),
        *last_notes(session, deal, reader),
        _controls(session, deal),
        *([undo_hint()] if undo else []),
    ]
    return Message(b.join([notice, headline(deal)], " ") if notice else headline(deal), blocks, replace=replace)


def headline(deal: Deal) -> b.Markup:
    """Name a deal with its reference."""
    return b.markup("*{name}*  {ref}", name=deal.name, ref=deal.reference)


def line(deal: Deal, reader: Reader, *, action: str = "show", owner: bool = True) -> Block:
    """Draw a deal as one line of a list, with a button that shows it."""
    show = b.button(_("Show"), plugin.id(action), b.Control(deal.reference, deal.version))
    return b.section(b.join([headline(deal), b.join(_details(deal, reader, owner=owner), " · ")]), accessory=show)


def twins(wanted: WantedDeal, alike: Sequence[Deal], reader: Reader) -> Message:
    """Ask whether one of these is not the deal that was meant; nothing is stored yet."""
    text = b.markup(_("There is an open deal called *{name}*, so nothing has been added yet."), name=wanted.name)
    anyway = b.button(_("Add anyway"), plugin.id("add_anyway"), b.Control(detail=wanted.dump()), style="primary")
    return Message(text, [b.section(text), *(line(deal, reader) for deal in alike), b.actions(anyway)])


def closed(sentence: str, followups: Sequence[Followup]) -> b.Text:
    """Say that a deal is closed, and which follow-ups were cancelled with it."""
    if not followups:
        return sentence
    references = ", ".join(followup.reference for followup in followups)
    return b.join([sentence, b.markup(_("Follow-ups cancelled with it: {references}."), references=references)], " ")


def _details(deal: Deal, reader: Reader, *, owner: bool) -> list[b.Text]:
    parts: list[b.Text | None] = [
        reader.money(deal.amount) if deal.amount is not None else None,
        deal.stage.name,
        deal.customer.name if deal.customer is not None else None,
        _closing(deal, reader),
        b.person(deal.owner_id) if owner and deal.owner_id else None,
    ]
    return [part for part in parts if part]


def _closing(deal: Deal, reader: Reader) -> b.Text | None:
    if deal.closed_at is not None:
        return b.markup(_("closed {ago}"), ago=reader.ago(deal.closed_at))
    if deal.close_on is None:
        return None
    late = deal.close_on < reader.today
    return b.markup(_("should have closed {day}") if late else _("closes {day}"), day=reader.day(deal.close_on))


def _fields(deal: Deal, reader: Reader) -> list[b.Markup]:
    stage = deal.stage.name
    if deal.status == Outcome.OPEN:
        stage = f"{stage} ({percent(deal.stage.probability / 100, reader.locale)})"
    customer = deal.customer
    known: dict[str, b.Text | None] = {
        _("Customer"): b.markup("{name}  {ref}", name=customer.name, ref=customer.reference) if customer else None,
        _("Amount"): reader.money(deal.amount) if deal.amount is not None else None,
        _("Stage"): stage,
        _("Close"): reader.day(deal.close_on) if deal.close_on is not None else None,
        _("Owner"): b.person(deal.owner_id) if deal.owner_id else None,
        _("Reason"): b.cut(deal.lost_reason, NOTE_CUT) if deal.lost_reason else None,
    }
    return [b.markup("*{label}*\n{value}", label=label, value=value) for label, value in known.items() if value]


def _controls(session: Session, deal: Deal) -> Block:
    control = b.Control(deal.reference, deal.version)
    still_open = deal.status == Outcome.OPEN
    elements: list[InteractiveElement] = [b.button(_("Note"), plugin.id("note"), control)]
    if still_open:
        elements += [
            b.button(_("Won"), plugin.id("won"), control, style="primary"),
            b.button(_("Lost"), plugin.id("lost"), control),
        ]
    stages = [
        b.Option(stage.name, str(b.Control(deal.reference, deal.version, str(stage.id))))
        for stage in pipelines.stages(session, deal.stage.pipeline_id)
        if stage.id != deal.stage_id and stage.outcome == Outcome.OPEN
    ]
    if stages:
        placeholder = _("Move to") if still_open else _("Reopen in")
        elements.append(b.menu(placeholder, plugin.id("move"), stages))
    elements.append(b.button(_("Follow up"), "followups.new", control))
    elements.append(b.button(_("Edit"), plugin.id("edit"), control))
    return b.actions(*elements)
