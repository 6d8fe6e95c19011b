"""The App Home: a greeting, forms to begin with, and what is mine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.kit import commands
from bot.registry import Registry
from sandbox.control.client import Person
from storage.support import sla
from tests.support.company import Company
from tests.support.support_desk import BROKEN


def test_home_greets_and_begins_what_people_do_most(rep: Person) -> None:
    rep.opens_home()
    rep.sees("Hello Rita Rep")
    rep.sees("You have no open deals.")
    rep.sees("You have no tickets.")
    rep.clicks("New deal", view="home")
    rep.submits(Name="Globex upgrade", Amount="12k")
    rep.sees("Globex upgrade")
    rep.does_not_see("You have no open deals.")


def test_home_has_buttons_for_the_daily_forms_and_names_the_others(
    manager: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "DAILY", 4)
    manager.opens_home()
    manager.sees("Also: `/crm contact`, `/crm renewal`")
    manager.does_not_see("New contact")
    for button in ("New deal", "New ticket", "New customer", "New follow-up"):
        manager.sees(button)


def test_home_shows_what_is_mine_and_opens_it(company: Company) -> None:
    company.rep.types("/deal add Mine amount:12k")
    company.rep.types("/ticket add My ticket assignee:me")
    company.agent.types("/deal add Theirs amount:9k")
    company.rep.opens_home()
    company.rep.sees("Mine")
    company.rep.sees("My ticket")
    company.rep.clicks("records.open", view="home")
    company.rep.sees("Lead (10%)")
    company.rep.closes()
    company.rep.types("/deal won D-1")
    company.rep.opens_home()
    company.rep.clicks("records.open", view="home")
    company.rep.sees("Resolve")


def test_home_offers_only_what_a_person_may_do(company: Company) -> None:
    company.gives("rep", "viewer")
    company.rep.opens_home()
    company.rep.sees("Hello Rita Rep")
    company.rep.does_not_see("New deal")
    company.rep.does_not_see("My open deals")
    company.guest.opens_home()
    company.guest.sees("Rapport is for the team of this workspace.")


def test_a_manager_sees_how_the_team_stands_and_no_empty_sections(company: Company, manager: Person) -> None:
    company.rep.types("/deal add Acme renewal amount:12k")
    company.rep.types("/ticket add Login fails")
    manager.opens_home()
    seen = manager.sees("The team today")
    shown = "\n".join(manager.texts())
    assert "Open deals" in seen or "Open deals" in shown
    manager.sees("$12,000")
    manager.sees("/ticket list status:new")
    manager.does_not_see("You have no open deals.")
    manager.does_not_see("You have no tickets.")
    company.rep.opens_home()
    company.rep.sees("*1* open")
    company.rep.does_not_see("The team today")
    company.agent.opens_home()
    company.agent.sees("*1* ticket is nobody's yet: `/ticket list unassigned`")
    company.agent.types("/ticket assign T-1 me")
    company.agent.opens_home()
    company.agent.sees("*1* to do")
    company.agent.does_not_see("nobody's yet")


def test_an_admin_sees_what_is_not_set_and_sets_it(company: Company, admin: Person) -> None:
    admin.opens_home()
    admin.sees("⚠️ nowhere yet")
    # What sets the workspace up is below, and not among what people make all day.
    admin.sees("New deal")
    admin.does_not_see("New pipeline")
    admin.clicks("Change settings", view="home")
    errors = admin.submits(Currency="XYZZY").errors
    assert "currency" in errors
    admin.submits({"Currency": "EUR", "Time zone": "Europe/Berlin", "New colleagues get": "viewer, agent"})
    admin.sees("Saved.")
    assert all(part in admin.types("/crm setup").text for part in ("EUR", "Europe/Berlin", "agent, viewer"))
    company.agent.opens_home()
    company.agent.does_not_see("Change settings")


def test_what_runs_late_is_told_once_a_ticket_and_opens(linked: Company) -> None:
    linked.manager.types("/crm sla set answer:5m resolve:10m", channel="CGENERAL")
    linked.customer.posts(BROKEN, channel="CSHARED")
    linked.settles()
    with linked.database.transaction(linked.workspace) as session:
        clocks = sla.of_ticket(session, 1)
        assert len(clocks) == 2
        for clock in clocks:
            clock.due_at = clock.warn_at = datetime.now(UTC) - timedelta(minutes=1)
    linked.agent.opens_home()
    linked.agent.sees("*1* late, *0* soon")
    linked.agent.clicks("Show", view="home")
    linked.agent.sees("Reply to customer")


def test_the_messages_tab_draws_nothing(company: Company) -> None:
    company.rep.opens_home(tab="messages")
    company.sandbox.control.settles()
    company.rep.does_not_see("Hello Rita Rep", within=0.5)


def test_every_button_that_another_plugin_draws_exists(registry: Registry) -> None:
    assert {"records.new", "followups.new"} <= set(registry.actions)
    assert "customers.pick" in registry.sources
