"""Find what did not reach anybody, let it be sent again, and tell somebody who can do something about it."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import and_, case, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from storage.crm import followups
from storage.crm.followups import Followup
from storage.database.engine import current_workspace, notify
from storage.digests import schedules
from storage.digests.schedules import Digest
from storage.errors import Conflict, NotFound
from storage.queues import outbox
from storage.queues.due import Due
from storage.queues.inbox import InboxItem
from storage.queues.outbox import POST, UPDATE, Delivery, Pause
from storage.references import parse_reference
from storage.workspace import members
from storage.workspace.members import Member, Role
from storage.workspace.workspaces import Installation

RENDERER = "deliveries.undelivered"
"""The name under which the bot draws the notice of a message that could not be delivered."""

SHARED = "shared_channel"
"""Why a message is refused that others than our own people would read."""

LATE_MIN = 5
"""How long after its time something unsent counts as late (reliability, R14)."""

PAGE = 20


def dead(session: Session, limit: int = PAGE) -> list[Delivery]:
    """Return what Slack refused for good in the session's workspace, the last first."""
    refused = (Delivery.workspace_id == current_workspace(session), Delivery.state == "dead", Delivery.kind == POST)
    return list(session.scalars(select(Delivery).where(*refused).order_by(Delivery.seq.desc()).limit(limit)))


def get(session: Session, delivery_id: UUID) -> Delivery:
    """Return a delivery of the session's workspace; raise NotFound if it is gone."""
    found = session.get(Delivery, (current_workspace(session), delivery_id), populate_existing=True)
    if found is None:
        raise NotFound("This message is no longer stored.")
    return found


def resend(session: Session, delivery_id: UUID) -> Delivery:
    """Have a refused message sent again; raise Conflict if it is not refused any more.

    What Slack may have since an earlier attempt is looked for from that one on, and all over again.
    """
    fresh = {"attempt": 0, "not_before": func.now(), "reason": None, "looked_until": None, "unreadable_since": None}
    first = case((Delivery.ambiguous, Delivery.first_attempt_at))
    return _decide(session, delivery_id, state="pending", first_attempt_at=first, **fresh)


def kept_from_others(session: Session, renderer: str) -> list[Delivery]:
    """Return the messages of a renderer, the oldest first, that were refused as others would have read them."""
    shared = (Delivery.state == "dead", Delivery.reason == SHARED, Delivery.kind == POST, Delivery.renderer == renderer)
    ours = select(Delivery).where(Delivery.workspace_id == current_workspace(session), *shared)
    return list(session.scalars(ours.order_by(Delivery.seq)))


def change_again(session: Session, channel_id: str) -> None:
    """Have the newest change of each message tried again that was refused in a channel as others would have read it."""
    newer = aliased(Delivery)
    overtaken = exists().where(
        newer.workspace_id == Delivery.workspace_id, newer.edits == Delivery.edits, newer.seq > Delivery.seq
    )
    refused = (Delivery.state == "dead", Delivery.reason == SHARED, Delivery.kind == UPDATE)
    ours = (Delivery.workspace_id == current_workspace(session), Delivery.lane == channel_id)
    fresh = {"attempt": 0, "not_before": func.now(), "reason": None, "first_attempt_at": None, "ambiguous": False}
    again = update(Delivery).where(*ours, *refused, ~overtaken).values(state="pending", **fresh)
    session.execute(again.execution_options(synchronize_session=False))
    notify(session, outbox.CHANNEL)


def send_elsewhere(session: Session, delivery_id: UUID, channel_id: str) -> Delivery:
    """Have a refused message sent to another channel; raise Conflict if it is not refused any more.

    Nobody looks in the first channel any more for what an earlier attempt may have left there.
    """
    fresh = {"attempt": 0, "not_before": func.now(), "reason": None, "looked_until": None, "unreadable_since": None}
    where = {"target_channel": channel_id, "channel": None, "thread_ts": None}
    return _decide(session, delivery_id, state="pending", first_attempt_at=None, ambiguous=False, **fresh, **where)


def give_up(session: Session, delivery_id: UUID) -> Delivery:
    """Take a refused message from the list for good; raise Conflict if it is not refused any more."""
    return _decide(session, delivery_id, state="cancelled", reason="given up")


def _decide(session: Session, delivery_id: UUID, **values: object) -> Delivery:
    which = (Delivery.workspace_id == current_workspace(session), Delivery.id == delivery_id, Delivery.state == "dead")
    changed = session.execute(
        update(Delivery)
        .where(*which)
        .values(values)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    if changed.first() is None:
        raise Conflict("Somebody has already dealt with this message.")
    notify(session, outbox.CHANNEL)
    return get(session, delivery_id)


def tell(session: Session, row: Delivery, reason: str) -> None:
    """Have those told who can do something about a refused message: author, owner, manager, or admins.

    Once a day for each place and reason; an author of each. What only changes or deletes a message is told to nobody,
    unless others read that by now, and neither is a notice of this kind: it would come back without end.
    """
    if row.renderer == RENDERER or (row.kind != POST and reason != SHARED):
        return
    place = row.id if outbox.AUTHOR in row.payload else row.lane
    today = session.scalar(select(func.to_char(func.now(), "YYYY-MM-DD")))
    for person in _responsible(session, row):
        outbox.enqueue(
            session,
            target_user=person.id,
            renderer=RENDERER,
            record=None,
            payload={"delivery": str(row.id)},
            dedupe_key=f"undelivered:{place}:{reason}:{person.id}:{today}",
        )


def was_told(session: Session, delivery_id: UUID, member_id: str) -> bool:
    """Tell whether somebody was told of a refused message, and so may decide about it."""
    notice = (
        Delivery.workspace_id == current_workspace(session),
        Delivery.renderer == RENDERER,
        Delivery.target_user == member_id,
        Delivery.payload["delivery"].astext == str(delivery_id),
    )
    return bool(session.scalar(select(exists().where(*notice))))


def _responsible(session: Session, row: Delivery) -> Sequence[Member]:
    """Return who is told instead: not the person who could not be reached."""
    candidates = [_owner(session, row)]
    reached = members.get(session, row.target_user) if row.target_user else None
    if reached is not None and reached.manager_id:
        candidates.append(reached.manager_id)
    for member_id in candidates:
        member = members.get(session, member_id) if member_id and member_id != row.target_user else None
        if member is not None and member.has(Role.VIEWER):
            return [member]
    return [admin for admin in members.staff(session, Role.ADMIN) if admin.id != row.target_user]


def _owner(session: Session, row: Delivery) -> str | None:
    if outbox.AUTHOR in row.payload:
        return str(row.payload[outbox.AUTHOR])
    noun, record_id = parse_reference(row.record or "") or (None, 0)
    record: Digest | Followup
    try:
        if noun == Digest.__noun__:
            record = schedules.get(session, record_id)
        elif noun == Followup.__noun__:
            record = followups.get(session, record_id)
        else:
            return None
    except NotFound:
        return None
    return record.owner_id


def late(session: Session) -> int:
    """Return how many messages and due times are late of the workspaces that the session sees.

    Late is what is unsent five minutes after it was due and may be tried: what waits for the end of quiet hours has
    that in its `not_before`, and a change of a message waits for the message. Late is also what was tried more than
    once, five minutes ago for the first time, unless Slack wants us to wait. Workspaces that removed the app do not
    count.
    """
    since = func.now() - timedelta(minutes=LATE_MIN)
    edited = aliased(Delivery)
    waits = exists().where(
        edited.workspace_id == Delivery.workspace_id,
        edited.id == Delivery.edits,
        edited.state == "pending",
        edited.not_before > func.now(),
    )
    paused = exists().where(
        Pause.workspace_id == Delivery.workspace_id,
        Pause.method == case((Delivery.kind == POST, "chat.postMessage"), else_=func.concat("chat.", Delivery.kind)),
        Pause.until > func.now(),
    )
    unsent = (
        Delivery.state.in_(("pending", "sending")),
        or_(
            and_(Delivery.not_before < since, Delivery.created_at < since, ~waits),
            and_(Delivery.attempt > 1, Delivery.first_attempt_at < since, ~paused),
        ),
    )
    undone = (Due.at < since, ~Due.is_job)
    return sum(
        session.scalar(
            select(func.count())
            .select_from(table)
            .where(
                *which,
                ~exists().where(Installation.workspace_id == table.workspace_id, Installation.revoked_at.is_not(None)),
            )
        )
        or 0
        for table, which in ((Delivery, unsent), (Due, undone))
    )


def failed(session: Session, limit: int = PAGE) -> list[InboxItem]:
    """Return what came from Slack and could not be handled, the last first, of the workspaces that the session sees."""
    return list(
        session.scalars(select(InboxItem).where(InboxItem.state == "dead").order_by(InboxItem.id.desc()).limit(limit))
    )


def dead_everywhere(session: Session, limit: int = PAGE) -> list[Delivery]:
    """Return what Slack refused for good, the last first, of all workspaces; the session sees '*'."""
    refused = (Delivery.state == "dead", Delivery.kind == POST)
    return list(session.scalars(select(Delivery).where(*refused).order_by(Delivery.seq.desc()).limit(limit)))
