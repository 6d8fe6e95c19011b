"""What is named so that several answer, or nearly so, is offered; what was to be done is done once it is chosen."""

from __future__ import annotations

import json

import pytest

from bot.requests.offers import ACTION, Typed
from sandbox.control.client import Person
from storage.errors import Invalid
from tests.support.company import Company


@pytest.fixture
def team(company: Company) -> Company:
    for line in (
        "/customer add Harbor Freight domain:harbor.com",
        "/customer add Bluepeak",
        '/deal add Harbor expansion customer:"harbor freight"',
        "/deal add Harbor renewal",
        "/ticket add Login fails",
    ):
        company.admin.types(line, channel="CGENERAL")
    company.rep.types("/crm help")
    return company


def test_a_note_about_a_misspelt_customer_is_kept_until_it_is_chosen(team: Company) -> None:
    rep = team.rep
    said = rep.types("/customer note bluepeek asked for a <quote>\nand a “demo”").text
    assert "There is no customer called bluepeek. Which one do you mean?" in said
    assert "Bluepeak" in said
    rep.clicks("This one")
    rep.sees("Noted on *Bluepeak*  C-2.")
    rep.does_not_see("Which one do you mean?")
    shown = rep.types("/customer show C-2").text
    assert "asked for a <quote>\nand a “demo”" in shown.replace("&lt;", "<").replace("&gt;", ">")


def test_of_several_deals_one_is_chosen(team: Company) -> None:
    rep = team.rep
    said = rep.types("/deal won harbor").text
    assert "There is more than one deal called harbor. Which one do you mean?" in said
    assert "Harbor expansion" in said
    assert "Harbor renewal" in said
    rep.clicks("This one")
    rep.sees("Won. Congratulations!")
    rep.types("/deal show harbor")
    rep.clicks("This one")
    rep.sees("D-")


def test_what_is_chosen_stands_beside_what_else_was_typed(team: Company) -> None:
    rep = team.rep
    rep.types("/deal add Beta amount:5k customer:bluepeek close:2030-05-03 owner:me")
    rep.clicks("This one")
    rep.sees("Added.")
    card = rep.types("/deal show Beta").text
    assert all(part in card for part in ("Bluepeak", "$5,000", "May 3, 2030"))
    rep.types('/followup add bluepeek when:"2030-05-03 09:00" call them')
    rep.clicks("This one")
    rep.sees("I will remind you")
    rep.types("/deal list customer:bluepeek mine")
    rep.clicks("This one")
    rep.sees("*Open deals* customer:C-2, owner:")


def test_two_names_are_chosen_one_after_the_other(team: Company) -> None:
    agent = team.admin
    agent.types("/ticket add Printer jam", channel="CGENERAL")
    agent.types("/ticket merge logni into:pritner", channel="CGENERAL")
    agent.clicks("This one")
    agent.sees("There is no ticket called pritner.")
    agent.clicks("This one")
    agent.sees("is part of this one now")


def test_a_bare_name_offers_what_it_may_mean(team: Company) -> None:
    rep = team.rep
    assert "There is no customer called bluepeek." in rep.types("/customer bluepeek").text
    rep.clicks("This one")
    rep.sees("*Bluepeak*  C-2")


def test_a_button_asks_for_the_role_of_the_command(team: Company) -> None:
    team.rep.types("/customer note bluepeek asked for a quote")
    team.gives("rep", "viewer")
    team.rep.clicks("This one")
    team.rep.sees("This needs the role rep.")
    assert "asked for a quote" not in team.rep.types("/customer show C-2").text


def test_a_second_click_does_nothing_more(team: Company) -> None:
    rep = team.rep
    message = rep.types("/customer note bluepeek asked once").ts
    value = Typed("customer note", "bluepeek asked once", {"customer": "C-2"})
    for _ in range(2):
        rep.forges(ACTION, f":0:{value.dump()}", message)
    assert rep.types("/customer show C-2").text.count("asked once") == 1


def test_a_text_too_long_for_a_button_is_given_back_whole(rep: Person) -> None:
    rep.types("/customer add Bluepeak")
    note = " ".join(f"word-{number}" for number in range(900))
    said = rep.types(f"/customer note bluepeek {note}").text
    assert "There is no customer called bluepeek." in said
    assert "C-1" in said
    assert note in said.replace("\n", "")


@pytest.mark.parametrize("forged", ["", "{}", "[]", "null", "[1]", '["deal show", "x", []]', '["deal show", "x", 1]'])
def test_a_button_that_is_not_ours_is_refused(forged: str) -> None:
    with pytest.raises(Invalid, match="no longer works"):
        Typed.load(forged)


def test_what_a_button_holds_is_read_back() -> None:
    typed = Typed("deal note", "“x”: y\nz", {"deal": "D-1"})
    assert Typed.load(typed.dump()) == typed
    assert json.loads(typed.dump())[1] == "“x”: y\nz"
