"""Answer the commands by which a deal goes on."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.handlers.deals.cards import card
from bot.handlers.deals.declaration import plugin
from bot.handlers.deals.wording import asking, closed, unknown_reason
from bot.kit import blocks as b
from bot.kit import cards
from bot.kit.format import Reader
from bot.kit.replies import Message
from bot.plugin import Member, Role, _
from storage.crm import deals, notes, pipelines
from storage.crm.deals import reasons
from storage.crm.pipelines import Outcome
from storage.references import parse_reference


@plugin.command(
    "deal move",
    usage="<deal> [to] [pipeline:Sales] [stage:negotiation]",
    role=Role.REP,
    example="D-88 negotiation",
)
def move(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Move a deal to another stage, or to another pipeline."""
    into = args.get("pipeline")
    stage = args.get("stage") or args.get("to") or ""
    deal = deals.resolve(session, args["deal"])
    if not stage and not into:
        return card(session, deal, reader, actor, notice=_("Choose where it goes: press a stage."))
    before = deal.stage_id
    pipeline_id = pipelines.resolve_pipeline(session, into).id if into else None
    if stage:
        meant = pipelines.resolve_stage(session, stage, pipeline_id or deal.pipeline_id)
        if asked := asking(session, deal, meant.outcome):
            return asked
    cancelled = deals.move(session, deal, stage, pipeline_id=pipeline_id)
    if deal.stage_id == before:
        notice = b.markup(_("It is already in {stage}."), stage=deal.stage.name)
        return card(session, deal, reader, actor, notice=notice)
    moved = cards.cancelling(b.markup(_("Moved to {stage}."), stage=deal.stage.name), cancelled)
    return card(session, deal, reader, actor, notice=moved, undo=True)


@plugin.command("deal won", usage="<deal> [reason:reference]", role=Role.REP, example="D-88")
def won(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Mark a deal as won, for one of your team's reasons if it has some."""
    first, _space, behind = args["deal"].partition(" ")
    # A name may have several words; what is behind a reference is why.
    why = behind.strip() if parse_reference(first) else ""
    deal = deals.resolve(session, first if why else args["deal"])
    because, rest = reasons.told(session, Outcome.WON, args.get("reason") or why)
    if rest and "reason" in args:
        raise unknown_reason(session, rest)
    if deal.status == Outcome.WON and because in {None, deal.closed_reason}:
        return card(session, deal, reader, actor, notice=_("It is already won."))
    if because is None and (asked := asking(session, deal, Outcome.WON)):
        return asked
    notice = cards.cancelling(closed(Outcome.WON), deals.win(session, deal, because))
    if rest:
        notes.add(session, deal, rest)
    return card(session, deal, reader, actor, notice=notice, undo=True)


@plugin.command(
    "deal lost", usage="<deal> [why] [reason:price]", role=Role.REP, example="D-88 went with a cheaper offer"
)
def lost(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Mark a deal as lost, with one of your team's reasons or in your words."""
    deal = deals.resolve(session, args["deal"])
    typed = " ".join(said for key in ("reason", "why") if (said := args.get(key)))
    if deal.status == Outcome.LOST and not typed:
        return card(session, deal, reader, actor, notice=_("It is already lost."))
    because, said = reasons.told(session, Outcome.LOST, typed)
    if because is None and (asked := asking(session, deal, Outcome.LOST)):
        return asked
    notice = cards.cancelling(closed(Outcome.LOST), deals.lose(session, deal, said, because))
    return card(session, deal, reader, actor, notice=notice, undo=True)
