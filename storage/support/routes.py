"""Say which channel sees which tickets, and to whom they are given."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Identity, bindparam, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database.engine import TENANT, Base, current_workspace
from storage.errors import Duplicate, Invalid, NotFound
from storage.records.history import Recorded, current_actor
from storage.records.named import Key, one_of
from storage.support.tickets import Ticket
from storage.workspace import members
from storage.workspace.members import Member, Role

MOST_PEOPLE = 50
"""As many as one line of a list can name."""


class Strategy(StrEnum):
    """Say who of a route's people gets the next ticket: nobody, each in turn, or who has fewest open ones."""

    NONE = "none"
    ROUND_ROBIN = "round_robin"
    LEAST_LOADED = "least_loaded"


class Route(Recorded, Base):
    """Hold one rule; an empty `category`, `tier` or `language` means any.

    The rule that says most wins, then the oldest. `last_member_id` is who got the last ticket in turn.
    """

    __noun__ = "route"
    __audit__ = "routes"
    __tablename__ = "route"
    __table_args__ = (
        one_of("strategy", tuple(Strategy)),
        CheckConstraint("strategy = 'none' OR people <> '{}'", name="people"),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    category: Mapped[Key | None]
    tier: Mapped[Key | None]
    language: Mapped[str | None]
    channel_id: Mapped[str | None]
    people: Mapped[list[str]] = mapped_column(server_default="{}")
    strategy: Mapped[str] = mapped_column(server_default=Strategy.NONE.value)
    last_member_id: Mapped[str | None] = mapped_column(info={"unrecorded": True})
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str | None]

    __mapper_args__ = {"eager_defaults": True}

    @property
    def says(self) -> int:
        """Return how many conditions the rule has, 0 to 3."""
        return sum(condition is not None for condition in (self.category, self.tier, self.language))

    def history_name(self) -> str:
        """Return the conditions, in the order in which they are typed."""
        return " ".join(["route", *(one for one in (self.category, self.tier, self.language) if one)])


def add(
    session: Session,
    *,
    category: str | None = None,
    tier: str | None = None,
    language: str | None = None,
    channel_id: str | None = None,
    people: Sequence[str] = (),
    strategy: Strategy | str = Strategy.ROUND_ROBIN,
) -> Route:
    """Add a rule; `people` are member ids in the order of their turns, and without any the strategy is `none`.

    Keys are stored as given: the caller knows categories, tiers and languages. Raises Invalid for a rule that sends
    tickets nowhere, too many people, or somebody who can be given no tickets; Duplicate if there is a rule with the
    same conditions.
    """
    chosen = list(dict.fromkeys(people))
    if not chosen and channel_id is None:
        raise Invalid("A route needs a channel or somebody to give tickets to.", field="channel")
    if len(chosen) > MOST_PEOPLE:
        raise Invalid("A route has up to {limit} people.", field="to", limit=MOST_PEOPLE)
    for member_id in chosen:
        _check_agent(session, member_id)
    if any((one.category, one.tier, one.language) == (category, tier, language) for one in list_routes(session)):
        raise Duplicate(
            "There is already a route for exactly these tickets.",
            hint="Remove that one first: `/crm route` numbers them.",
        )
    route = Route(
        workspace_id=current_workspace(session),
        category=category,
        tier=tier,
        language=language,
        channel_id=channel_id,
        people=chosen,
        strategy=Strategy(strategy).value if chosen else Strategy.NONE.value,
        created_by=current_actor(session),
    )
    session.add(route)
    session.flush()
    return route


def list_routes(session: Session) -> list[Route]:
    """Return all rules, oldest first; a workspace has some dozens of them."""
    return list(session.scalars(select(Route).order_by(Route.id)))


def get(session: Session, route_id: int) -> Route:
    """Return a rule by its id; raise NotFound if there is none."""
    route = session.get(Route, (current_workspace(session), route_id))
    if route is None:
        raise NotFound("This route no longer exists.")
    return route


def remove(session: Session, route: Route) -> None:
    """Remove a rule; tickets stay with whom they are."""
    session.delete(route)
    session.flush()


def follow(session: Session, category: str, into: str) -> int:
    """Have the rules for a category that was merged be for the other, and return how many did.

    One for which there is a rule with the same conditions already stays, and is for nothing any more.
    """
    known = list_routes(session)
    taken = {(one.tier, one.language) for one in known if one.category == into}
    moving = [one for one in known if one.category == category and (one.tier, one.language) not in taken]
    for route in moving:
        route.category = into
    session.flush()
    return len(moving)


# Of a ticket that has none, a condition on it holds for no route: nothing equals null.
_FITTING = select(Route).where(
    or_(Route.category.is_(None), Route.category == bindparam("category")),
    or_(Route.tier.is_(None), Route.tier == bindparam("tier")),
    or_(Route.language.is_(None), Route.language == bindparam("language")),
)


def match(session: Session, *, category: str | None, tier: str | None, language: str | None) -> Route | None:
    """Return the rule for such a ticket, None if none fits: the one that says most wins, then the oldest."""
    found = session.scalars(_FITTING, {"category": category, "tier": tier, "language": language})
    return min(found, key=lambda route: (-route.says, route.id), default=None)


def uses_channel(session: Session, channel_id: str) -> bool:
    """Tell whether a rule shows cards in a channel."""
    return session.scalars(select(Route.id).where(Route.channel_id == channel_id).limit(1)).first() is not None


def next_person(session: Session, route: Route, now: datetime) -> Member | None:
    """Return who gets the next ticket of a rule, None if nobody can: those away, gone or no agents are passed over.

    Two tickets at once wait for each other, so that they go to two people. Of those with as few unresolved tickets the
    next in turn gets it.
    """
    if route.strategy == Strategy.NONE:
        return None
    session.refresh(route, with_for_update=True)
    after = route.people.index(route.last_member_id) + 1 if route.last_member_id in route.people else 0
    in_turn = [members.get(session, member_id) for member_id in (*route.people[after:], *route.people[:after])]
    there = [one for one in in_turn if one is not None and one.has(Role.AGENT) and not one.is_away(now)]
    if not there:
        return None
    chosen = there[0]
    if route.strategy == Strategy.LEAST_LOADED:
        load = open_tickets(session, [one.id for one in there])
        chosen = min(there, key=lambda one: load.get(one.id, 0))
    route.last_member_id = chosen.id
    session.flush()
    return chosen


def open_tickets(session: Session, member_ids: Sequence[str]) -> dict[str, int]:
    """Return how many unresolved tickets each member has; who has none is left out."""
    statement = (
        select(Ticket.assignee_id, func.count())
        .where(Ticket.assignee_id.in_(member_ids), Ticket.resolved_at.is_(None), Ticket.merged_into_id.is_(None))
        .group_by(Ticket.assignee_id)
    )
    return {str(member_id): number for member_id, number in session.execute(statement)}


def _check_agent(session: Session, member_id: str) -> None:
    member = members.get(session, member_id)
    if member is None:
        raise Invalid("I do not know {who} yet.", field="to", who=member_id, hint="They must use Rapport once first.")
    if not member.has(Role.AGENT):
        raise Invalid(
            "{name} is not an agent, so cannot get tickets.",
            field="to",
            name=member.name,
            hint="An admin can change that with `/crm role`.",
        )
