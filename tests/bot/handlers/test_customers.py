"""Customers as people meet them: typed, clicked and filled in."""

from __future__ import annotations

import pytest

from sandbox.control.client import Person
from tests.support.company import Company
from tests.support.waiting import until


def test_a_customer_is_added_noted_on_and_found_again_also_misspelt(rep: Person) -> None:
    assert "Add it: /customer add acme" in rep.types("/customer find acme").text.replace("`", "")
    added = rep.types("/customer add Acme Corp domain:acme.com tier:Gold").text
    assert all(part in added for part in ("Added.", "Acme Corp", "C-1", "gold", "acme.com", "/crm undo"))
    assert "Acme Corp" in rep.types("/customer find acmee").text
    assert "Noted on" in rep.types("/customer note acme asked for a quote, 10:30").text
    shown = rep.types("/customer show acme.com").text
    assert "asked for a quote, 10:30" in shown
    rep.types("/customer find acme")
    rep.clicks("Show")
    rep.sees("asked for a quote, 10:30")


def test_the_card_shows_what_is_open_there(rep: Person) -> None:
    rep.types("/customer add Acme")
    for number in range(6):
        rep.types(f"/deal add Deal {number} amount:{number}k customer:acme")
    rep.types("/ticket add Login fails customer:acme priority:high")
    shown = rep.types("/customer show acme").text
    assert "Deal 4 · $4,000 · Lead" in shown
    assert "Deal 5" not in shown
    assert "/deal list customer:C-1" in shown
    assert "Login fails · high · new" in shown


def test_a_likely_twin_is_shown_before_anything_is_stored(rep: Person) -> None:
    rep.types("/customer add Acme Corp domain:acme.com")
    asked = rep.types("/customer add ACME corp. tier:gold").text
    assert "nothing has been added yet" in asked
    assert "Acme Corp" in asked
    assert "There is no C-2." in rep.types("/customer show C-2").text
    rep.clicks("Add anyway")
    rep.sees("Added.")
    assert "gold" in rep.types("/customer show C-2").text


def test_the_form_says_what_is_wrong_and_asks_about_twins(rep: Person) -> None:
    rep.types("/customer")
    assert "does not look like a domain" in rep.submits(Name="Acme Corp", Domain="not a domain").errors["domain"]
    rep.submits(Name="Acme Corp", Domain="acme.com")
    rep.sees("C-1")
    rep.types("/customer")
    rep.submits(Name="Acme Corp.")
    rep.sees("nothing has been added yet")
    rep.submits()
    rep.sees("C-2")


def test_a_card_is_edited_and_noted_on_in_forms(rep: Person) -> None:
    rep.types("/customer add Acme domain:acme.com tier:gold")
    rep.clicks("Edit")
    rep.submits(Name="Acme Corp", Domain="", Tier="silver")
    rep.sees("Saved.")
    shown = rep.types("/customer show C-1").text
    assert "silver" in shown
    assert "acme.com" not in shown
    rep.clicks("Note")
    rep.submits(Note="They moved to Köln")
    rep.sees("They moved to Köln")


def test_a_form_that_was_overtaken_shows_both_values_and_saves_what_nobody_else_changed(company: Company) -> None:
    company.rep.types("/customer add Acme")
    company.rep.clicks("Edit")
    company.agent.types("/customer show acme")
    company.agent.clicks("Edit")
    company.agent.submits(Tier="gold")
    company.agent.sees("Saved.")
    company.rep.submits(Tier="silver", Domain="acme.com")
    asked = company.rep.sees("Anton Agent was quicker. The rest is saved.")
    assert "*Tier*: Anton Agent wrote gold" in asked
    modal = company.rep.modal
    assert modal is not None and list(modal["values"]) == ["tier"]
    assert modal["values"]["tier"]["tier"]["value"] == "silver"
    shown = company.agent.types("/customer show acme").text
    assert "gold" in shown and "acme.com" in shown
    company.rep.submits()
    company.rep.sees("Saved.")
    assert "silver" in company.rep.types("/customer show acme").text


def test_what_one_changed_oneself_meanwhile_is_no_conflict(rep: Person) -> None:
    rep.types("/customer add Acme")
    rep.clicks("Edit")
    rep.types("/customer edit C-1 tier:gold")
    rep.submits(Tier="silver")
    rep.sees("Saved.")
    assert "silver" in rep.types("/customer show acme").text


def test_only_those_who_may_add_customers(company: Company) -> None:
    company.gives("rep", "viewer")
    assert "needs the role" in company.rep.types("/customer add Acme").text
    assert "No customer is like" in company.rep.types("/customer find Acme").text


def test_mistakes_are_named_with_the_usage(rep: Person) -> None:
    missing = rep.types("/customer add").text
    assert "The name is missing." in missing
    assert "/customer add <name>" in missing
    assert "does not look like a domain" in rep.types("/customer add Acme domain:acme").text
    assert "There is no customer called nobody" in rep.types("/customer show nobody").text


def test_a_customer_is_given_to_our_own_people_only(company: Company) -> None:
    assert "not on your team" in company.rep.types("/customer add Acme owner:@guest").text
    assert "Added." in company.rep.types("/customer add Acme owner:@agent").text


def test_hostile_names_are_shown_as_they_were_typed(rep: Person) -> None:
    rep.types("/customer add <!channel> & *bold* `code` \u202etxt \U0001f600")
    rep.sees("<!channel> & *bold* `code`")


def test_a_menu_offers_customers_while_one_types(rep: Person) -> None:
    rep.types("/customer add Acme Corp")
    rep.types("/customer add Globex")
    rep.types("/deal")
    assert rep.types_option("Customer", "globx").options == ["Globex (C-2)"]
    assert rep.types_option("Customer", "").options == ["Acme Corp (C-1)", "Globex (C-2)"]


@pytest.mark.parametrize(
    "forged",
    ["", "{}", "[]", "null", '{"name": 1}', '{"name": "", "domain": null}', '{"name": "A", "owner_id": "UGUEST"}'],
)
def test_an_older_button_that_is_not_ours_adds_nothing(company: Company, forged: str) -> None:
    added = company.rep.types("/customer add Acme")
    company.rep.forges("customers.add_anyway", f":0:{forged}", added.ts)
    company.settles()
    assert "There is no C-2" in company.rep.types("/customer show C-2").text


def test_buttons_of_older_cards_do_what_they_did(company: Company) -> None:
    added = company.rep.types("/customer add Acme")
    known = '{"name": "Acme", "domain": null, "tier": "gold", "owner_id": "UAREP"}'
    company.rep.forges("customers.add_anyway", f":0:{known}", added.ts)
    company.rep.sees("C-2")
    company.rep.forges("customers.show", "C-2:1:", added.ts)
    company.rep.sees("gold")
    company.rep.forges("customers.new", "", added.ts)
    until(lambda: "New customer" in str(company.rep.modal))
    company.rep.submits(Name="Globex")
    company.rep.sees("C-3")
    company.rep.forges("customers.edit", "C-3:1:", added.ts)
    until(lambda: "Edit customer" in str(company.rep.modal))
    company.rep.submits(Tier="silver")
    company.rep.sees("Saved.")


def test_a_customer_is_changed_archived_and_merged_by_words(rep: Person) -> None:
    rep.types("/customer add Acme Corp domain:acme.com")
    rep.types("/customer add Zenith tier:gold")
    rep.types("/deal add Renewal customer:zenith")
    assert "silver" in rep.types("/customer edit C-1 tier:silver").text
    merged = rep.types("/customer merge C-2 into:C-1").text
    assert "is part of this one now" in merged and "Renewal" in merged
    assert "Zenith" not in rep.types("/customer list").text
    rep.types("/crm undo")
    assert "Renewal" in rep.types("/customer show C-2").text
    rep.types("/customer archive C-2")
    assert "Zenith" not in rep.types("/customer list").text
