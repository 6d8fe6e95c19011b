"""Answer `/deal` commands about one deal."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.grammar.types import AMOUNT, DAY, PERSON
from bot.handlers.deals import cards
from bot.handlers.deals.declaration import plugin
from bot.handlers.deals.wanted import WantedDeal
from bot.kit import blocks as b
from bot.kit import format
from bot.kit.format import Reader
from bot.kit.lookup import colleague, customer_called
from bot.kit.replies import Message
from bot.plugin import Member, Role, _
from storage.crm import deals, notes
from storage.crm.pipelines import Outcome
from storage.workspace.workspaces import Workspace

EDITED = ("name", "amount", "customer", "close", "owner", "stage")


@plugin.command(
    "deal add",
    usage="<name> [amount:12k] [customer:acme] [close:friday] [owner:@x] [stage:proposal]",
    role=Role.REP,
    example="Acme renewal amount:12k customer:acme close:friday",
    amount=AMOUNT,
    close=DAY,
    owner=PERSON,
)
def add(args: Args, session: Session, actor: Member, reader: Reader, workspace: Workspace) -> Message:
    """Add a deal; Rapport asks first about a likely duplicate."""
    wanted = WantedDeal.typed(session, args, actor)
    alike = wanted.twins(session)
    if alike:
        return cards.twins(wanted, alike, reader)
    return cards.card(session, wanted.add(session), reader, notice=_("Added."), undo=True)


@plugin.command("deal show", usage="<deal>", role=Role.VIEWER, example="D-88")
def show(args: Args, session: Session, reader: Reader) -> Message:
    """Show a deal."""
    return cards.card(session, deals.resolve(session, args["deal"]), reader)


@plugin.command(
    "deal edit",
    usage="<deal> [name:New] [amount:12k] [customer:acme] [close:friday] [owner:@x] [stage:proposal]",
    role=Role.REP,
    example="D-88 amount:20k close:friday",
    amount=AMOUNT,
    close=DAY,
    owner=PERSON,
)
def edit(args: Args, session: Session, reader: Reader) -> Message:
    """Change the fields of a deal that you name; without any, show it with the button that opens its form."""
    deal = deals.resolve(session, args["deal"])
    if not any(key in args for key in EDITED):
        return cards.card(session, deal, reader, notice=_("Name what to change, or press Edit."))
    customer, owner_id = args.get("customer"), args.user("owner")
    deals.update_deal(
        session,
        deal,
        name=args.get("name"),
        amount=args.amount("amount"),
        customer_id=customer_called(session, customer).id if customer else None,
        close_on=args.date("close"),
        owner_id=colleague(session, owner_id, field="owner", role=Role.REP, had=deal.owner_id) if owner_id else None,
    )
    cancelled = deals.move(session, deal, args["stage"]) if "stage" in args else []
    return cards.card(session, deal, reader, notice=cards.closed(b.esc(_("Saved.")), cancelled), undo=True)


@plugin.command("deal move", usage="<deal> <stage>", role=Role.REP, example="D-88 negotiation")
def move(args: Args, session: Session, reader: Reader) -> Message:
    """Move a deal to another stage."""
    deal = deals.resolve(session, args["deal"])
    before = deal.stage_id
    cancelled = deals.move(session, deal, args["stage"])
    if deal.stage_id == before:
        return cards.card(session, deal, reader, notice=b.markup(_("It is already in {stage}."), stage=deal.stage.name))
    notice = cards.closed(b.markup(_("Moved to {stage}."), stage=deal.stage.name), cancelled)
    return cards.card(session, deal, reader, notice=notice, undo=True)


@plugin.command("deal won", usage="<deal>", role=Role.REP, example="D-88")
def won(args: Args, session: Session, reader: Reader) -> Message:
    """Mark a deal as won."""
    deal = deals.resolve(session, args["deal"])
    if deal.status == Outcome.WON:
        return cards.card(session, deal, reader, notice=_("It is already won."))
    notice = cards.closed(_("Won. Congratulations!"), deals.win(session, deal))
    return cards.card(session, deal, reader, notice=notice, undo=True)


@plugin.command("deal lost", usage="<deal> [reason]", role=Role.REP, example="D-88 went with a cheaper offer")
def lost(args: Args, session: Session, reader: Reader) -> Message:
    """Mark a deal as lost, with a reason if you give one."""
    deal = deals.resolve(session, args["deal"])
    if deal.status == Outcome.LOST and "reason" not in args:
        return cards.card(session, deal, reader, notice=_("It is already lost."))
    notice = cards.closed(_("Marked as lost."), deals.lose(session, deal, args.get("reason")))
    return cards.card(session, deal, reader, notice=notice, undo=True)


@plugin.command("deal note", usage="<deal> <note>", role=Role.REP, example="D-88 they want it before Christmas")
def note(args: Args, session: Session) -> Message:
    """Note something about a deal."""
    deal = deals.resolve(session, args["deal"])
    notes.add(session, deal, args["note"])
    text = b.markup(_("Noted on {deal}."), deal=cards.headline(deal))
    return Message(text, [b.section(text), format.undo_hint()])
