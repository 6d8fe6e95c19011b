"""Know Slack's channels, and what a team uses them for: a customer's channel, an inbox, the triage channel."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from storage.crm.customers import Customer
from storage.database.engine import TENANT, Base, composite_key, current_workspace, notify
from storage.errors import Invalid, NotFound
from storage.names import name_key
from storage.records.history import Recorded, current_actor
from storage.records.named import one_of
from storage.workspace.workspaces import WORKSPACES_CHANGED, Workspace


class Use(StrEnum):
    """Say what the messages in a channel are to us."""

    CUSTOMER = "customer"
    INBOX = "inbox"


class Grouping(StrEnum):
    """Say which messages of a channel belong to one ticket.

    `matter` joins what an author writes about one matter, by what it says, `window` what they write within some
    minutes; `thread` begins one with each message outside a thread, `message` makes each its own, `manual` none: only
    the emoji or the shortcut does.
    """

    MATTER = "matter"
    THREAD = "thread"
    WINDOW = "window"
    MESSAGE = "message"
    MANUAL = "manual"


LONGEST_WINDOW = 1_440
_KEPT = tuple(one for one in Grouping if one is not Grouping.MATTER)


class Channel(Base):
    """Remember what Slack says of a channel; `id` is Slack's. Who reads it is in `storage.support.sharing`."""

    __tablename__ = "channel"
    __table_args__ = {"info": TENANT}

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    # What a replica of the release before looks at.
    is_ext_shared: Mapped[bool] = mapped_column(server_default=text("false"))
    is_private: Mapped[bool] = mapped_column(server_default=text("false"))
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ChannelLink(Recorded, Base):
    """Say what a channel is used for: it is one customer's, or an inbox for everyone.

    `cards_channel_id` is where support sees its cards, None for the workspace's triage channel. What the release before
    groups by a window, this one groups by matter where `by_matter` says so.
    """

    __noun__ = "channel_link"
    __audit__ = "channels"
    __tablename__ = "channel_link"
    __table_args__ = (
        composite_key("channel_id", "channel", ondelete="CASCADE"),
        composite_key("customer_id", "customer", ondelete="CASCADE"),
        one_of("use", tuple(Use)),
        one_of("grouping", _KEPT),
        CheckConstraint("window_minutes BETWEEN 1 AND 1440", name="window_minutes"),
        CheckConstraint("(use = 'customer') = (customer_id IS NOT NULL)", name="customer"),
        Index(None, "workspace_id", "customer_id"),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    channel_id: Mapped[str] = mapped_column(primary_key=True)
    use: Mapped[str]
    customer_id: Mapped[int | None]
    grouping: Mapped[str] = mapped_column(server_default=Grouping.WINDOW.value)
    window_minutes: Mapped[int] = mapped_column(SmallInteger, server_default="10")
    by_matter: Mapped[bool] = mapped_column(server_default=text("true"))
    cards_channel_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str | None]

    channel: Mapped[Channel] = relationship(viewonly=True)
    customer: Mapped[Customer | None] = relationship(viewonly=True)

    __mapper_args__ = {"eager_defaults": True}

    @property
    def groups_by(self) -> Grouping:
        """Return which messages of the channel belong to one ticket."""
        return Grouping.MATTER if self.by_matter and self.grouping == Grouping.WINDOW else Grouping(self.grouping)

    def history_subject(self) -> tuple[str, int | None]:
        """Return the customer, in whose timeline the link belongs; an inbox has none."""
        if self.customer_id is None:
            return super().history_subject()
        return Customer.__noun__, self.customer_id


def seen(session: Session, channel_id: str, *, name: str | None, is_private: bool = False) -> Channel:
    """Remember what Slack just said of a channel and return it."""
    facts = {"name": name, "is_private": is_private, "seen_at": func.now()}
    statement = insert(Channel).values(workspace_id=current_workspace(session), id=channel_id, **facts)
    return session.scalars(
        statement.on_conflict_do_update(index_elements=["workspace_id", "id"], set_=facts).returning(Channel),
        execution_options={"populate_existing": True},
    ).one()


def get(session: Session, channel_id: str) -> Channel | None:
    """Return what is known of a channel, None if nothing is."""
    return session.get(Channel, (current_workspace(session), channel_id))


def link_of(session: Session, channel_id: str) -> ChannelLink | None:
    """Return what a channel is used for, None if for nothing of ours."""
    return session.get(ChannelLink, (current_workspace(session), channel_id))


def link(session: Session, channel_id: str, customer_id: int) -> ChannelLink:
    """Make a known channel a customer's, whatever it was before; raise NotFound if the channel is not known."""
    return _use(session, channel_id, Use.CUSTOMER, customer_id)


def make_inbox(session: Session, channel_id: str) -> ChannelLink:
    """Make a known channel an inbox, whatever it was before; raise NotFound if the channel is not known."""
    return _use(session, channel_id, Use.INBOX, None)


def unlink(session: Session, channel_id: str) -> bool:
    """Use a channel for nothing any more; return False if it was used for nothing."""
    known = link_of(session, channel_id)
    if known is None:
        return False
    session.delete(known)
    session.flush()
    return True


def group_by(session: Session, link: ChannelLink, grouping: Grouping | str, minutes: int | None = None) -> ChannelLink:
    """Say which messages of a channel make one ticket; raise Invalid for another way or no 1 to 1440 minutes."""
    try:
        wanted = Grouping(name_key(grouping))
    except ValueError:
        raise Invalid(
            "Messages cannot be grouped by {grouping}.",
            hint="They are grouped by {groupings}.",
            field="by",
            typed=grouping,
            grouping=grouping,
            groupings=", ".join(Grouping),
        ) from None
    link.by_matter = wanted is Grouping.MATTER
    link.grouping = Grouping.WINDOW if link.by_matter else wanted
    if minutes is not None:
        if not 1 <= minutes <= LONGEST_WINDOW:
            raise Invalid("A window is 1 to {most} minutes long.", field="minutes", most=LONGEST_WINDOW)
        link.window_minutes = minutes
    session.flush()
    return link


def show_cards_in(session: Session, link: ChannelLink, channel_id: str | None) -> ChannelLink:
    """Choose where support sees the cards of one channel, None for the workspace's triage channel."""
    link.cards_channel_id = channel_id
    session.flush()
    return link


def links(session: Session, *, customer_id: int | None = None) -> list[ChannelLink]:
    """Return the channels in use, all or one customer's; a workspace has some dozens of them."""
    statement = select(ChannelLink).order_by(ChannelLink.channel_id)
    if customer_id is not None:
        statement = statement.where(ChannelLink.customer_id == customer_id)
    return list(session.scalars(statement))


def set_triage(session: Session, channel_id: str | None) -> None:
    """Choose the channel in which customers' messages are shown to the team, or none."""
    workspace = session.get_one(Workspace, current_workspace(session))
    workspace.triage_channel_id = channel_id
    session.flush()
    notify(session, WORKSPACES_CHANGED, workspace.id)


def triage(session: Session) -> str | None:
    """Return the id of the channel in which customers' messages are shown to the team, None if none is chosen."""
    return session.scalars(select(Workspace.triage_channel_id)).one()


def _use(session: Session, channel_id: str, use: Use, customer_id: int | None) -> ChannelLink:
    if get(session, channel_id) is None:
        raise NotFound("I do not know this channel.", field="channel", typed=channel_id)
    known = link_of(session, channel_id)
    if known is None:
        known = ChannelLink(
            workspace_id=current_workspace(session), channel_id=channel_id, created_by=current_actor(session)
        )
        session.add(known)
    known.use, known.customer_id = use, customer_id
    session.flush()
    session.expire(known, ["customer", "channel"])
    return known
