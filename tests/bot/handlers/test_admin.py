"""Roles, managers and the workspace's settings."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from sandbox.control.client import Person
from storage.workspace import members
from storage.workspace.permissions import Permission
from tests.support.company import Company
from tests.support.waiting import until


def plain(text: str) -> str:
    return text.replace("*", "")


def test_an_admin_gives_shows_and_takes_roles(company: Company) -> None:
    admin = company.admin
    assert "@Mara Manager now has: manager." in plain(admin.types("/crm role @manager manager").text)
    until(lambda: "is now an inbox" in company.manager.types("/crm inbox #general").text)
    assert "@Mara Manager has: manager." in plain(admin.types("/crm role @manager").text)
    assert "now has: agent, rep" in plain(admin.types("/crm role @manager rep, agent").text)
    until(lambda: "needs the role manager" in company.manager.types("/crm inbox #general").text)
    assert "now has: no role" in plain(admin.types("/crm role @manager none").text)
    until(lambda: "needs the role viewer" in company.manager.types("/crm help").text)
    admin.types("/crm undo")
    until(lambda: "`/deal`  add" in company.manager.types("/crm help").text)


def test_who_reports_to_whom(company: Company) -> None:
    admin = company.admin
    said = plain(admin.types("/crm role @rep rep manager:@manager").text)
    assert "@Rita Rep now has: rep. Reports to @Mara Manager." in said
    assert "Reports to @Mara Manager" in admin.types("/crm role @rep").text
    with company.database.transaction(company.workspace) as session:
        rita = members.get(session, "UAREP")
        assert rita is not None
        assert rita.manager_id == "UAMANAGER"
    assert "cannot be their own manager" in admin.types("/crm role @manager manager:@rep").text
    assert "cannot be their own manager" in admin.types("/crm role @rep manager:@rep").text
    assert "Reports to" not in admin.types("/crm role @rep manager:none").text


def test_mistakes_about_roles_are_named(company: Company) -> None:
    said = {
        "/crm role @rep managr": "There is no role “managr”. Did you mean manager?",
        "/crm role @rep king": "Roles are viewer, rep, agent, manager and admin.",
        "/crm role nobody-here rep": "is not a person I can see",
        "/crm role @guest rep": "is not on your team, so cannot have a role",
        "/crm role @admin rep": "is the last admin",
    }
    for typed, sentence in said.items():
        assert sentence in company.admin.types(typed, channel="CSUPPORT").text, typed


def test_setup_shows_and_changes_the_workspace(company: Company, manager: Person) -> None:
    admin = company.admin
    before = admin.types("/crm setup").text
    assert "USD" in before
    assert "nowhere yet" in before
    changed = admin.types("/crm setup currency:eur zone:europe/berlin roles:rep").text
    assert all(part in changed for part in ("Saved.", "EUR", "Europe/Berlin", "rep"))
    assert "€5,000" in company.rep.types("/deal add Acme renewal amount:5k").text
    manager.types("/crm triage #support")
    company.rep.types("/customer add Globex")
    company.rep.types("/customer link globex channel:#ext-globex")
    manager.types("/crm inbox #general")
    shown = plain(admin.types("/crm setup").text)
    assert all(part in shown for part in ("#support", "#ext-globex: Globex", "#general: an inbox"))


def test_settings_that_make_no_sense_are_refused(admin: Person) -> None:
    said = {
        "/crm setup currency:XXQ": "There is no currency called XXQ",
        "/crm setup zone:Atlantis": "There is no time zone called Atlantis",
        "/crm setup locale:zz": "There is no language called zz",
        "/crm setup roles:king": "There is no role “king”",
    }
    for typed, sentence in said.items():
        assert sentence in admin.types(typed).text, typed
    assert "USD" in admin.types("/crm setup").text


def test_only_admins_set_up(rep: Person) -> None:
    assert "needs the role admin" in rep.types("/crm setup currency:EUR").text
    assert "needs the role admin" in rep.types("/crm role @rep admin").text


def test_role_alone_lists_everybody(company: Company) -> None:
    company.rep.types("/crm help")
    company.admin.types("/crm role @rep rep manager:@manager")
    said = company.admin.types("/crm role").text
    assert "@Rita Rep: *rep*" in said
    assert "Reports to @" in said
    assert "needs the role admin" in company.rep.types("/crm role").text


def test_an_admin_decides_that_only_owners_and_managers_change_deals(company: Company, admin: Person) -> None:
    company.rep.types("/deal add Acme renewal amount:12k")
    company.rep.types("/deal add Nobody's owner:@rep")
    assert "needs the role admin" in company.rep.types("/crm rights deal owner").text
    assert "Choose one of: customer, deal, ticket." in admin.types("/crm rights contact owner").text
    assert "Write everyone, owner, or ask." in admin.types("/crm rights deal nobody").text
    assert "everyone with the role" in admin.types("/crm rights").text
    assert "Deal: its owner and managers" in admin.types("/crm rights deal owner").text.replace("*", "")
    refused = "Acme renewal is Rita Rep's. Only they and managers may change it."
    assert refused in company.agent.types("/deal won D-1").text
    assert refused in company.agent.types("/deal edit D-1 amount:1").text
    company.agent.types("/deal show D-1")
    company.agent.clicks("Lost")
    company.agent.submits({"Why was it lost?": "spite"})
    company.settles()
    assert "Lead" in company.rep.types("/deal show D-1").text
    assert "Won." in company.rep.types("/deal won D-1").text
    company.gives("agent", "manager")
    assert "Marked as lost." in company.agent.types("/deal lost D-2").text
    assert "everyone with the role" in admin.types("/crm rights deal everyone").text
    company.gives("agent", "rep")
    assert "Saved." in company.agent.types("/deal edit D-1 amount:20k").text


def test_who_asks_the_owner_first_may_change_a_record_for_a_day(company: Company, admin: Person) -> None:
    company.rep.types("/deal add Acme renewal amount:12k")
    company.rep.types("/deal add Acme expansion")
    assert "who asks the owner first" in admin.types("/crm rights deal ask").text
    assert "Ask them first: `/crm ask D-1`" in company.agent.types("/deal won D-1").text
    assert "You need not ask" in company.rep.types("/crm ask D-1").text
    assert "Asked @Rita Rep about D-1." in company.agent.types("/crm ask D-1 Carla <!channel> called me").text
    assert "You have asked already." in company.agent.types("/crm ask D-1").text
    assert "Only they and managers" in company.agent.types("/deal won D-1").text
    company.rep.sees("@Anton Agent asks to change your D-1 Acme renewal.")
    company.rep.sees("Carla <!channel> called me")
    company.rep.clicks("Allow for a day")
    company.rep.sees("@Anton Agent may change D-1 for a day.")
    company.agent.sees("@Rita Rep allows you to change D-1 Acme renewal")
    assert "Won." in company.agent.types("/deal won D-1").text
    assert "Ask them first" in company.agent.types("/deal won D-2").text
    with company.database.transaction(company.workspace) as session:
        (granted,) = session.scalars(select(Permission)).all()
        assert granted.allowed_until is not None
        granted.allowed_until -= timedelta(days=1)
    assert "Ask them first" in company.agent.types("/deal edit D-1 amount:1").text
    assert "allowed somebody to change it" in company.rep.types("/crm history D-1").text


def test_an_owner_refuses_and_only_they_or_a_manager_decide(company: Company, admin: Person) -> None:
    company.rep.types("/deal add Acme renewal")
    admin.types("/crm rights deal ask")
    company.agent.types("/crm ask D-1", channel="CGENERAL")
    company.rep.sees("asks to change your D-1")
    company.rep.clicks("Refuse")
    company.agent.sees("@Rita Rep would rather change D-1 Acme renewal alone.")
    assert "Ask them first" in company.agent.types("/deal won D-1", channel="CGENERAL").text
    assert "Taken back" in admin.types("/crm undo").text
    assert "Won." in company.agent.types("/deal won D-1", channel="CGENERAL").text


def test_rights_hold_for_tickets_and_for_kinds_that_an_admin_made(company: Company, admin: Person) -> None:
    company.rep.types("/ticket add Login fails assignee:@rep")
    admin.types("/crm noun add Site letter:S")
    company.rep.types("/crm site add Hamburg", channel="CGENERAL")
    admin.types("/crm rights ticket owner")
    assert "Site: its owner and managers" in admin.types("/crm rights site owner").text.replace("*", "")
    assert "Login fails is Rita Rep's" in company.agent.types("/ticket resolve T-1").text.replace("*", "")
    assert "Hamburg is Rita Rep's" in company.agent.types("/crm site edit S-1 name:Bremen", channel="CGENERAL").text
    assert "Hamburg" in company.agent.types("/crm site show S-1", channel="CGENERAL").text
