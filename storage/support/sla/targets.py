"""Keep how soon customers are to be answered and served, by priority and by customer tier."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.crm.customers import check_tier
from storage.database.engine import current_workspace
from storage.errors import Invalid, NotFound
from storage.records.history import current_actor
from storage.support.sla.model import FIRST_RESPONSE, SlaTarget
from storage.support.sla.recount import recount_soon
from storage.support.tickets import Priority, check_priority

MOST_MINUTES = 90 * 24 * 60
"""The longest promise: 90 days around the clock."""

USUAL: tuple[tuple[Priority, int, int], ...] = (
    (Priority.URGENT, 60, 8 * 60),
    (Priority.HIGH, 4 * 60, 16 * 60),
    (Priority.NORMAL, 8 * 60, 40 * 60),
    (Priority.LOW, 16 * 60, 80 * 60),
)
"""What is offered to whoever begins: priority, minutes to the first answer, minutes to the solution."""


def targets(session: Session) -> list[SlaTarget]:
    """Return every promise, the most urgent first, those for one tier before those for all."""
    rank = {priority: number for number, priority in enumerate(reversed(Priority))}
    found = session.scalars(select(SlaTarget)).all()
    return sorted(
        found, key=lambda one: (rank.get(Priority(one.priority), 9) if one.priority else 9, one.tier or "\uffff")
    )


def find(session: Session, *, priority: str | None = None, tier: str | None = None) -> SlaTarget | None:
    """Return the promise for just this priority and tier, None standing for any; None if there is none."""
    which = (SlaTarget.priority.is_not_distinct_from(priority), SlaTarget.tier.is_not_distinct_from(tier))
    return session.scalars(select(SlaTarget).where(*which)).one_or_none()


def set_target(
    session: Session,
    *,
    priority: str | None = None,
    tier: str | None = None,
    first_response_minutes: int | None = None,
    resolution_minutes: int | None = None,
) -> SlaTarget:
    """Promise to answer and to solve within so many minutes of business time; what is not given stays as it was.

    `priority` and `tier` say for which tickets, None for any. The clocks of open tickets are set anew. Raises Invalid
    for a priority, tier or time that cannot be, and if nothing is promised.
    """
    if first_response_minutes is None and resolution_minutes is None:
        raise Invalid("Say how soon: `answer:1h`, `resolve:8h`, or both.", field="answer")
    for field, minutes in (("answer", first_response_minutes), ("resolve", resolution_minutes)):
        if minutes is not None and not 0 < minutes <= MOST_MINUTES:
            raise Invalid("A promise is between one minute and 90 days.", field=field, hint="Write for example 8h.")
    key = _key(priority, tier)
    target = find(session, **key)
    if target is None:
        target = SlaTarget(workspace_id=current_workspace(session), created_by=current_actor(session), **key)
        session.add(target)
    if first_response_minutes is not None:
        target.first_response_minutes = first_response_minutes
    if resolution_minutes is not None:
        target.resolution_minutes = resolution_minutes
    session.flush()
    recount_soon(session)
    return target


def set_usual(session: Session) -> list[SlaTarget]:
    """Promise what is usual for each priority, whatever the tier, and return it."""
    return [
        set_target(session, priority=priority, first_response_minutes=answer, resolution_minutes=solve)
        for priority, answer, solve in USUAL
    ]


def remove_target(session: Session, *, priority: str | None = None, tier: str | None = None) -> SlaTarget:
    """Promise nothing any more for this priority and tier, and return what was; raise NotFound if nothing was."""
    key = _key(priority, tier)
    target = find(session, **key)
    if target is None:
        raise NotFound("There is no promise for exactly these tickets.", hint="`/crm sla` lists the promises.")
    session.delete(target)
    session.flush()
    recount_soon(session)
    return target


def best(known: Sequence[SlaTarget], kind: str, *, priority: str, tier: str | None) -> int | None:
    """Return the minutes promised by the closest target that says anything of this kind of clock, None if none does.

    One for both priority and tier is closer than one for either; of two as close the shorter counts.
    """
    fitting = [
        (-((one.priority is not None) + (one.tier is not None)), minutes)
        for one in known
        if one.priority in {None, priority} and one.tier in {None, tier}
        if (minutes := one.first_response_minutes if kind == FIRST_RESPONSE else one.resolution_minutes) is not None
    ]
    return min(fitting)[1] if fitting else None


def _key(priority: str | None, tier: str | None) -> dict[str, str | None]:
    return {
        "priority": None if priority is None else str(check_priority(priority)),
        "tier": None if tier is None else check_tier(tier),
    }
