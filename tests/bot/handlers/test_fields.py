"""Fields of a team's own, as an admin makes them and everybody uses them at once."""

from __future__ import annotations

import pytest

from sandbox.control.client import Person
from tests.support.company import Company


@pytest.fixture
def competitor(admin: Person) -> str:
    return admin.types('/crm field add customer Competitor type:choice choices:"Globex, Initech"').text


def test_a_field_is_used_at_once_in_every_surface(competitor: str, admin: Person, rep: Person) -> None:
    assert "Added *Competitor*" in competitor and "/customer edit … competitor:" in competitor
    added = rep.types("/customer add Acme competitor:globex").text
    assert "Added." in added and "*Competitor*\nGlobex" in added
    rep.types("/customer add Beta competitor:initech")
    rep.types("/customer add Gamma")
    listed = rep.types("/customer list competitor:globex").text
    assert "Acme" in listed and "Beta" not in listed
    assert "Gamma" in rep.types("/customer list competitor:none").text
    ordered = rep.types("/customer list sort:-competitor").text
    assert ordered.index("Beta") < ordered.index("Acme") < ordered.index("Gamma")
    assert "competitor:" in rep.types("/crm help customer").text
    assert (
        "Hooli is not a competitor. There are Globex, Initech."
        in rep.types("/customer edit acme competitor:Hooli").text
    )
    rep.types("/customer show acme")
    rep.clicks("Edit")
    rep.submits({"Competitor": "Initech"})
    rep.sees("*Competitor*\nInitech")
    history = rep.types("/crm history C-1").text
    assert "Competitor: Globex → Initech" in history
    rep.types("/crm undo")
    assert "Globex" in rep.types("/customer show acme").text


def test_a_key_may_be_in_any_script(admin: Person, rep: Person) -> None:
    admin.types("/crm field add customer 竞争对手")
    assert "华为" in rep.types("/customer add Acme 竞争对手:华为").text
    assert "Acme" in rep.types("/customer list 竞争对手:华为").text


def test_an_admin_makes_and_changes_fields_in_forms(admin: Person, rep: Person) -> None:
    assert "none of your own yet" in admin.types("/crm fields").text
    admin.types("/crm fields customers")
    admin.sees("They come with Rapport: Name, Domain, Tier, Owner")
    admin.clicks("Add a field")
    assert "at least one choice" in admin.submits({"Name": "Plan", "Type": "Choice"}).errors["choices"]
    admin.submits({"Name": "Plan", "Type": "Choice", "Choices": "Basic\nPremium", "Help": "What they pay for"})
    admin.sees("Added *Plan*")
    rep.types("/customer add Acme plan:basic")
    admin.types("/crm fields customers")
    admin.clicks("Edit")
    admin.submits({"Name": "Package", "Key": "package", "Choices": "Basic\nPremium\nTrial"})
    admin.sees("*Package*\n`package:` · Choice\nBasic, Premium, Trial")
    admin.types("/crm field choice customer package rename:Basic to:Starter")
    assert "*Package*\nStarter" in rep.types("/customer show acme").text


def test_a_retired_field_is_gone_and_comes_back_with_its_values(competitor: str, admin: Person, rep: Person) -> None:
    rep.types("/customer add Acme competitor:globex")
    admin.types("/crm fields customer")
    admin.clicks("Retire")
    admin.sees("is retired")
    assert "Globex" not in rep.types("/customer show acme").text
    assert "There is no competitor" in rep.types("/customer list competitor:globex").text
    admin.types("/crm fields customer")
    admin.clicks("Bring back Competitor")
    assert "Globex" in rep.types("/customer show acme").text
    admin.types("/crm undo")
    assert "Globex" not in rep.types("/customer show acme").text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("/crm field add customer Domain", "There is a field domain already"),
        ("/crm field add customer Sort", "means something else in commands"),
        ("/crm field add customer Into", "means something else in commands"),
        ("/crm field add planet Moons", "There are no records called planet"),
        ("/crm field add customer Moons type:colour", "colour is no type of field"),
        ("/crm field edit customer domain name:Site", "comes with Rapport and cannot be changed"),
        ("/crm field retire customer moons", "There is no field moons"),
        ("/crm field restore customer moons", "There is no field moons"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(admin: Person, typed: str, said: str) -> None:
    assert said in admin.types(typed).text


def test_only_admins_change_fields_and_everybody_sees_them(competitor: str, rep: Person) -> None:
    assert "This needs the role admin" in rep.types("/crm field add customer Plan").text
    shown = rep.types("/crm fields customer").text
    assert "Competitor" in shown and "An admin can add and change fields." in shown


def test_a_required_field_is_asked_for(admin: Person, rep: Person) -> None:
    admin.types("/crm field add customer Region required:yes")
    assert "Region is missing" in rep.types("/customer add Acme").text
    assert "Added." in rep.types("/customer add Acme region:EMEA").text


def test_a_card_shows_more_fields_than_a_section_takes(admin: Person, rep: Person) -> None:
    for number in range(12):
        admin.types(f"/crm field add customer Field {number}")
    given = " ".join(f"field_{number}:v{number}" for number in range(12))
    shown = rep.types(f"/customer add Acme {given}").text
    assert all(f"v{number}" in shown for number in range(12))


def test_a_long_text_waits_whole_for_a_click(admin: Person, rep: Person) -> None:
    admin.types("/crm field add customer Terms type:long")
    terms = "net thirty days and so on " * 120
    rep.types("/customer add Acme")
    assert "may be here already" in rep.types(f'/customer add Acme terms:"{terms}the end"').text
    rep.clicks("Add anyway")
    rep.sees("*Acme*  C-2")
    rep.types("/customer edit C-2 domain:acme.com")
    history = rep.types("/crm history C-2").text
    assert "Terms: net thirty days" in history
    rep.clicks("Edit")
    rep.submits({"Name": "Acme Two"})
    rep.sees("*Acme Two*  C-2")
    assert "Terms:" not in rep.types("/crm history C-2").text.partition("Name:")[0]


@pytest.mark.parametrize(
    ("noun", "slash", "reference"),
    [("deal", "/deal", "D-1"), ("ticket", "/ticket", "T-1"), ("contact", "/crm contact", "P-1")],
)
def test_nouns_with_rules_of_their_own_take_fields_too(
    company: Company, admin: Person, noun: str, slash: str, reference: str
) -> None:
    admin.types(f"/crm field add {noun} Competitor type:choice choices:Globex,Initech")
    who = company.agent if noun == "ticket" else company.rep
    added = who.types(f"{slash} add Heron competitor:globex").text
    assert "Added." in added and "*Competitor*\nGlobex" in added
    assert "Initech" in who.types(f"{slash} edit {reference} competitor:initech").text
    assert "Heron" in who.types(f"{slash} list competitor:initech").text
    assert "Competitor: Globex → Initech" in who.types(f"/crm history {reference}").text
    who.types("/crm undo")
    assert "Globex" in who.types(f"{slash} show {reference}").text
    who.types("/crm undo")
    assert "There is no" in who.types(f"{slash} show {reference}").text
    who.types(slash)
    who.submits({"Title" if noun == "ticket" else "Name": "Egret", "Competitor": "Initech"})
    who.sees("*Competitor*\nInitech")


def test_a_person_at_a_customer_is_added_with_fields_of_the_team_s_own(admin: Person, rep: Person) -> None:
    admin.types("/crm field add contact Region required:yes")
    rep.types("/customer add Acme")
    assert "Region is missing" in rep.types("/customer contact acme Jane Doe").text
    added = rep.types("/customer contact acme Jane Doe region:EMEA email:jane@acme.com").text
    assert "Added." in added and "*Region*\nEMEA" in added and "jane@acme.com" in added
    assert "[region:region]" in rep.types("/crm help customer contact").text


def test_a_type_is_changed_once_somebody_has_seen_what_would_be_lost(admin: Person, rep: Person) -> None:
    admin.types("/crm field add customer Seats")
    rep.types("/customer add Acme seats:12.5")
    rep.types('/customer add Heron seats:"a dozen"')
    asked = admin.types("/crm field type customer seats type:number").text
    assert "Nothing is changed yet" in asked
    assert "1 value is carried over" in asked and "C-1 Acme: 12.5" in asked
    assert "1 value cannot be, and stays with the old field" in asked and "C-2 Heron: a dozen" in asked
    assert "a dozen" in rep.types("/customer show C-2").text
    admin.clicks("Change the type")
    admin.sees("*Seats* is number now")
    assert "Acme" in rep.types("/customer list seats>12").text
    assert "a dozen" not in rep.types("/customer show C-2").text
    admin.types("/crm undo")
    assert "a dozen" in rep.types("/customer show C-2").text


def test_a_field_for_some_roles_is_made_in_a_form(admin: Person, manager: Person, rep: Person) -> None:
    admin.types("/crm fields customers")
    admin.clicks("Add a field")
    admin.submits({"Name": "Margin", "Type": "Number", "Only for": ["manager"]})
    admin.sees("🔒 only for manager, never in a channel")
    manager.types("/customer add Acme margin:30")
    assert "Margin" not in rep.types("/customer show acme").text
    assert "*Margin 🔒*\n30" in manager.types("/customer show acme").text
    assert "colleague is no role" in admin.types("/crm field edit customer margin seen:colleague").text
    admin.types("/crm field edit customer margin seen:all")
    assert "*Margin*\n30" in rep.types("/customer show acme").text


def test_a_choice_of_two_hundred_is_chosen_in_a_form(admin: Person, rep: Person) -> None:
    names = ", ".join(f"P{number}" for number in range(200))
    assert "Plan" in admin.types(f'/crm field add customer Plan type:choice choices:"{names}"').text
    rep.types("/customer add Acme")
    rep.clicks("Edit")
    rep.submits({"Name": "Acme", "Plan": "P199"})
    rep.sees("P199")
    assert "Acme" in rep.types("/customer list plan:p199").text


def test_records_begin_with_the_default_of_a_field(admin: Person, rep: Person) -> None:
    said = admin.types('/crm field add customer Plan type:choice choices:"Basic, Premium" default:premium').text
    assert "begins with Premium" in said
    admin.types("/crm field add customer Seats type:number default:12")
    assert "no value of it" not in said
    shown = rep.types("/customer add Acme").text
    assert "Premium" in shown and "12" in shown
    assert "Basic" in rep.types("/customer add Globex plan:basic").text
    rep.types("/crm customer add")
    admin.types("/crm field edit customer plan default:basic")
    assert "Default: Premium → Basic" in admin.types("/crm audit what:fields").text.replace("*", "")
    assert "Premium" in admin.types("/crm undo").text
    for typed, why in (
        ("customer plan default:gold", "gold is not a plan"),
        ("customer seats default:many", "is not a number"),
    ):
        assert why in admin.types(f"/crm field edit {typed}").text, typed
    assert "cannot begin with one" in admin.types("/crm field add customer Rival to:customer default:acme").text
    admin.types("/crm field edit customer seats default:none")
    assert "Seats" not in rep.types("/customer add Initech").text
    # A default that is not offered any more is none.
    added = admin.types('/crm field add customer Region choices:North,South,"Far East" hint:Where').text
    assert "*Region*" in added and "North, South, Far East" in added
    admin.types('/crm field edit customer plan choices:"Basic"')
    assert "Premium" not in rep.types("/customer add Hooli").text


def test_a_default_is_given_in_the_form(admin: Person, rep: Person) -> None:
    admin.types("/crm fields customer")
    admin.clicks("Add a field")
    admin.submits({"Name": "Budget", "Type": "Amount of money", "Records begin with": "2,500 EUR"})
    admin.sees("begins with")
    assert "€2,500" in rep.types("/customer add Acme").text


def test_a_choice_may_begin_with_its_colour_and_is_typed_without(admin: Person, rep: Person) -> None:
    admin.types('/crm field add customer Health type:choice choices:"🟢 Good, 🟡 Fair, 🔴 Poor"')
    assert "🔴 Poor" in rep.types("/customer add Acme health:poor").text
    assert "🟢 Good" in rep.types('/customer add Globex health:"🟢 Good"').text
    found = rep.types("/customer list health:poor").text
    assert "Acme" in found and "Globex" not in found
    assert "Acme" in rep.types('/customer list health:"🔴 Poor"').text
    assert "given twice" in admin.types('/crm field edit customer health choices:"🟢 Good, 🔵 Good"').text
    admin.types("/crm status add 🟣 With the vendor kind:waiting")
    rep.types("/customer list health:good,fair")
