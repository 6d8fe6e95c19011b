"""Read people again where Slack answers in pages, slowly, wrongly, in part or not at all, and two processes want to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from slack_sdk import WebClient
from sqlalchemy import delete, func, update

from bot.schedule.roll_call import RollCalls
from sandbox.sample_teams import APP_ID
from storage.queues.outbox import Pause
from storage.workspace import members, roll_calls
from storage.workspace.members import Member, Role
from storage.workspace.roll_calls import RollCall
from tests.support.company import Company, Starter
from tests.support.promises import comes_due
from tests.support.waiting import until

TEAM = "TA"


class Caller:
    """Carry out roll calls when it is told to, and not when the clock ticks."""

    def __init__(
        self, company: Company, page_size: int = 2, client_for: Callable[[str], WebClient] | None = None
    ) -> None:
        self.company = company
        bot = company.bot
        self.calls = RollCalls(
            bot.background,
            bot.runtime,
            client_for or bot.installations.client,
            bot.home,
            replace(bot.settings, slack_pace=100_000.0),
            page_size=page_size,
        )

    def ask(self) -> None:
        """Have everybody read again, as soon as it is told to."""
        self.calls.ask([TEAM])

    def tick(self) -> None:
        """Go on, as if the time to wait were over."""
        self.set(not_before=func.now())
        self.calls.tick()

    def set(self, **values: Any) -> None:
        """Change the row of the roll call."""
        with self.company.database.transaction(TEAM) as session:
            session.execute(update(RollCall).values(**values))

    @property
    def row(self) -> RollCall:
        """Return where it stands."""
        with self.company.database.transaction(TEAM) as session:
            found = roll_calls.get(session)
            assert found is not None
            return found

    def is_over(self) -> bool:
        """Tell whether everybody was read since it was asked for."""
        row = self.row
        return bool(row.began_at and row.done_at and row.done_at > row.began_at > row.asked_at)

    def member(self, user: str) -> Member:
        """Return what we know of somebody."""
        with self.company.database.transaction(TEAM) as session:
            found = members.get(session, user)
            assert found is not None
            return found

    def has(self, user: str) -> list[str]:
        """Return the roles of somebody."""
        return sorted(self.member(user).roles)

    def a_minute_passes(self) -> None:
        """Have everybody been heard of a minute earlier than they were."""
        with self.company.database.transaction(TEAM) as session:
            session.execute(update(Member).values(seen_at=Member.seen_at - timedelta(minutes=1)))

    def change(self, user: str, **fields: object) -> None:
        """Change somebody in Slack without an event."""
        self.company.sandbox.control.admin("user_changes", user=user, fields=fields, told=False)


@pytest.fixture
def caller(company: Company) -> Caller:
    """Return a company whose people have all been met."""
    company.bot.clock.scheduler.pause_job("roll-call")
    for person in (company.rep, company.agent, company.manager, company.admin):
        person.types("/crm help", channel="CGENERAL")
    return Caller(company)


def test_every_page_is_read_and_who_changed_is_known(caller: Caller) -> None:
    caller.change("UAMANAGER", is_restricted=True)
    caller.change("UAREP", deleted=True)
    caller.ask()
    caller.tick()
    assert caller.is_over()
    assert (caller.has("UAMANAGER"), caller.has("UAREP"), caller.has("UAAGENT")) == ([], [], ["agent", "rep"])
    asked = caller.company.sandbox.control.calls("users.list")
    assert len(asked) > 3
    assert asked[-1]["args"]["limit"] == "2"


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "error", "code": "internal_error"},
        {"kind": "error", "code": "missing_scope"},
        {"kind": "server_error"},
        {"kind": "reset"},
        {"kind": "rate_limit", "retry_after": 7},
    ],
    ids=lambda fault: fault.get("code", fault["kind"]),
)
def test_a_failed_answer_takes_nothing_from_anybody_and_the_rest_is_read_later(
    caller: Caller, fault: dict[str, Any]
) -> None:
    control = caller.company.sandbox.control
    before = {user: caller.has(user) for user in ("UAREP", "UAAGENT", "UAMANAGER", "UAADMIN")}
    caller.ask()
    control.fault(fault.pop("kind"), method="users.list", count=None, **fault)
    caller.calls.tick()
    assert not caller.is_over()
    wait = (caller.row.not_before - datetime.now(UTC)).total_seconds()
    assert wait > (5 if "retry_after" in fault else 1)
    assert {user: caller.has(user) for user in before} == before
    calls = len(control.calls("users.list"))
    caller.calls.tick()
    assert len(control.calls("users.list")) == calls
    control.clear_faults()
    caller.change("UAREP", is_restricted=True)
    with caller.company.database.transaction(TEAM) as session:
        session.execute(delete(Pause))
    caller.tick()
    assert caller.has("UAREP") == []


def test_another_process_goes_on_where_one_stopped(caller: Caller) -> None:
    control = caller.company.sandbox.control
    caller.ask()
    control.fault("error", method="users.list", code="internal_error", count=None, probability=1.0)
    caller.calls.tick()
    control.clear_faults()
    caller.tick()
    first = len(control.calls("users.list"))
    caller.ask()
    with caller.company.database.transaction("*") as session:
        row = roll_calls.claim(session, 60)
    assert row is not None
    Caller(caller.company).calls.tick()
    assert len(control.calls("users.list")) == first, "who holds the lease is alone"
    page, listed_from = next(iter(caller.calls.pages(row)))
    with caller.company.database.transaction(TEAM) as session:
        assert roll_calls.turn(session, row, page, listed_from=listed_from, lease_s=0)
    other = Caller(caller.company)
    other.calls.tick()
    assert other.is_over()
    cursors = [call["args"].get("cursor") for call in control.calls("users.list")[first:]]
    assert cursors[0] is None and cursors.count(None) == 1
    with caller.company.database.transaction(TEAM) as session:
        assert not roll_calls.finish(session, row), "who was overtaken changes nothing"


def test_who_is_on_no_page_is_asked_for_by_name(caller: Caller) -> None:
    control = caller.company.sandbox.control
    users = caller.company.sandbox.core.world.workspace.users
    hidden = users["UAREP"]
    caller.ask()
    # As if the list left somebody out who is there: they keep what they have.
    users["UAREP"] = users.pop("UAREP")
    control.fault("error", method="users.info", code="internal_error", count=None)
    control.admin("user_vanishes", user="UAREP")
    caller.calls.tick()
    assert not caller.is_over()
    assert caller.member("UAREP").is_ours
    users["UAREP"] = hidden
    control.clear_faults()
    caller.tick()
    assert caller.has("UAREP") == ["agent", "rep"]
    control.admin("user_vanishes", user="UAREP")
    caller.a_minute_passes()
    caller.ask()
    caller.tick()
    assert caller.is_over()
    assert not caller.member("UAREP").is_ours


def test_a_token_of_another_workspace_takes_nothing_from_anybody(caller: Caller) -> None:
    before = caller.has("UAREP")
    theirs = caller.company.bot.installations.bare_client("xoxb-b-sandbox")
    caller = Caller(caller.company, client_for=lambda _workspace: theirs)
    caller.ask()
    caller.tick()
    assert not caller.is_over()
    assert caller.member("UAREP").is_ours
    assert caller.has("UAREP") == before


def test_what_an_event_told_later_stands(caller: Caller) -> None:
    """The page was read before the event, and is heard after it."""
    with caller.company.database.transaction(TEAM) as session:
        later = datetime.now(UTC) + timedelta(hours=1)
        profile = {"id": "UAREP", "team_id": TEAM, "is_restricted": True, "profile": {"display_name": "Later"}}
        members.ensure(session, "UAREP", profile, at=later)
    caller.ask()
    caller.tick()
    assert caller.is_over()
    assert (caller.member("UAREP").name, caller.has("UAREP")) == ("Later", [])


def test_the_last_admin_who_leaves_is_followed_by_slacks_own(caller: Caller) -> None:
    assert Role.ADMIN in caller.has("UAADMIN")
    caller.change("UAADMIN", deleted=True)
    caller.change("UAMANAGER", is_owner=True)
    caller.ask()
    caller.tick()
    assert caller.has("UAADMIN") == []
    assert Role.ADMIN in caller.has("UAMANAGER")


def test_who_was_made_a_guest_is_sent_nothing_more_and_others_are_told(caller: Caller) -> None:
    company = caller.company
    company.rep.types("/customer add Acme", channel="CGENERAL")
    company.rep.types("/followup add C-1 when:tomorrow call back", channel="CGENERAL")
    company.rep.opens_home()
    until(lambda: "call back" in str(company.rep.home))
    caller.change("UAREP", is_restricted=True)
    caller.ask()
    caller.tick()
    until(lambda: "call back" not in str(company.rep.home))
    comes_due(company)
    company.admin.sees("none of your own people any more", channel="@Rapport")
    assert not any("call back" in text for text in company.rep.texts("@Rapport"))


def test_it_is_due_after_a_day_and_when_it_is_asked_for(caller: Caller) -> None:
    control = caller.company.sandbox.control
    caller.ask()
    caller.tick()
    done = len(control.calls("users.list"))
    caller.tick()
    assert len(control.calls("users.list")) == done
    caller.set(began_at=func.now() - timedelta(hours=25), done_at=func.now() - timedelta(hours=24, minutes=50))
    caller.tick()
    assert len(control.calls("users.list")) > done


@pytest.fixture
def watched(start_company: Starter) -> Iterator[Company]:
    """Return a company that reads people by itself."""
    yield start_company()


def test_sockets_that_were_all_closed_have_people_read_again(watched: Company) -> None:
    caller = Caller(watched)

    def is_asked() -> bool:
        with watched.database.transaction(TEAM) as session:
            return roll_calls.get(session) is not None

    until(is_asked)
    asked = caller.row.asked_at
    watched.sandbox.control.fault("error", method="apps.connections.open", code="internal_error", count=3)
    watched.sandbox.control.admin("disconnects", app_id=APP_ID)
    until(lambda: caller.row.asked_at > asked)
