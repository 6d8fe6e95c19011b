"""Keep what came of judging trades that somebody proposed: what spoke against them, and who let them pass, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, NoReturn

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.plugins.finance.books.instruments import PRICE, QUANTITY, SCHEMA, Instrument
from bot.plugins.finance.books.portfolios import Portfolio, PortfolioAccount
from bot.plugins.finance.books.trades import Trade
from bot.plugins.finance.risk.suitability.judgement import Basis, Objection, TradeJudgement, TradeVerdict
from storage.database.engine import Base, composite_key, current_workspace
from storage.errors import Conflict, Invalid, NotFound, Refused
from storage.money import BIGINT, Money
from storage.names import check_note, name_key
from storage.records import history, named
from storage.records.counters import next_id
from storage.records.history import Recorded
from storage.records.named import moment, one_of

SUITABLE, WARNED, BLOCKED = (verdict.value for verdict in TradeVerdict)
RELEASED, DECLINED, WITHDRAWN, BOOKED = "released", "declined", "withdrawn", "booked"
STATES = (SUITABLE, WARNED, BLOCKED, RELEASED, DECLINED, WITHDRAWN, BOOKED)
CLEARED = (SUITABLE, WARNED, RELEASED)
"""The states in which a trade may be booked."""
STANDS_FOR = timedelta(days=7)
"""So long a trade may be booked after it was judged; it is judged again then."""
REASON_LIMIT = 2_000
MOST_WAITING = 50
_UNTOLD = {"unrecorded": True}


class SuitabilityCheck(Recorded, Base):
    """Hold a trade that `maker_id` proposed, why it does not suit, and who released or declined it for what `reason`.

    The history tells of its states alone, as what it is about is for few.
    """

    __noun__: ClassVar[str] = "suitability"
    __audit__ = "suitability"
    __tablename__ = "suitability_check"
    __table_args__ = (
        composite_key("portfolio_id", "finance.portfolio"),
        composite_key("account_id", "finance.account"),
        composite_key("instrument_id", "finance.instrument"),
        composite_key("profile_id", "finance.risk_profile", ondelete="SET NULL"),
        composite_key("booking_id", "finance.booking"),
        Index(None, "workspace_id", "state", "id"),
        Index(None, "workspace_id", "portfolio_id", "id"),
        one_of("state", STATES),
        one_of("basis", tuple(Basis)),
        CheckConstraint("checker_id IS DISTINCT FROM maker_id OR checker_id IS NULL", name="two_people"),
        CheckConstraint(
            "state NOT IN ('released', 'declined') OR (checker_id IS NOT NULL AND reason IS NOT NULL)", name="checked"
        ),
        CheckConstraint("quantity <> 0 AND price >= 0 AND fee_minor >= 0", name="trade"),
        SCHEMA,
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    portfolio_id: Mapped[int]
    account_id: Mapped[int] = mapped_column(info=_UNTOLD)
    instrument_id: Mapped[int] = mapped_column(info=_UNTOLD)
    quantity: Mapped[Decimal] = mapped_column(QUANTITY, info=_UNTOLD)
    price: Mapped[Decimal] = mapped_column(PRICE, info=_UNTOLD)
    fee_minor: Mapped[int] = mapped_column(info=_UNTOLD)
    basis: Mapped[str]
    state: Mapped[str]
    reasons: Mapped[list[Any]] = mapped_column(info=_UNTOLD)
    profile_id: Mapped[int | None] = mapped_column(info=_UNTOLD)
    maker_id: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(server_default=func.now(), info=_UNTOLD)
    checker_id: Mapped[str | None]
    checked_at: Mapped[datetime | None] = mapped_column(info=_UNTOLD)
    reason: Mapped[str | None] = mapped_column(info=_UNTOLD)
    booking_id: Mapped[int | None]

    @property
    def against(self) -> list[Objection]:
        """Return what spoke against the trade."""
        return [Objection(code, told) for code, told in self.reasons]

    def history_subject(self) -> tuple[str, int | None]:
        """Return the portfolio: its timeline shows what was judged."""
        return "portfolio", self.portfolio_id

    def history_name(self) -> str:
        """Return what people call it."""
        return f"#{self.id}"

    def undoing(self, session: Session, action: str) -> NoReturn:
        """Raise Conflict: what was judged, and who decided, stays on record."""
        raise Conflict(
            "Check {number} stays on record, so it cannot be undone.",
            hint="While it is not booked, whoever asked for it can withdraw it: `/crm risk withdraw {number}`.",
            number=self.id,
        )


@dataclass(frozen=True)
class CheckedTrade(Trade):
    """Hold a trade with the check by which it is booked."""

    check: SuitabilityCheck = field(kw_only=True)


def keep(
    session: Session, trade: Trade, judgement: TradeJudgement, *, basis: Basis, profile_id: int | None, maker_id: str
) -> SuitabilityCheck:
    """Keep a proposed trade with what came of judging it."""
    made = SuitabilityCheck(
        workspace_id=current_workspace(session),
        id=next_id(session, SuitabilityCheck.__noun__),
        portfolio_id=trade.account.portfolio_id,
        account_id=trade.account.id,
        instrument_id=trade.instrument.id,
        quantity=trade.quantity,
        price=trade.price,
        fee_minor=trade.fee.minor,
        basis=basis.value,
        state=judgement.verdict.value,
        reasons=[[one.code, dict(one.told)] for one in judgement.reasons],
        profile_id=profile_id,
        maker_id=maker_id,
    )
    session.add(made)
    session.flush()
    return made


def get(session: Session, number: int, *, lock: bool = False) -> SuitabilityCheck:
    """Return a check by its number, with `lock` held until the transaction ends; raise NotFound where there is none."""
    key = (current_workspace(session), number if 0 < number <= BIGINT else 0)
    found = session.get(SuitabilityCheck, key, with_for_update=lock or None, populate_existing=lock)
    if found is None:
        raise NotFound("There is no check {number}.", number=number, field="check")
    return found


def trade_of(session: Session, check: SuitabilityCheck, today: date) -> CheckedTrade:
    """Return the trade that was proposed, as one of today."""
    instrument = named.get(session, Instrument, check.instrument_id)
    return CheckedTrade(
        named.get(session, PortfolioAccount, check.account_id),
        instrument,
        check.quantity,
        check.price,
        Money(check.fee_minor, instrument.currency),
        today,
        check=check,
    )


def waiting(session: Session, limit: int) -> Sequence[SuitabilityCheck]:
    """Return the blocked trades that nobody has decided on, the oldest first."""
    theirs = select(SuitabilityCheck).where(SuitabilityCheck.state == BLOCKED)
    return session.scalars(theirs.order_by(SuitabilityCheck.id).limit(limit)).all()


def of_portfolio(session: Session, portfolio: Portfolio, limit: int) -> Sequence[SuitabilityCheck]:
    """Return what was judged of a portfolio, the newest first."""
    theirs = select(SuitabilityCheck).where(SuitabilityCheck.portfolio_id == portfolio.id)
    return session.scalars(theirs.order_by(SuitabilityCheck.id.desc()).limit(limit)).all()


def cleared(session: Session, trade: Trade) -> SuitabilityCheck | None:
    """Return the newest check by which a trade may be booked, held until the transaction ends; None for none.

    It is of the same account, instrument and quantity, and at most seven days old.
    """
    same = (
        SuitabilityCheck.account_id == trade.account.id,
        SuitabilityCheck.portfolio_id == trade.account.portfolio_id,
        SuitabilityCheck.instrument_id == trade.instrument.id,
        SuitabilityCheck.quantity == trade.quantity,
        SuitabilityCheck.state.in_(CLEARED),
        SuitabilityCheck.made_at > moment() - STANDS_FOR,
    )
    found = select(SuitabilityCheck).where(*same).order_by(SuitabilityCheck.id.desc()).limit(1)
    return session.scalars(found.with_for_update().execution_options(populate_existing=True)).first()


def decide(session: Session, number: int, checker_id: str, reason: str, *, release: bool) -> SuitabilityCheck:
    """Release a blocked trade, or decline it, for a reason that stays on record; the checker is another person.

    Raises Refused for whoever proposed it, Conflict where it is decided already, Invalid without a reason.
    """
    check = get(session, number, lock=True)
    if check.maker_id == checker_id:
        raise Refused("Somebody else than who proposed it decides on check {number}.", number=number)
    if check.state != BLOCKED:
        raise _decided(session, check)
    said = check_note(reason, field="reason").strip()
    if not name_key(said):
        raise Invalid("Say why.", field="reason")
    if len(said) > REASON_LIMIT:
        raise Invalid("A reason may have up to {most} characters.", field="reason", most=REASON_LIMIT)
    check.state = RELEASED if release else DECLINED
    check.checker_id, check.checked_at, check.reason = checker_id, moment(), said
    session.flush()
    return check


def withdraw(session: Session, number: int, actor_id: str) -> SuitabilityCheck:
    """Take back a proposed trade that is not booked; raise Refused for anybody but who proposed it, or Conflict."""
    check = get(session, number, lock=True)
    if check.maker_id != actor_id:
        raise Refused("Only who proposed check {number} can withdraw it.", number=number)
    if check.state not in (*CLEARED, BLOCKED):
        raise _decided(session, check)
    check.state = WITHDRAWN
    session.flush()
    return check


def _decided(session: Session, check: SuitabilityCheck) -> Conflict:
    who = check.checker_id if check.state in (RELEASED, DECLINED) else check.maker_id
    return Conflict(
        "Check {number} is {state} already, by {who}.",
        number=check.id,
        state=check.state,
        who=history.actor_name(session, who),
    )
