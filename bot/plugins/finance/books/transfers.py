"""Move money or instruments out of a portfolio once a second person has agreed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, NoReturn

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.plugins.finance.books import holdings, journal
from bot.plugins.finance.books.bookings import OUTSIDE, TRANSFER, Booking, Posting
from bot.plugins.finance.books.gains import Move, followed
from bot.plugins.finance.books.instruments import QUANTITY, SCHEMA, Instrument
from bot.plugins.finance.books.portfolios import PortfolioAccount
from bot.plugins.finance.books.trades import minus
from bot.plugins.finance.settings import METHOD
from storage.database.engine import Base, composite_key, current_workspace
from storage.errors import Conflict, Invalid, NotFound, Refused
from storage.money import BIGINT, Money
from storage.names import check_name, check_text
from storage.records import history, named
from storage.records.counters import next_id
from storage.records.history import Recorded
from storage.records.named import moment, one_of

WAITING, DONE, DECLINED, WITHDRAWN = "waiting", "done", "declined", "withdrawn"
STATES = (WAITING, DONE, DECLINED, WITHDRAWN)
_UNTOLD = {"unrecorded": True}


class Transfer(Recorded, Base):
    """Hold what is to leave an account: who asked for it (`maker_id`), and who agreed or declined (`checker_id`).

    It goes to another account here, or where `to_words` says outside. The history tells of its states alone, as what it
    is about is for few.
    """

    __noun__: ClassVar[str] = "transfer"
    __tablename__ = "transfer"
    __table_args__ = (
        composite_key("portfolio_id", "finance.portfolio"),
        composite_key("account_id", "finance.account"),
        composite_key("to_account_id", "finance.account"),
        composite_key("instrument_id", "finance.instrument"),
        composite_key("booking_id", "finance.booking"),
        Index(None, "workspace_id", "state", "id"),
        Index(None, "workspace_id", "portfolio_id", "id"),
        one_of("state", STATES),
        CheckConstraint("checker_id IS DISTINCT FROM maker_id OR checker_id IS NULL", name="two_people"),
        CheckConstraint("(state = 'done') = (booking_id IS NOT NULL)", name="booked"),
        CheckConstraint("state NOT IN ('done', 'declined') OR checker_id IS NOT NULL", name="checked"),
        CheckConstraint("(to_account_id IS NULL) <> (to_words IS NULL)", name="goes_to"),
        CheckConstraint(
            "CASE WHEN instrument_id IS NULL THEN quantity IS NULL AND currency IS NOT NULL AND amount_minor > 0"
            " ELSE quantity > 0 AND currency IS NULL AND amount_minor IS NULL END IS TRUE",
            name="of",
        ),
        SCHEMA,
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    portfolio_id: Mapped[int]
    account_id: Mapped[int] = mapped_column(info=_UNTOLD)
    to_account_id: Mapped[int | None] = mapped_column(info=_UNTOLD)
    to_words: Mapped[str | None] = mapped_column(info=_UNTOLD)
    instrument_id: Mapped[int | None] = mapped_column(info=_UNTOLD)
    quantity: Mapped[Decimal | None] = mapped_column(QUANTITY, info=_UNTOLD)
    currency: Mapped[str | None] = mapped_column(info=_UNTOLD)
    amount_minor: Mapped[int | None] = mapped_column(info=_UNTOLD)
    words: Mapped[str | None] = mapped_column(info=_UNTOLD)
    state: Mapped[str]
    maker_id: Mapped[str] = mapped_column(info={"internal": True})
    made_at: Mapped[datetime] = mapped_column(server_default=func.now(), info=_UNTOLD)
    checker_id: Mapped[str | None] = mapped_column(info={"internal": True})
    checked_at: Mapped[datetime | None] = mapped_column(info=_UNTOLD)
    reason: Mapped[str | None] = mapped_column(info=_UNTOLD)
    booking_id: Mapped[int | None] = mapped_column(info={"internal": True})
    on_date: Mapped[date] = mapped_column(info=_UNTOLD)

    def history_subject(self) -> tuple[str, int | None]:
        """Return the portfolio: its timeline shows what is to leave it."""
        return "portfolio", self.portfolio_id

    def history_name(self) -> str:
        """Return what people call it."""
        return f"#{self.id}"

    def undoing(self, session: Session, action: str) -> NoReturn:
        """Raise Conflict: who asked and who agreed stays on record."""
        raise Conflict(
            "Transfer {number} stays on record, so it cannot be undone.",
            hint="While it waits, whoever asked for it can withdraw it: `/crm transfer withdraw {number}`.",
            number=self.id,
        )


def ask(
    session: Session,
    account: PortfolioAccount,
    what: Money | tuple[Instrument, Decimal],
    to: PortfolioAccount | str,
    on: date,
    *,
    words: str | None = None,
) -> Transfer:
    """Ask for something to leave an account, for another here or for somewhere outside, and return what waits.

    Whoever the session acts for is the maker. Nothing is booked yet. Raises Invalid for nothing, for an account to
    itself.
    """
    maker = history.current_actor(session)
    if maker is None:
        raise Refused("A transfer is asked for by a person.")
    if isinstance(to, PortfolioAccount) and to.id == account.id:
        raise Invalid("{account} is where it comes from.", account=account.name, field="to")
    if isinstance(what, Money) and what.minor <= 0:
        raise Invalid("An amount above zero, please.", field="amount")
    transfer = Transfer(
        workspace_id=current_workspace(session),
        id=next_id(session, "transfer"),
        portfolio_id=account.portfolio_id,
        account_id=account.id,
        to_account_id=to.id if isinstance(to, PortfolioAccount) else None,
        to_words=None if isinstance(to, PortfolioAccount) else check_name(to, field="to"),
        words=None if words is None else check_text(words, field="words").strip() or None,
        state=WAITING,
        maker_id=maker,
        on_date=on,
        **_what(what),
    )
    session.add(transfer)
    session.flush()
    return transfer


def too_little(session: Session, transfer: Transfer) -> Money | Decimal | None:
    """Return what the account held of it on the transfer's day, where that is less than is to go."""
    if transfer.currency is not None:
        cash = holdings.money_of_account(session, transfer.account_id, transfer.currency, transfer.on_date)
        return cash if cash.minor < (transfer.amount_minor or 0) else None
    number, on = transfer.instrument_id or 0, transfer.on_date
    there = holdings.of_account(session, transfer.account_id, number, on)
    return there if there < (transfer.quantity or 0) else None


def _what(what: Money | tuple[Instrument, Decimal]) -> dict[str, Any]:
    if isinstance(what, Money):
        return {"currency": what.currency, "amount_minor": what.minor}
    instrument, quantity = what
    return {"instrument_id": instrument.id, "quantity": quantity}


def approve(session: Session, transfer: Transfer) -> Booking:
    """Agree to a transfer, as somebody else than who asked for it, and book it: once, however many agree at once.

    Raises Refused for the maker, Conflict where it waits no longer, or where there is too little to go.
    """
    checker = _checked(session, transfer)
    account = named.get(session, PortfolioAccount, transfer.account_id)
    to = named.get(session, PortfolioAccount, transfer.to_account_id) if transfer.to_account_id else None
    journal.locked(session, account.portfolio_id, *([to.portfolio_id] if to else []))
    booking = journal.book(
        session,
        transfer.portfolio_id,
        TRANSFER,
        _of_money(transfer, account, to) if transfer.currency else _in_kind(session, transfer, account, to),
        traded_on=transfer.on_date,
        instrument_id=transfer.instrument_id,
        words=transfer.words,
    )
    transfer.state, transfer.booking_id = DONE, booking.id
    transfer.checker_id, transfer.checked_at = checker, moment()
    session.flush()
    return booking


def decline(session: Session, transfer: Transfer, reason: str) -> None:
    """Decline a transfer with a reason, as somebody else than who asked for it; raise as `approve` does."""
    transfer.checker_id = _checked(session, transfer)
    transfer.state, transfer.checked_at = DECLINED, moment()
    transfer.reason = check_text(reason, field="because").strip()
    if not transfer.reason:
        raise Invalid("Say why.", field="because")
    session.flush()


def withdraw(session: Session, transfer: Transfer) -> None:
    """Take back what one has asked for oneself; raise Refused for anybody else, Conflict where it waits no longer."""
    _waits(session, transfer)
    if transfer.maker_id != history.current_actor(session):
        raise Refused("Only who asked for it can withdraw it. Decline it instead.")
    transfer.state = WITHDRAWN
    session.flush()


def get(session: Session, number: int) -> Transfer:
    """Return a transfer by its number; raise NotFound where there is none."""
    found = session.get(Transfer, (current_workspace(session), number)) if 0 < number <= BIGINT else None
    if found is None:
        raise NotFound("There is no transfer {number}.", number=number, field="transfer")
    return found


def listed(session: Session, *where: ColumnElement[bool], limit: int) -> Sequence[Transfer]:
    """Return transfers of which the conditions hold, the newest first, at most `limit`."""
    return session.scalars(select(Transfer).where(*where).order_by(Transfer.id.desc()).limit(limit)).all()


def _checked(session: Session, transfer: Transfer) -> str:
    """Wait for whoever else checks it now, and return who does here; raise where that may not be."""
    _waits(session, transfer)
    checker = history.current_actor(session)
    if checker is None or checker == transfer.maker_id:
        raise Refused("You asked for it, so somebody else must check it.")
    return checker


def _waits(session: Session, transfer: Transfer) -> None:
    session.refresh(transfer, with_for_update=True)
    if transfer.state == WITHDRAWN:
        raise Conflict("Transfer {number} was withdrawn.", number=transfer.id)
    if transfer.state != WAITING:
        done = transfer.state == DONE
        said = "Transfer {number} was approved by {who}." if done else "Transfer {number} was declined by {who}."
        raise Conflict(said, number=transfer.id, who=history.actor_name(session, transfer.checker_id))


def _of_money(transfer: Transfer, account: PortfolioAccount, to: PortfolioAccount | None) -> list[Posting]:
    amount = Money(transfer.amount_minor or 0, transfer.currency or "")
    there = journal.given(to, amount) if to else journal.elsewhere(OUTSIDE, amount)
    return [journal.given(account, minus(amount)), there]


def _in_kind(
    session: Session, transfer: Transfer, account: PortfolioAccount, to: PortfolioAccount | None
) -> list[Posting]:
    """Return the postings of instruments that move: what they cost, and since when they are theirs, goes along."""
    instrument, quantity = transfer.instrument_id or 0, transfer.quantity or Decimal(0)
    out = journal.held(account, instrument, -quantity)
    if to is None:
        return [out, journal.traded(OUTSIDE, instrument, quantity)]
    moves = holdings.moves(session, [account.id], transfer.on_date)
    lots = followed(moves, METHOD.of(session), lambda amount, _day: amount)
    there = sum((one.quantity for one in lots.held.get((account.id, instrument), ())), Decimal(0))
    if there < quantity:
        raise Conflict(
            "{account} held only {there} of it on {day}.",
            account=account.name,
            there=f"{there.normalize():f}",
            day=transfer.on_date.isoformat(),
            field="quantity",
        )
    gone = lots.add(Move(transfer.on_date, account.id, instrument, -quantity))
    return [out, *(journal.held(to, instrument, one.quantity, cost=one.cost, since=one.since) for one in gone)]
