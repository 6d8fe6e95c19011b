"""Move money or instruments out of a portfolio once a second person has agreed."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, NoReturn

from sqlalchemy import CheckConstraint, ForeignKey, Index, func
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.plugins.finance.books.instruments import QUANTITY, SCHEMA
from storage.database.engine import Base, composite_key
from storage.errors import Conflict
from storage.records.history import Recorded
from storage.records.named import one_of

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
    account_id: Mapped[int]
    to_account_id: Mapped[int | None] = mapped_column(info=_UNTOLD)
    to_words: Mapped[str | None] = mapped_column(info=_UNTOLD)
    instrument_id: Mapped[int | None] = mapped_column(info=_UNTOLD)
    quantity: Mapped[Decimal | None] = mapped_column(QUANTITY, info=_UNTOLD)
    currency: Mapped[str | None] = mapped_column(info=_UNTOLD)
    amount_minor: Mapped[int | None] = mapped_column(info=_UNTOLD)
    words: Mapped[str | None] = mapped_column(info=_UNTOLD)
    state: Mapped[str]
    maker_id: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(server_default=func.now(), info=_UNTOLD)
    checker_id: Mapped[str | None]
    checked_at: Mapped[datetime | None] = mapped_column(info=_UNTOLD)
    reason: Mapped[str | None] = mapped_column(info=_UNTOLD)
    booking_id: Mapped[int | None]
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
