"""Statuses, priorities and tiers as a team calls them: by buttons and by words, felt everywhere at once."""

from __future__ import annotations

import pytest

from sandbox.control.client import Person
from storage.records.schema import choice_definitions
from tests.support.company import Company


def test_a_status_of_the_teams_own_is_used_everywhere(company: Company, admin: Person, agent: Person) -> None:
    assert "*new*" in agent.types("/crm statuses").text
    assert "Added *With the vendor*" in admin.types("/crm status add With the vendor kind:waiting").text
    admin.types('/crm status edit open name:"In hand"')
    agent.types("/ticket add Login fails")
    assert "With the vendor" in agent.types("/ticket status T-1 with the vendor").text
    agent.types("/ticket add Printer on fire status:in hand priority:high")
    assert "In hand" in agent.types("/ticket show T-2").text
    assert "T-1" in (found := agent.types("/ticket list status:with the vendor").text) and "T-2" not in found
    assert "T-1" in agent.types("/ticket list status:waiting").text, "by the word for the kind"
    assert "T-2" in (found := agent.types("/ticket list status:open").text) and "T-1" not in found
    assert "T-1" in agent.types("/ticket list open").text
    assert "T-1" in agent.types("/ticket list status_kind:waiting").text
    agent.types("/ticket add Over")
    agent.types("/ticket close T-3")
    assert "T-3" in agent.types("/ticket list status_kind:closed").text
    assert "status:waiting" in (found := agent.types("/ticket list waiting").text) and "T-1" in found
    agent.types("/customer add Acme")
    assert "customer:Acme" in agent.types("/ticket list with the vendor acme").text
    assert "Status: new → With the vendor" in agent.types("/crm history T-1").text
    refused = agent.types("/ticket status T-1 nowhere").text
    assert "With the vendor" in refused and "In hand" in refused and "~" not in refused
    agent.types("/ticket show T-1")
    agent.selects("Status", "In hand")
    agent.sees("Now In hand.")
    assert "With the vendor" in agent.types("/crm undo").text
    agent.types("/ticket edit T-1 status:resolved")
    assert "T-1" not in agent.types("/ticket list open").text
    agent.types("/ticket reopen T-1")
    assert "In hand" in agent.types("/ticket show T-1").text


def test_priorities_and_tiers_have_the_teams_names(company: Company, admin: Person, agent: Person, rep: Person) -> None:
    admin.types("/crm priority edit urgent name:P1")
    agent.types("/ticket add Down priority:p1")
    assert "P1" in agent.types("/ticket show T-1").text
    assert "T-1" in agent.types("/ticket list priority:P1").text
    assert "T-1" in agent.types("/ticket list priority:urgent").text
    rep.types("/customer add Acme tier:gold")
    assert "Added *Silver*" in admin.types("/crm tier add Silver").text
    admin.types("/crm tier edit gold name:Premier")
    assert "Premier" in rep.types("/customer show acme").text
    assert "There are Premier, Silver." in rep.types("/customer add Globex tier:bronze").text
    assert "Acme" in rep.types("/customer list tier:premier").text
    promised = admin.types("/crm sla set tier:premier priority:p1 answer:1h").text
    assert "Tier *Premier*, *P1*" in promised
    rep.types("/customer add Globex")
    rep.clicks("Edit")
    rep.submits({"Name": "Globex", "Tier": "Silver"})
    rep.sees("Silver")


def test_an_admin_changes_them_in_forms(company: Company, admin: Person, agent: Person) -> None:
    admin.types("/crm statuses")
    admin.clicks("Add one")
    assert "There is Waiting already." in admin.submits({"Name": "Waiting", "Counts as": "open"}).errors["name"]
    admin.submits({"Name": "Looking", "Counts as": "open"})
    admin.sees("Added *Looking*.")
    agent.types("/ticket add a status:looking")
    admin.types("/crm statuses")
    admin.clicks("Rename")
    admin.submits({"Name": "Over"})
    admin.sees("*Over*")
    admin.types("/crm statuses")
    admin.clicks("Retire")
    admin.clicks("Say what they become")
    admin.submits({"They become": "open"})
    company.settles()
    assert "Looking" not in agent.types("/ticket show T-1").text


def test_many_choices_come_in_pages(company: Company, admin: Person) -> None:
    with company.database.transaction(company.workspace) as session:
        for number in range(1, 46):
            choice_definitions.define(session, "customer", "tier", name=f"Tier {number:02}", kind="")
    shown = admin.types("/crm tiers").text
    assert "Tier 15" in shown and "Tier 16" not in shown and "1 to 15 of 45" in shown
    admin.clicks("More")
    assert "Tier 15" not in admin.sees("16 to 30 of 45")
    admin.clicks("More")
    assert "Tier 45" in admin.sees("31 to 45 of 45")
    admin.clicks("Back")
    admin.sees("16 to 30 of 45")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("/crm status add Odd kind:odd", "is not a kind"),
        ("/crm status add new kind:open", "There is new already."),
        ("/crm status edit nowhere name:a", "There is no status nowhere."),
        ("/crm status retire open", "Rapport itself uses this"),
        ("/crm status restore nothing", "No retired status is called nothing."),
        ("/crm priority edit p9 name:a", "There are low, normal, high, urgent."),
        ("/crm tier retire gold", "There is no tier gold."),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(admin: Person, typed: str, said: str) -> None:
    assert said in admin.types(typed).text


@pytest.mark.parametrize("typed", ["/crm status add A kind:open", "/crm tier add A", "/crm priority edit high name:A"])
def test_only_admins_change_them(rep: Person, typed: str) -> None:
    assert "admin" in rep.types(typed).text
