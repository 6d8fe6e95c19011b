"""Show who is one of our own people, and what each may do."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from storage import events
from storage.database.engine import Database
from storage.errors import Invalid, Refused
from storage.events import MemberLeft
from storage.records import history
from storage.workspace import members
from storage.workspace.members import Member, MemberKind, Role
from storage.workspace.workspaces import install
from tests.support.workspaces import WORKSPACE


def profile(**changes: Any) -> dict[str, Any]:
    return {
        "id": "UNEW",
        "team_id": WORKSPACE,
        "tz": "Europe/Berlin",
        "locale": "de-DE",
        "profile": {"display_name": "Neu", "real_name": "Neu Mann", "email": "neu@example.com"},
        **changes,
    }


@pytest.mark.parametrize(
    ("role", "implied"),
    [
        (Role.VIEWER, "viewer"),
        (Role.REP, "rep viewer"),
        (Role.AGENT, "agent viewer"),
        (Role.MANAGER, "agent manager rep viewer"),
        (Role.ADMIN, "admin agent manager rep viewer"),
    ],
)
def test_a_role_comes_with_those_it_implies(role: Role, implied: str) -> None:
    member = Member(kind=MemberKind.STAFF, active=True, roles=[role])
    assert " ".join(sorted(other for other in Role if member.has(other))) == implied


@pytest.mark.parametrize("kind", [MemberKind.GUEST, MemberKind.OUTSIDE, MemberKind.BOT])
def test_only_staff_who_are_still_there_may_act(kind: MemberKind) -> None:
    assert not Member(kind=kind, active=True, roles=[Role.ADMIN]).has(Role.VIEWER)
    assert not Member(kind=MemberKind.STAFF, active=False, roles=[Role.ADMIN]).has(Role.VIEWER)
    assert not Member(kind=MemberKind.STAFF, active=True, roles=[]).has(Role.VIEWER)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, MemberKind.STAFF),
        ({"team_id": None}, MemberKind.STAFF),
        ({"team_id": "T0HQ", "enterprise_user": {"teams": [WORKSPACE]}}, MemberKind.STAFF),
        ({"is_restricted": True}, MemberKind.GUEST),
        ({"is_ultra_restricted": True}, MemberKind.GUEST),
        ({"team_id": "T0THEIRS"}, MemberKind.OUTSIDE),
        ({"is_stranger": True}, MemberKind.OUTSIDE),
        ({"team_id": "T0THEIRS", "is_restricted": True, "is_admin": True}, MemberKind.OUTSIDE),
        ({"is_bot": True}, MemberKind.BOT),
        ({"id": "USLACKBOT"}, MemberKind.BOT),
    ],
)
def test_slacks_word_decides_who_is_staff(session: Session, changes: dict[str, Any], kind: MemberKind) -> None:
    member = members.ensure(session, "UNEW", profile(**changes), admins={"UOTHER"})
    assert member.kind == kind
    assert member.roles == (["rep", "agent"] if kind is MemberKind.STAFF else [])


def test_the_first_meeting_keeps_what_slack_knows(session: Session) -> None:
    assert members.get(session, "UNEW") is None
    member = members.ensure(session, "UNEW", profile())
    assert (member.name, member.email, member.zone, member.locale, member.active) == (
        "Neu",
        "neu@example.com",
        "Europe/Berlin",
        "de-DE",
        True,
    )
    assert members.get(session, "UNEW") is member


@pytest.mark.parametrize("who", ["admins", "is_admin", "is_owner", "installer"])
def test_who_is_an_admin_from_the_start(session: Session, who: str) -> None:
    if who == "installer":
        install(session, installed_by="UNEW")
    given = profile(**{who: True}) if who.startswith("is_") else profile()
    member = members.ensure(session, "UNEW", given, admins={"UNEW"} if who == "admins" else ())
    assert member.roles == ["admin", "agent", "rep"]


def test_later_meetings_keep_roles_and_follow_slack(session: Session) -> None:
    member = members.ensure(session, "UNEW", profile())
    members.set_roles(session, member, {Role.MANAGER})
    later = profile(profile={"display_name": "", "real_name": "New\x00 Name\ud800"}, tz=None)
    assert members.ensure(session, "UNEW", later) is member
    assert (member.roles, member.name, member.email) == (["manager"], "New Name", None)
    members.ensure(session, "UNEW", profile(deleted=True))
    assert (member.roles, member.active, member.kind) == ([], False, MemberKind.STAFF)
    members.ensure(session, "UNEW", profile())
    assert member.roles == ["rep", "agent"]
    members.ensure(session, "UNEW", profile(is_restricted=True))
    assert (member.kind, member.roles) == (MemberKind.GUEST, [])
    members.ensure(session, "UNEW", profile())
    assert member.roles == ["rep", "agent"]


def test_somebody_without_a_name_has_their_id(session: Session) -> None:
    assert members.ensure(session, "UNEW", {}).name == "UNEW"


def test_nobody_is_met_where_rapport_is_not_installed(database: Database) -> None:
    with database.transaction("T0NEW") as session, pytest.raises(Refused, match="not installed"):
        members.ensure(session, "UNEW", {})


def test_somebody_new_may_come_with_many_requests_at_once(database: Database, workspace: str) -> None:
    met: list[str] = []

    def meet() -> None:
        with database.transaction(workspace) as session:
            met.append(members.ensure(session, "UNEW", profile()).name)

    threads = [threading.Thread(target=meet) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert met == ["Neu"] * 4


def test_roles_are_given_to_staff_only_and_recorded(session: Session, workspace: str) -> None:
    rep = session.get_one(Member, (workspace, "UREP"))
    with history.recording(session, actor_id="UADMIN", source="slash"):
        members.set_roles(session, rep, [Role.MANAGER, Role.REP, Role.REP])
    assert rep.roles == ["manager", "rep"]
    (change_set,) = history.recent(session, "UADMIN")
    (activity,) = change_set.activities
    assert (activity.before, activity.after) == ({"roles": ["rep"]}, {"roles": ["manager", "rep"]})
    guest = session.get_one(Member, (workspace, "UGUEST"))
    with pytest.raises(Refused, match="Guest is not on your team"):
        members.set_roles(session, guest, [Role.VIEWER])
    members.set_roles(session, guest, [])


def test_the_last_admin_stays_one(session: Session, workspace: str) -> None:
    admin = session.get_one(Member, (workspace, "UADMIN"))
    with pytest.raises(Refused, match="last admin"):
        members.set_roles(session, admin, [Role.REP])
    members.set_roles(session, session.get_one(Member, (workspace, "UREP")), [Role.ADMIN])
    members.set_roles(session, admin, [Role.REP])
    assert [member.id for member in members.staff(session, Role.ADMIN)] == ["UREP"]
    assert [member.id for member in members.staff(session, Role.MANAGER)] == ["UMANAGER", "UREP"]
    assert len(members.staff(session)) == 5


def test_nobody_is_their_own_superior(session: Session, workspace: str) -> None:
    rep, manager, admin, guest = (
        session.get_one(Member, (workspace, name)) for name in ("UREP", "UMANAGER", "UADMIN", "UGUEST")
    )
    members.set_manager(session, rep, manager)
    members.set_manager(session, manager, admin)
    assert (rep.manager_id, manager.manager_id) == ("UMANAGER", "UADMIN")
    for below in (rep, manager, admin):
        with pytest.raises(Invalid, match="their own manager"):
            members.set_manager(session, admin, below)
    with pytest.raises(Refused, match="cannot be a manager"):
        members.set_manager(session, rep, guest)
    members.set_manager(session, rep, None)
    assert rep.manager_id is None


def at(second: float) -> datetime:
    """Return a moment of one day."""
    return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=second)


@pytest.mark.parametrize("order", list(permutations([1, 2, 3])))
def test_in_whatever_order_it_is_heard_what_slack_said_last_stands(session: Session, order: tuple[int, ...]) -> None:
    """The second says they became a guest, the third that they came back as they were before."""
    said: dict[int, dict[str, Any]] = {1: {}, 2: {"is_restricted": True}, 3: {}}
    for second in order:
        members.ensure(session, "UNEW", profile(**said[second]), at=at(second))
    member = session.get_one(Member, (WORKSPACE, "UNEW"), populate_existing=True)
    assert (member.kind, sorted(member.roles), member.seen_at) == (MemberKind.STAFF, ["agent", "rep"], at(3))


def test_who_leaves_is_told_of_once_and_has_nothing_left(session: Session) -> None:
    members.ensure(session, "UNEW", profile(), at=at(1))
    assert events.drain(session) == []
    member = members.ensure(session, "UNEW", profile(deleted=True), at=at(2))
    members.ensure(session, "UNEW", profile(deleted=True), at=at(3))
    members.gone(session, "UNEW", at(4))
    assert [type(fact) for fact in events.drain(session)] == [MemberLeft]
    assert (member.roles, member.is_ours) == ([], False)
    with pytest.raises(Refused, match="cannot have a role"):
        members.set_roles(session, member, [Role.ADMIN])


def test_what_slack_did_not_know_before_something_newer_takes_nothing(session: Session) -> None:
    member = members.ensure(session, "UNEW", profile(), at=at(2))
    members.gone(session, "UNEW", at(1))
    assert member.is_ours
    members.gone(session, "UNEW", at(2))
    assert not member.is_ours


def test_only_those_of_whom_nothing_was_said_are_unheard(session: Session) -> None:
    session.execute(update(Member).values(seen_at=at(1)))
    members.heard(session, ["UREP", "UADMIN"], at(5))
    members.heard(session, ["UREP"], at(4))
    found = [member.id for member in members.unheard(session, at(3), limit=50)]
    assert "UREP" not in found and "UADMIN" not in found and "UMANAGER" in found
    assert [one.id for one in members.unheard(session, at(3), after="UMANAGER", limit=1)] > ["UMANAGER"]


def test_part_of_a_profile_takes_nothing_of_the_rest(session: Session) -> None:
    members.ensure(session, "UNEW", profile(), at=at(1))
    member = members.ensure(session, "UNEW", {"id": "UNEW"}, at=at(2))
    assert (member.name, member.email, member.zone) == ("Neu", "neu@example.com", "Europe/Berlin")
