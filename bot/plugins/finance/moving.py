"""Answer what is asked of transfers: one person asks for something to leave a portfolio, another one agrees."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.grammar.types import AMOUNT, DayType
from bot.kit import blocks as b
from bot.kit.cards import headline
from bot.kit.format import Reader, who
from bot.kit.replies import Message, Modal
from bot.plugin import Member, _
from bot.plugins.finance import plugin
from bot.plugins.finance.books import holdings, portfolios, transfers
from bot.plugins.finance.books.amounts import decimal
from bot.plugins.finance.books.instruments import Instrument
from bot.plugins.finance.books.portfolios import PortfolioAccount
from bot.plugins.finance.books.transfers import WAITING, Transfer
from bot.plugins.finance.nouns import ADVISER, may_see
from bot.plugins.finance.wording import (
    STATES,
    account_called,
    called,
    day_of,
    instrument_called,
    lock,
    looked_at,
    many,
    portfolio_called,
    read_number,
)
from storage.errors import Invalid, NotFound
from storage.money import Money
from storage.queues import outbox
from storage.queues.outbox import Delivery
from storage.records import history, named

PAST = DayType(past=True)
SHOWN = 20
WORDS_SHOWN = 300


@plugin.command(
    "transfer add",
    usage='<portfolio> [words] [amount:"500 EUR"] [instrument:NWR] [quantity:10] [to:PF-2] [outside:"DE02 1203"]'
    " [on:yesterday] [account:AC-1]",
    role=ADVISER,
    example="PF-1 amount:500 to:PF-2",
    amount=AMOUNT,
    on=PAST,
)
def add(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Ask for money or an instrument to go to another portfolio or outside; a second person must agree."""
    portfolio = portfolio_called(session, args["portfolio"], to_book=True)
    looked_at(session, portfolio, "transfer")
    account = account_called(session, portfolio, args.get("account"))
    to = goal(session, args.get("to"), args.get("outside"))
    on = day_of(args, "on", reader)
    what: Money | tuple[Instrument, Decimal] | None = args.amount("amount")
    if what is None:
        if "instrument" not in args or "quantity" not in args:
            raise Invalid("Say what is to go: an amount, or an instrument and a quantity.", field="amount")
        what = instrument_called(session, args["instrument"]), decimal(args["quantity"], field="quantity")
    return asked(session, transfers.ask(session, account, what, to, on, words=args.get("words")), actor, reader)


@plugin.command("transfer list", usage="[portfolio]", role=ADVISER, example="PF-1")
def listed(args: Args, session: Session, reader: Reader) -> Message:
    """Show the transfers that wait for a second person, or all of a portfolio."""
    where = [Transfer.state == WAITING]
    title: b.Text = _("Transfers that wait for a second person")
    if "portfolio" in args:
        portfolio = portfolio_called(session, args["portfolio"])
        where, title = (
            [Transfer.portfolio_id == portfolio.id],
            b.markup(_("Transfers of {one}"), one=headline(portfolio)),
        )
    found = transfers.listed(session, *where, limit=SHOWN)
    lines = [one for transfer in found for one in drawn(session, transfer, reader)]
    return Message(
        title, [b.section(b.markup("*{title}*", title=title)), *(lines or [b.section(_("There are none."))])]
    )


@plugin.command("transfer approve", usage="<transfer>", role=ADVISER, example="7")
def approve(args: Args, session: Session, reader: Reader) -> Message:
    """Agree to a transfer that somebody else asked for, and book it."""
    return _approved(session, read_number(args["transfer"], field="transfer"), reader)


@plugin.command("transfer decline", usage="<transfer> <reason>", role=ADVISER, example="7 not to that account")
def decline(args: Args, session: Session, reader: Reader) -> Message:
    """Decline a transfer that somebody else asked for, with a reason."""
    return _declined(session, read_number(args["transfer"], field="transfer"), args["reason"], reader)


@plugin.command("transfer withdraw", usage="<transfer>", role=ADVISER, example="7")
def withdraw(args: Args, session: Session, reader: Reader) -> Message:
    """Take back a transfer that you asked for and that waits."""
    return _withdrawn(session, read_number(args["transfer"], field="transfer"), reader)


@plugin.action("approve", role=ADVISER)
def approve_it(control: b.Control, session: Session, reader: Reader) -> Message:
    """Agree to the transfer beside the button, and book it."""
    return _approved(session, control.number, reader)


@plugin.action("withdraw", role=ADVISER)
def withdraw_it(control: b.Control, session: Session, reader: Reader) -> Message:
    """Take back the transfer beside the button."""
    return _withdrawn(session, control.number, reader)


@plugin.view("decline", title="Decline", role=ADVISER)
def why(control: b.Control, session: Session) -> Modal:
    """Ask why a transfer is declined."""
    transfer = transfers.get(session, control.number)
    reason = b.text_input("because", _("Why?"), multiline=True)
    return Modal(_("Decline"), [reason], submit=_("Decline"), state={"transfer": str(transfer.id)})


@why.submit
def declined(values: Mapping[str, str], state: Mapping[str, str], session: Session, reader: Reader) -> Message:
    """Decline it, with the reason."""
    return _declined(session, read_number(state.get("transfer", ""), field="because"), values["because"] or "", reader)


plugin.button_opens("decline", why)


@plugin.renderer("to_check", kind=None)
def to_check(delivery: Delivery, session: Session, reader: Reader, receiver: Member) -> Message | None:
    """Draw a transfer that waits for whoever gets this message; nothing once it waits no longer."""
    try:
        transfer = transfers.get(session, int(delivery.record or 0))
    except NotFound:
        return None
    if transfer.state != WAITING:
        return None
    text = b.markup(_("{who} asks for a transfer. Somebody else must agree."), who=who(session, transfer.maker_id))
    return Message(text, [b.section(text), *drawn(session, transfer, reader, receiver.id)])


@plugin.renderer("checked", kind=None)
def checked(delivery: Delivery, session: Session) -> Message:
    """Draw what became of a transfer, for who asked for it; what it is about stays where it can be looked at."""
    transfer = transfers.get(session, int(delivery.record or 0))
    portfolio = portfolios.get(session, transfer.portfolio_id)
    said = b.markup(
        _("Transfer {number} of {portfolio}: {state} by {who}."),
        number=called(transfer),
        portfolio=headline(portfolio),
        state=_(STATES[transfer.state]),
        who=who(session, transfer.checker_id),
    )
    return Message(
        said, [b.section(said), *([b.section(b.cut(transfer.reason, WORDS_SHOWN))] if transfer.reason else [])]
    )


def asked(session: Session, transfer: Transfer, actor: Member, reader: Reader) -> Message:
    """Say that a transfer waits, and ask the manager of who asked for it to check it."""
    told = _("It waits for a second person.")
    if actor.manager_id and actor.manager_id != actor.id:
        outbox.enqueue(
            session,
            target_user=actor.manager_id,
            renderer=plugin.id("to_check"),
            record=str(transfer.id),
            dedupe_key=f"finance:transfer:{transfer.id}",
        )
        told = b.markup(_("It waits for a second person; {who} is asked."), who=b.person(actor.manager_id))
    return _told(session, transfer, reader, told)


def goal(session: Session, to: str | None, outside: str | None) -> PortfolioAccount | str:
    """Return where a transfer is to go: the account of a portfolio or of its own name, or somewhere outside."""
    if (to is None) == (outside is None):
        raise Invalid("Say where it is to go: `to:PF-2`, or `outside:` and a bank's number.", field="to")
    if outside is not None:
        return outside
    try:
        return named.resolve(session, PortfolioAccount, to or "")
    except NotFound:
        return account_called(session, portfolio_called(session, to or "", to_book=True), None)


def drawn(session: Session, transfer: Transfer, reader: Reader, viewer: str | None = None) -> list[Block]:
    """Draw a transfer with what can be done with it, to those who may see what it is about."""
    portfolio = portfolios.get(session, transfer.portfolio_id)
    first = b.markup("*{number}* {portfolio} · {state}", number=called(transfer), portfolio=headline(portfolio),
                     state=_(STATES[transfer.state]))  # fmt: skip
    if not may_see(session):
        return [b.section(first), b.context(lock())]
    portfolios.accessed(session, portfolio, "transfer", who=viewer)
    lines: list[b.Text] = [first, b.join([_what(session, transfer, reader), _to(session, transfer)], " → ")]
    lines.append(b.markup(_("asked for by {who}, for {day}"), who=who(session, transfer.maker_id),
                          day=reader.day(transfer.on_date)))  # fmt: skip
    if transfer.state == WAITING and (there := transfers.too_little(session, transfer)) is not None:
        of = there if isinstance(there, Decimal) else reader.money(there)
        short = b.markup(_("⚠️ The account holds only {there} of it."), there=of)
        lines.append(short)
    lines += [b.cut(one, WORDS_SHOWN) for one in (transfer.words, transfer.reason) if one]
    if transfer.state != WAITING:
        return [b.section(b.join(lines))]
    control = b.Control(portfolio.reference, 0, str(transfer.id))
    if transfer.maker_id == (viewer or history.current_actor(session)):
        return [b.section(b.join(lines)), b.actions(b.button(_("Withdraw"), plugin.id("withdraw"), control))]
    question = _("It is booked at once. Only a reversal can put it right.")
    buttons = [
        b.button(_("Approve"), plugin.id("approve"), control, style="primary", confirm=question),
        b.button(_("Decline"), plugin.id("decline"), control),
    ]
    return [b.section(b.join(lines)), b.actions(*buttons)]


def _what(session: Session, transfer: Transfer, reader: Reader) -> b.Text:
    if transfer.currency is not None:
        return b.markup("*{amount}*", amount=reader.money(Money(transfer.amount_minor or 0, transfer.currency)))
    instrument = holdings.instruments(session, [transfer.instrument_id or 0])[transfer.instrument_id or 0]
    quantity = transfer.quantity or Decimal(0)
    return b.markup("*{many} {symbol}*", many=many(quantity, reader), symbol=instrument.symbol)


def _to(session: Session, transfer: Transfer) -> b.Text:
    if transfer.to_account_id is None:
        return b.markup(_("outside: {words}"), words=transfer.to_words or "")
    return headline(named.get(session, PortfolioAccount, transfer.to_account_id))


def _approved(session: Session, number: int, reader: Reader) -> Message:
    transfer = transfers.get(session, number)
    looked_at(session, portfolios.get(session, transfer.portfolio_id), "transfer")
    transfers.approve(session, transfer)
    _answer_maker(session, transfer)
    return _told(session, transfer, reader, _("Approved and booked."))


def _declined(session: Session, number: int, reason: str, reader: Reader) -> Message:
    transfer = transfers.get(session, number)
    transfers.decline(session, transfer, reason)
    _answer_maker(session, transfer)
    return _told(session, transfer, reader, _("Declined."))


def _withdrawn(session: Session, number: int, reader: Reader) -> Message:
    transfer = transfers.get(session, number)
    transfers.withdraw(session, transfer)
    return _told(session, transfer, reader, _("Withdrawn."))


def _answer_maker(session: Session, transfer: Transfer) -> None:
    outbox.enqueue(
        session,
        target_user=transfer.maker_id,
        renderer=plugin.id("checked"),
        record=str(transfer.id),
        dedupe_key=f"finance:checked:{transfer.id}",
    )


def _told(session: Session, transfer: Transfer, reader: Reader, notice: b.Text) -> Message:
    return Message(notice, [b.context(notice), *drawn(session, transfer, reader)])
