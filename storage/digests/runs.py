"""Keep the numbers of each digest as it was drawn: what the next compares with, and what a key such as F3 means.

A number is kept with the ids of the first records behind it, so that they are listed as they were counted, whatever
became of them since.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Identity, Index, func, or_, select, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database.engine import TENANT, Base, composite_key, current_workspace
from storage.digests.metrics import Cut, Metric, Number, Part, Period, identities
from storage.digests.schedules import Digest
from storage.errors import NotFound
from storage.money import Money
from storage.names import name_key
from storage.queues import outbox

BEHIND = 50
"""How many records behind a number are kept."""


class DigestRun(Base):
    """Hold a digest as drawn: for a delivery, or at once for a person, then without one.

    `asked` says that somebody asked for it besides its usual times. `numbers` are as `described` makes them, in the
    order of their keys; `only` are the filters of what they count.
    """

    __tablename__ = "digest_run"
    __table_args__ = (
        composite_key("digest_id", "digest", ondelete="SET NULL"),
        Index("digest_run_delivery_key", "workspace_id", "delivery_id", unique=True),
        Index("digest_run_created_at_idx", "workspace_id", "created_at"),
        Index("digest_run_digest_idx", "workspace_id", "digest_id", "until"),
        Index("digest_run_user_idx", "workspace_id", "target_user", text("id DESC")),
        Index("digest_run_channel_idx", "workspace_id", "target_channel", text("id DESC")),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    delivery_id: Mapped[UUID | None]
    digest_id: Mapped[int | None]
    name: Mapped[str]
    target_user: Mapped[str | None]
    target_channel: Mapped[str | None]
    asked: Mapped[bool]
    since: Mapped[datetime]
    until: Mapped[datetime]
    only: Mapped[str] = mapped_column(server_default="")
    numbers: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __mapper_args__ = {"eager_defaults": True}

    def find(self, key: str) -> dict[str, Any] | None:
        """Return the number with a key such as F3, in any case; None if the digest had none."""
        return next((one for one in self.numbers if one["key"].casefold() == key.casefold()), None)

    def parts(self, figure: Metric, cut: Cut) -> list[Number]:
        """Return the parts of a figure as they were counted."""
        found = map(number_of, self.numbers)
        return [one for one in found if one.figure is figure and one.part and one.part.cut is cut]

    def of(self, figure: Metric, part: Part | None) -> Number | None:
        """Return a number as it was counted, None if the digest did not have it."""
        found = map(number_of, self.numbers)
        return next((one for one in found if one.figure is figure and one.part == part), None)


def described(session: Session, key: str, number: Number, period: Period) -> dict[str, Any]:
    """Return a number with its key and the first records behind it, as JSON."""
    part = number.part
    return {
        "key": key,
        "figure": number.figure.value,
        "cut": part.cut.value if part else None,
        "value": part.value if part else None,
        "count": number.count,
        "amounts": {amount.currency: amount.minor for amount in number.amounts},
        "ids": identities(session, number.figure, period, part, limit=BEHIND) if number.count else [],
    }


def number_of(kept: dict[str, Any]) -> Number:
    """Return the number that `described` made this of; raise ValueError for a figure that there is no more."""
    part = Part(Cut(kept["cut"]), kept["value"]) if kept["cut"] else None
    amounts = tuple(Money(minor, currency) for currency, minor in sorted(kept["amounts"].items()))
    return Number(Metric(kept["figure"]), kept["count"], part, amounts)


def keep(
    session: Session,
    *,
    name: str,
    period: Period,
    numbers: Sequence[dict[str, Any]],
    digest: Digest | None = None,
    delivery_id: UUID | None = None,
    target_user: str | None = None,
    target_channel: str | None = None,
    asked: bool = False,
    only: str = "",
) -> DigestRun:
    """Keep a digest as drawn, in the place of what an earlier attempt of the same delivery drew."""
    workspace_id = current_workspace(session)
    values = {
        "name": name,
        "digest_id": digest.id if digest else None,
        "target_user": target_user,
        "target_channel": target_channel,
        "asked": asked,
        "since": period.since,
        "until": period.until,
        "only": only,
        "numbers": list(numbers),
    }
    made = insert(DigestRun).values(values | {"workspace_id": workspace_id, "delivery_id": delivery_id})
    made = made.on_conflict_do_update(index_elements=["workspace_id", "delivery_id"], set_=values)
    return session.scalars(made.returning(DigestRun), execution_options={"populate_existing": True}).one()


def last_sent(
    session: Session, digest: Digest, *, but: UUID | None = None, scheduled: bool = False
) -> DigestRun | None:
    """Return the last run of a digest that went out, or only of the `scheduled` ones; `but` is left out.

    What one person was shown at once, such as a preview, went out to nobody.
    """
    unsent = select(outbox.Delivery.id).where(
        outbox.Delivery.workspace_id == current_workspace(session),
        outbox.Delivery.id == DigestRun.delivery_id,
        outbox.Delivery.state != "sent",
    )
    statement = (
        select(DigestRun)
        .where(
            DigestRun.digest_id == digest.id,
            DigestRun.delivery_id.is_not(None),
            DigestRun.delivery_id.is_distinct_from(but),
            ~unsent.exists(),
        )
        .order_by(DigestRun.until.desc())
        .limit(1)
    )
    if scheduled:
        statement = statement.where(DigestRun.asked.is_(False))
    return session.scalars(statement).one_or_none()


def newest(session: Session, *, user_id: str, channel_id: str, name: str | None = None) -> DigestRun | None:
    """Return the digest that came last to a conversation or a person, by its name if one is given."""
    statement = select(DigestRun).order_by(DigestRun.id.desc()).limit(1)
    statement = statement.where(or_(DigestRun.target_user == user_id, DigestRun.target_channel == channel_id))
    if name is not None:
        statement = statement.where(func.lower(DigestRun.name).startswith(name_key(name), autoescape=True))
    return session.scalars(statement).one_or_none()


def as_of(session: Session, at: datetime, *, user_id: str, name: str) -> DigestRun | None:
    """Return the last digest of a name that somebody was shown up to a moment, and so what stood then; None for none.

    What they looked at since is left out: all changes of a digest are against one time.
    """
    theirs = (DigestRun.target_user == user_id, DigestRun.name == name, DigestRun.until <= at)
    return session.scalars(select(DigestRun).where(*theirs).order_by(DigestRun.until.desc()).limit(1)).one_or_none()


def get(session: Session, run_id: int) -> DigestRun:
    """Return a run; raise NotFound if it is not kept any more."""
    found = session.get(DigestRun, (current_workspace(session), run_id))
    if found is None:
        raise NotFound("The numbers of this digest are no longer stored.")
    return found
