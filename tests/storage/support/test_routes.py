"""Show which rule a ticket falls under, and who gets it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from storage.database.engine import Database
from storage.errors import Duplicate, Invalid, NotFound, Refused
from storage.records import history
from storage.support import routes, tickets
from storage.support.routes import Route, Strategy
from storage.workspace import members
from storage.workspace.members import OPEN_END, Member, MemberKind, Role

NOW = datetime(2030, 1, 7, 9, tzinfo=UTC)


@pytest.fixture
def team(session: Session) -> list[str]:
    """Add three agents: ada, ben and cem."""
    return people_of(session)


def people_of(session: Session) -> list[str]:
    ids = ["UADA", "UBEN", "UCEM"]
    for member_id in ids:
        session.add(
            Member(
                workspace_id=session.info["workspace"],
                id=member_id,
                name=member_id[1:].title(),
                roles=[Role.AGENT],
                kind=MemberKind.STAFF,
            )
        )
    session.flush()
    return ids


def turns(session: Session, route: Route, number: int) -> str:
    found = [routes.next_person(session, route, NOW) for _ in range(number)]
    return " ".join(one.name if one else "-" for one in found)


def matched(session: Session, category: str | None, tier: str | None, language: str | None) -> str | None:
    route = routes.match(session, category=category, tier=tier, language=language)
    return route.channel_id if route else None


def test_the_rule_that_says_most_wins_then_the_oldest(session: Session) -> None:
    assert matched(session, "billing", "gold", "zh") is None
    routes.add(session, category="billing", channel_id="CBILLING")
    routes.add(session, tier="gold", channel_id="CGOLD")
    routes.add(session, category="billing", tier="gold", language="zh", channel_id="CALL")
    routes.add(session, category="bug", language="zh", channel_id="CBUGS")
    assert matched(session, "billing", None, "en") == "CBILLING"
    assert matched(session, "billing", "gold", "en") == "CBILLING"
    assert matched(session, "refund", "gold", "en") == "CGOLD"
    assert matched(session, "billing", "gold", "zh") == "CALL"
    assert matched(session, None, "gold", None) == "CGOLD"
    assert matched(session, None, None, None) is None
    assert matched(session, "bug", None, "en") is None
    routes.add(session, channel_id="CREST")
    assert matched(session, None, None, None) == "CREST"
    assert matched(session, "billing", None, None) == "CBILLING"


def test_rules_follow_a_category_that_is_merged(session: Session) -> None:
    moves = routes.add(session, category="refund", tier="gold", channel_id="C1")
    stays = routes.add(session, category="refund", channel_id="C2")
    routes.add(session, category="billing", channel_id="C3")
    assert routes.follow(session, "refund", "billing") == 1
    assert (moves.category, stays.category) == ("billing", "refund")
    assert matched(session, "billing", "gold", None) == "C1"


def test_a_rule_sends_tickets_somewhere_and_only_once(session: Session, team: list[str]) -> None:
    with pytest.raises(Invalid, match="needs a channel or somebody"):
        routes.add(session, category="billing")
    route = routes.add(session, category="billing", people=[*team, team[0]], strategy="least_loaded")
    assert (route.people, route.strategy, route.says) == (team, "least_loaded", 1)
    with pytest.raises(Duplicate, match="exactly these tickets"):
        routes.add(session, category="billing", channel_id="C1")
    assert routes.add(session, channel_id="C1").strategy == Strategy.NONE
    assert routes.uses_channel(session, "C1")
    assert not routes.uses_channel(session, "C2")
    with pytest.raises(Invalid, match="up to 50 people"):
        routes.add(session, tier="gold", people=[f"U{i}" for i in range(51)])


@pytest.mark.parametrize(
    ("who", "why"), [("UNOBODY", "do not know"), ("UGUEST", "not an agent"), ("UVIEWER", "not an agent")]
)
def test_only_agents_are_given_tickets(session: Session, who: str, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        routes.add(session, people=[who])


def test_a_rule_is_removed_and_its_removal_taken_back(session: Session, team: list[str]) -> None:
    with history.recording(session, actor_id="UMANAGER", source="test"):
        route = routes.add(session, category="billing", tier="gold", people=team)
        assert route.created_by == "UMANAGER"
    with history.recording(session, actor_id="UMANAGER", source="test"):
        routes.remove(session, routes.get(session, route.id))
    assert routes.list_routes(session) == []
    with pytest.raises(NotFound):
        routes.get(session, route.id)
    with history.recording(session, actor_id="UMANAGER", source="test"):
        (undone,) = history.undo(session, "UMANAGER").rows
        assert undone.name == "route billing gold"
    (restored,) = routes.list_routes(session)
    assert (restored.id, restored.people) == (route.id, team)


def test_each_gets_a_ticket_in_turn(session: Session, team: list[str]) -> None:
    route = routes.add(session, people=team)
    assert turns(session, route, 4) == "Ada Ben Cem Ada"
    assert routes.next_person(session, routes.add(session, tier="gold", channel_id="C1"), NOW) is None


def test_who_is_away_gone_or_no_agent_any_more_is_passed_over(session: Session, team: list[str]) -> None:
    route = routes.add(session, people=team)
    ben, cem = session.get_one(Member, ("T0ACME", "UBEN")), session.get_one(Member, ("T0ACME", "UCEM"))
    members.set_away(session, ben, NOW + timedelta(days=1))
    assert turns(session, route, 3) == "Ada Cem Ada"
    cem.active = False
    assert turns(session, route, 2) == "Ada Ada"
    members.set_away(session, session.get_one(Member, ("T0ACME", "UADA")), OPEN_END)
    assert turns(session, route, 1) == "-"
    members.set_away(session, ben, NOW)
    assert turns(session, route, 1) == "Ben"
    members.set_roles(session, ben, [Role.VIEWER])
    assert turns(session, route, 1) == "-"


def test_who_has_fewest_unresolved_tickets_gets_the_next(session: Session, team: list[str]) -> None:
    route = routes.add(session, people=team, strategy=Strategy.LEAST_LOADED)
    for who in ("UADA", "UADA", "UBEN", "UCEM"):
        tickets.add(session, name="Busy", assignee_id=who)
    assert turns(session, route, 2) == "Ben Cem"
    for ticket in tickets.list_tickets(session, assignee_id="UADA"):
        tickets.set_status(session, ticket, "resolved")
    assert routes.open_tickets(session, team) == {"UBEN": 1, "UCEM": 1}
    assert turns(session, route, 1) == "Ada"


def test_only_staff_can_be_away(session: Session) -> None:
    agent = session.get_one(Member, ("T0ACME", "UAGENT"))
    assert members.set_away(session, agent, OPEN_END).is_away(NOW)
    assert not members.set_away(session, agent, None).is_away(NOW)
    with pytest.raises(Refused, match="not on your team"):
        members.set_away(session, session.get_one(Member, ("T0ACME", "UGUEST")), OPEN_END)


@pytest.mark.parametrize("strategy", [Strategy.ROUND_ROBIN, Strategy.LEAST_LOADED])
def test_tickets_at_once_go_to_different_people(database: Database, workspace: str, strategy: Strategy) -> None:
    with database.transaction(workspace) as session:
        route_id = routes.add(session, people=people_of(session), strategy=strategy).id
    given: list[str] = []

    def one() -> None:
        with database.transaction(workspace) as session:
            member = routes.next_person(session, routes.get(session, route_id), NOW)
            assert member is not None
            tickets.add(session, name="At once", assignee_id=member.id)
            given.append(member.id)

    threads = [threading.Thread(target=one) for _ in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == sorted(["UADA", "UBEN", "UCEM"] * 3)


def test_another_workspaces_rules_and_people_are_nobodys(
    database: Database, workspace: str, second_workspace: str
) -> None:
    with database.transaction(workspace) as session:
        people_of(session)
        mine = routes.add(session, category="billing", people=["UADA"]).id
    with database.transaction(second_workspace) as session:
        assert routes.list_routes(session) == []
        assert matched(session, "billing", None, None) is None
        assert not routes.uses_channel(session, "C1")
        with pytest.raises(NotFound):
            routes.get(session, mine)
        with pytest.raises(Invalid, match="do not know"):
            routes.add(session, people=["UADA"])
        theirs = routes.add(session, category="billing", people=["UAGENT"])
        assert turns(session, theirs, 2) == "Agent Agent"
        assert routes.open_tickets(session, ["UADA"]) == {}
