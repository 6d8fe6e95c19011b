"""Know which channels others than this workspace's people can read: as Slack's events said, or as it answered just now.

What is known is kept for a minute; an event puts an end to it at once. A channel of which nothing is known is to be
taken for shared.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, and_, case, false, func, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database.engine import TENANT, Base, current_workspace

FRESH_S = 60
"""For how long an answer of Slack's holds: events may be late, and may not come at all."""

_FLAGS = ("is_ext_shared", "is_pending_ext_shared", "is_shared", "is_org_shared", "is_global_shared")
_OTHERS = (
    "connected_team_ids",
    "pending_connected_team_ids",
    "pending_shared",
    "shared_team_ids",
    "internal_team_ids",
)


class ChannelSharing(Base):
    """Hold what is known of one channel: since when, and how often Slack said that it changes.

    `shared` and `known_at` are None where nothing is known; `event_at` is the time of the newest event.
    """

    __tablename__ = "channel_sharing"
    __table_args__ = {"info": TENANT}

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    channel_id: Mapped[str] = mapped_column(primary_key=True)
    shared: Mapped[bool | None]
    known_at: Mapped[datetime | None]
    changes: Mapped[int] = mapped_column(server_default="0")
    event_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class KnownSharing:
    """Say whether a channel is shared, None where Slack is to be asked, and as of when it would answer."""

    shared: bool | None
    changes: int
    at: datetime


def others_read(channel: Mapping[str, Any], workspace_id: str) -> bool:
    """Tell from conversations.info's `channel` whether others than this workspace's people can read it, or soon may.

    Other workspaces of the same Enterprise Grid are others, as is an organisation that is only invited. What does not
    say that it is not shared is shared.
    """
    if channel.get("is_ext_shared") is None or any(channel.get(flag) for flag in _FLAGS):
        return True
    teams = {str(team) for name in _OTHERS for team in channel.get(name) or ()}
    return bool((teams | {str(channel.get("conversation_host_id") or workspace_id)}) - {workspace_id})


def known(session: Session, channel_id: str) -> KnownSharing:
    """Return what is known of a channel at this moment."""
    fresh = ChannelSharing.known_at > func.now() - func.make_interval(0, 0, 0, 0, 0, 0, FRESH_S)
    found = session.execute(
        select(case((fresh, ChannelSharing.shared)), ChannelSharing.changes, func.now()).where(
            *_this(session, channel_id)
        )
    ).one_or_none()
    if found is None:
        return KnownSharing(None, 0, session.scalars(select(func.now())).one())
    return KnownSharing(*found)


def learn(session: Session, channel_id: str, shared: bool, *, since: KnownSharing) -> bool:
    """Keep what Slack answered to a question asked `since` then; False if an event or a newer answer came meanwhile."""
    statement = insert(ChannelSharing).values(
        workspace_id=current_workspace(session), channel_id=channel_id, shared=shared, known_at=since.at
    )
    kept = statement.on_conflict_do_update(
        index_elements=["workspace_id", "channel_id"],
        set_={"shared": shared, "known_at": since.at},
        where=and_(
            ChannelSharing.changes == since.changes,
            or_(ChannelSharing.known_at.is_(None), ChannelSharing.known_at <= since.at),
        ),
    )
    return session.execute(kept.returning(ChannelSharing.channel_id)).first() is not None


def announced(session: Session, channel_id: str, *, shared: bool, at: datetime | None) -> None:
    """Take note of an event: that a channel is shared holds at once, that it is not is to be asked for.

    It may still be shared with others. So is what an event says that is older than another, as Slack keeps no order.
    """
    newest = true() if at is None else or_(ChannelSharing.event_at.is_(None), ChannelSharing.event_at <= at)
    holds = newest if shared else false()
    statement = insert(ChannelSharing).values(
        workspace_id=current_workspace(session),
        channel_id=channel_id,
        shared=True if shared else None,
        known_at=func.now() if shared else None,
        changes=1,
        event_at=at,
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["workspace_id", "channel_id"],
            set_={
                "shared": case((holds, True)),
                "known_at": case((holds, func.now())),
                "changes": ChannelSharing.changes + 1,
                "event_at": func.greatest(ChannelSharing.event_at, at),
            },
        )
    )


def changing(session: Session, channel_id: str) -> None:
    """Take nothing for known of a channel of which an event says something that is not taken note of yet."""
    statement = insert(ChannelSharing).values(
        workspace_id=current_workspace(session), channel_id=channel_id, shared=None, known_at=None, changes=1
    )
    unknown = {"shared": None, "known_at": None, "changes": ChannelSharing.changes + 1}
    session.execute(statement.on_conflict_do_update(index_elements=["workspace_id", "channel_id"], set_=unknown))


def noticed(session: Session, channel_id: str) -> None:
    """Take note that something came from a channel that is shared; what is known already stays as it is."""
    if known(session, channel_id).shared is not True:
        announced(session, channel_id, shared=True, at=None)


def doubt(session: Session) -> None:
    """Take nothing for known that was learned in this workspace until now, as events may have been missed."""
    ours = ChannelSharing.workspace_id == current_workspace(session)
    # In their order: several processes may do this at once.
    learned = select(ChannelSharing.channel_id).where(ours, ChannelSharing.known_at.is_not(None))
    session.execute(
        update(ChannelSharing)
        .where(ours, ChannelSharing.channel_id.in_(learned.order_by(ChannelSharing.channel_id).with_for_update()))
        .values(shared=None, known_at=None, changes=ChannelSharing.changes + 1)
        .execution_options(synchronize_session=False)
    )


def _this(session: Session, channel_id: str) -> tuple[Any, ...]:
    return ChannelSharing.workspace_id == current_workspace(session), ChannelSharing.channel_id == channel_id
