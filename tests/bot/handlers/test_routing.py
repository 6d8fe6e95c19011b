"""Routes and absences as managers and agents meet them."""

from __future__ import annotations

import pytest

from sandbox.control.client import Person
from storage.support import tickets
from tests.support.company import Company
from tests.support.support_desk import BROKEN


def said(person: Person, command: str) -> str:
    return person.types(command, channel="CGENERAL").text.replace("*", "")


def test_routes_are_listed_added_removed_and_taken_back(company: Company, manager: Person) -> None:
    empty = said(company.agent, "/crm route")
    assert "No routes yet" in empty
    assert "/crm route add" in empty
    added = said(manager, '/crm route add category:billing tier:Gold channel:#support to:"@agent @rep" by:load')
    assert "Added. Billing and payment, gold → #support" in added
    assert "@Anton Agent, @Rita Rep (who has fewest open)" in added
    assert "Added. everything else → @Mara Manager" in said(manager, "/crm route add to:me")
    listed = said(company.agent, "/crm route")
    assert "1. Billing and payment" in listed
    assert "2. everything else" in listed
    assert "already a route for exactly these tickets" in said(manager, "/crm route add channel:#support")
    assert "Removed. Billing and payment" in said(manager, "/crm route remove 1")
    assert "There is no route 2" in said(manager, "/crm route remove 2")
    assert "is not a number" in said(manager, "/crm route remove billing")
    assert "route billing gold: brought back" in said(manager, "/crm undo")
    manager.types("/crm route", channel="CGENERAL")
    manager.clicks("Remove", channel="CGENERAL")
    manager.sees("Removed.", channel="CGENERAL")
    assert "needs the role manager" in said(company.agent, "/crm route add to:me")


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("category:biling to:me", "Did you mean Billing and payment?"),
        ("category:xyzzy to:me", "They are: Billing and payment"),
        ("language:klingonish to:me", "I do not know the language klingonish"),
        ("to:nobodyhere", "nobodyhere is not a person I can see"),
        ("to:@guest", "is not an agent, so cannot get tickets"),
        ("to:me by:dice", "Write by:turn or by:load"),
        ("category:billing", "needs a channel or somebody"),
        ("channel:#ext-globex", "shared with another organisation"),
    ],
)
def test_what_a_route_cannot_be(company: Company, manager: Person, typed: str, answer: str) -> None:
    assert answer in said(manager, f"/crm route add {typed}")


def test_away_is_said_as_people_say_it(company: Company, manager: Person) -> None:
    assert "You get no tickets until Jan 7, 2030, " in said(company.agent, "/crm away until 2030-01-07")
    assert "gets tickets again" in said(company.agent, "/crm away off")
    assert "You get no tickets until you are back" in said(company.agent, "/crm away")
    assert "gets tickets again" in said(company.agent, "/crm back")
    assert "@Anton Agent gets no tickets until they are back" in said(manager, "/crm away anton")
    assert "@Anton Agent gets tickets again" in said(manager, "/crm back anton")


def test_where_cards_go_is_moved_in_words_and_taken_back(manager: Person) -> None:
    said(manager, "/crm triage #support")
    assert "Support sees the cards in #support already." in said(manager, "/crm triage #support")
    moved = said(manager, "/crm triage")
    assert "in #general from now on, and no longer in #support" in moved
    assert "takes this back" in moved


def test_who_is_away_gets_no_tickets_and_keeps_the_open_ones(company: Company, manager: Person) -> None:
    said(manager, '/crm route add to:"@agent @rep"')
    said(manager, "/crm inbox #general")
    said(manager, "/crm triage #support")
    said(company.agent, "/ticket add Printer burns assignee:me")
    answer = said(company.agent, "/crm away until:2199-01-01")
    assert "You get no tickets until" in answer
    assert "1 open ticket stays with @Anton Agent" in answer
    company.agent.clicks("List them", channel="CGENERAL")
    company.agent.sees("Printer burns", channel="CGENERAL")
    assert "@Anton Agent (away), @Rita Rep (in turn)" in said(manager, "/crm route")
    company.admin.posts(BROKEN, channel="CGENERAL")
    company.agent.sees("With: @Rita Rep", channel="CSUPPORT")
    assert "Only a manager" in said(company.rep, "/crm back @agent")
    assert "@Anton Agent gets tickets again" in said(manager, "/crm back @agent")
    assert "is not away" in said(company.agent, "/crm back")
    assert "until you are back" in said(company.agent, "/crm away")
    assert "has passed" in said(company.agent, "/crm away until:2001-01-01")


def test_a_corrected_ticket_goes_by_the_route_of_what_it_is(company: Company, manager: Person) -> None:
    said(manager, "/crm inbox #general")
    said(manager, "/crm triage #support")
    said(manager, "/crm route add category:bug to:@rep")
    company.admin.posts(BROKEN, channel="CGENERAL")
    company.agent.sees("With: @Rita Rep", channel="CSUPPORT")
    said(manager, "/crm route add category:billing to:@agent")
    company.agent.selects("Category", "Billing and payment", channel="CSUPPORT")
    company.agent.sees("With: @Anton Agent", channel="CSUPPORT")
    company.agent.selects("Category", "Sales", channel="CSUPPORT")
    company.settles()
    with company.database.transaction(company.workspace) as session:
        ticket = tickets.get(session, 1)
        assert (ticket.assignee_id, ticket.category) == ("UAAGENT", "sales")
    company.rep.types("/ticket assign T-1 me", channel="CGENERAL")
    company.agent.selects("Category", "Billing and payment", channel="CSUPPORT")
    company.settles()
    with company.database.transaction(company.workspace) as session:
        assert tickets.get(session, 1).assignee_id == "UAREP"
