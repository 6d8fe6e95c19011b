"""Deals as people meet them: typed, clicked and filled in."""

from __future__ import annotations

import pytest

from sandbox.control.client import Person
from tests.support.company import Company
from tests.support.waiting import until


def test_a_deal_goes_from_added_to_won(rep: Person) -> None:
    rep.types("/customer add Acme Corp")
    added = rep.types('/deal add Acme renewal amount:12k customer:"acme corp" close:2030-05-03 stage:prop').text
    assert all(part in added for part in ("D-1", "Acme Corp", "$12,000", "Proposal (50%)", "May 3, 2030"))
    assert "Moved to Negotiation." in rep.types("/deal move D-1 nego").text
    assert "It is already in Negotiation." in rep.types("/deal move D-1 negotiation").text
    assert "Noted on" in rep.types("/deal note D-1 they want it before Christmas").text
    assert "they want it before Christmas" in rep.types("/deal show acme renewal").text
    assert "Won. Congratulations!" in rep.types("/deal won Acme renewal").text
    assert "It is already won." in rep.types("/deal won D-1").text


def test_a_deal_is_lost_for_a_reason_and_reopened(rep: Person) -> None:
    rep.types("/deal add Acme renewal")
    assert "too expensive" in rep.types("/deal lost D-1 too expensive").text
    assert "It is already lost." in rep.types("/deal lost D-1").text
    rep.selects("Reopen in", "Qualified")
    rep.sees("Moved to Qualified.")
    rep.clicks("Lost")
    rep.submits({"Why was it lost?": "went with a competitor"})
    rep.sees("went with a competitor")


def test_follow_ups_of_a_closed_deal_are_named(rep: Person) -> None:
    rep.types("/deal add Acme renewal")
    rep.types('/followup add D-1 when:"in 3 days" call back')
    assert "Follow-ups cancelled with it: F-1." in rep.types("/deal lost D-1").text


def test_buttons_and_the_menu_redraw_the_card(rep: Person) -> None:
    rep.types("/deal add Acme renewal amount:5k")
    rep.selects("Move to", "Proposal")
    rep.sees("Proposal (50%)")
    rep.clicks("Won")
    rep.sees("Won. Congratulations!")
    rep.does_not_see("Proposal (50%)")


def test_a_stale_card_does_nothing_and_says_who_was_quicker(company: Company) -> None:
    company.rep.types("/deal add Acme renewal")
    company.agent.types("/deal move D-1 proposal")
    company.rep.clicks("Won")
    company.rep.sees("Nothing was done:")
    assert "Proposal (50%)" in company.rep.types("/deal show D-1").text
    company.agent.types("/deal move D-1 lead")
    company.rep.clicks("Lost")
    company.rep.sees("Nothing was done:")
    company.rep.closes()


def test_a_deal_of_the_same_name_is_shown_before_anything_is_stored(rep: Person) -> None:
    rep.types("/deal add Acme renewal amount:5k")
    assert "nothing has been added yet" in rep.types("/deal add acme renewal amount:7k").text
    rep.clicks("Add anyway")
    rep.sees("$7,000")
    rep.types("/deal")
    rep.submits(Name="Acme renewal", Amount="1.5k €")
    rep.sees("nothing has been added yet")
    rep.submits()
    rep.sees("D-3")
    assert "€1,500" in rep.types("/deal show D-3").text


def test_the_form_says_what_is_wrong_and_edits_what_there_is(rep: Person) -> None:
    rep.types("/customer add Acme")
    rep.clicks("New deal")
    assert "is not an amount I understand" in rep.submits(Name="Acme renewal", Amount="lots").errors["amount"]
    rep.submits(Name="Acme renewal", Amount="12,000.50", Stage="Qualified")
    rep.sees("D-1")
    shown = rep.types("/deal show D-1").text
    assert all(part in shown for part in ("C-1", "$12,000.50", "Qualified (25%)"))
    rep.clicks("Edit")
    rep.submits(Name="Acme upgrade", Amount="")
    rep.sees("Saved.")
    shown = rep.types("/deal show D-1").text
    assert "Acme upgrade" in shown
    assert "C-1" in shown
    assert "$12,000.50" not in shown
    rep.clicks("Note")
    rep.submits(Note="asked again")
    rep.sees("asked again")


def test_a_form_saves_beside_what_others_have_done_and_asks_where_both_did(company: Company) -> None:
    company.rep.types("/deal add Acme renewal")
    company.rep.clicks("Edit")
    company.agent.types("/deal move D-1 proposal")
    company.rep.submits(Amount="5k")
    company.rep.sees("Saved, beside what")
    assert "Proposal (50%)" in company.rep.types("/deal show D-1").text
    company.rep.clicks("Edit")
    company.agent.types("/deal move D-1 negotiation")
    company.rep.submits(Stage="Lead")
    until(lambda: "was quicker" in str(company.rep.modal))


def test_deals_are_listed_by_filters_with_a_total_for_each_currency(rep: Person, agent: Person) -> None:
    agent.types("/crm help")
    assert "No open deals yet." in rep.types("/deal list").text
    rep.types("/deal add Small amount:5k close:2030-01-01")
    rep.types("/deal add Big amount:50k stage:proposal close:2030-06-01")
    rep.types("/deal add Euro amount:€70k owner:@agent")
    rep.types("/deal add Unpriced")
    everything = rep.types("/deal list").text
    assert "Open deals: 4" in everything.replace("*", "")
    assert "€70,000" in everything
    assert "$55,000" in everything
    found = rep.types("/deal list amount>10k owner:me sort:-amount").text
    assert "Big" in found
    assert not any(name in found for name in ("Small", "Euro", "Unpriced"))
    assert "Euro" in rep.types("/deal list owner:@agent").text
    assert "Small" in rep.types("/deal list close<2030-03-01").text
    assert "No deals match stage:Negotiation" in rep.types("/deal list stage:negotiation").text
    rep.types("/deal won D-1")
    assert "Small" not in rep.types("/deal list").text
    assert "Small" in rep.types("/deal list status:won").text
    assert "Small" in rep.types("/deal list stage:won").text
    assert "Small" in rep.types("/deal list closed>2020-01-01").text
    rep.types("/deal lost D-2")
    # The newest first, whatever day it was to close.
    listed = rep.types("/deal list closed").text
    assert "*Closed deals*" in listed and listed.index("D-2") < listed.index("D-1")
    assert "Small" not in rep.types("/deal list status:open").text


def test_a_long_list_turns_its_pages(rep: Person) -> None:
    for number in range(12):
        rep.types(f"/deal add Deal {number:02}")
    rep.types("/deal edit D-1 amount:5k")
    first = rep.types("/deal list sort:name").text
    assert "1 to 10" in first
    assert "Total of the 10 on this page: $5,000" in first
    rep.clicks("More")
    rep.sees("11 to 12")
    rep.sees("Deal 11")
    rep.clicks("Back")
    rep.sees("1 to 10")
    rep.clicks("Show")
    rep.sees("Lead (10%)")


def test_mistakes_are_named(rep: Person) -> None:
    said = {
        "/deal add Acme amount:lots": "is not an amount I understand",
        "/deal add Acme close:someday": "is not a date I understand",
        "/deal add Acme customer:zenith": "There is no customer called zenith. Add it with `/crm customer add`",
        "/deal add Acme stage:won": "A new deal begins in an open stage",
        "/deal move Acme": "There is no deal called Acme.",
        "/deal show nothing": "There is no deal called nothing",
        "/deal list colour:red": "There is no colour to filter or sort by.",
        "/deal list acme": "I do not understand acme here.",
    }
    for typed, sentence in said.items():
        assert sentence in rep.types(typed).text, typed


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "{}",
        "[]",
        "null",
        '["", 1, "XXX", 1, "x", "U", 1]',
        '["A", 1, "ZZZ", 0, 0, 0, 0]',
        '["A", 1, "EUR", 99, null, null, null]',
        '["A", -1, "EUR", null, null, null, null]',
        '["A", null, null, 1e400, null, null, null]',
        '["A", null, null, null, "someday", null, null]',
        '["A", null, null, null, null, "UGUEST", null]',
        '["A", null, null, null, null, null, "won"]',
    ],
)
def test_an_older_button_that_is_not_ours_adds_nothing(company: Company, forged: str) -> None:
    added = company.rep.types("/deal add Acme")
    company.rep.forges("deals.add_anyway", f":0:{forged}", added.ts)
    company.settles()
    assert "There is no D-2" in company.rep.types("/deal show D-2").text


def test_buttons_of_older_cards_do_what_they_did(company: Company) -> None:
    added = company.rep.types("/deal add Acme")
    known = '["Acme", 125000, "EUR", null, "2030-05-03", "UAREP", "Proposal"]'
    company.rep.forges("deals.add_anyway", f":0:{known}", added.ts)
    company.rep.sees("D-2")
    company.rep.sees("€1,250")
    company.rep.forges("deals.show", "D-1:1:", added.ts)
    company.rep.sees("Lead (10%)")
    company.rep.forges("deals.new", "", added.ts)
    until(lambda: "New deal" in str(company.rep.modal))
    company.rep.submits(Name="Globex")
    company.rep.sees("D-3")
    company.rep.forges("deals.edit", "D-3:1:", added.ts)
    until(lambda: "Edit deal" in str(company.rep.modal))
    company.rep.submits(Amount="7k")
    company.rep.sees("Saved.")
    for number in range(9):
        company.rep.types(f"/deal add Number {number}")
    listed = company.rep.types("/deal list sort:name")
    company.rep.forges("deals.page", ':0:[10, "sort:name"]', listed.ts)
    company.rep.sees("11 to 12")


def test_a_deal_is_archived_once_it_is_closed_and_merged_with_what_it_has(rep: Person) -> None:
    rep.types("/deal add Renewal amount:5k")
    rep.types("/deal add Renewal of Acme close:2030-05-03")
    assert "D-1 is still open. Win or lose it first." in rep.types("/deal archive D-1").text.replace("*", "")
    merged = rep.types("/deal merge D-1 into D-2").text
    assert "is part of this one now" in merged and "$5,000" in merged
    assert "Renewal of Acme" in rep.types("/deal show D-1").text
    rep.types("/deal lost D-2")
    assert "is archived" in rep.types("/deal archive D-2").text
    assert "No deals match" in rep.types("/deal list status:lost").text
    rep.types("/deal move D-2 lead")
    assert "Renewal of Acme" in rep.types("/deal list").text


def test_a_deal_is_edited_by_typing(rep: Person) -> None:
    rep.types("/customer add Acme")
    rep.types("/deal add Renewal amount:12k")
    said = rep.types('/deal edit D-1 amount:20k name:"Big renewal" customer:acme stage:negotiation').text
    assert all(part in said for part in ("Saved.", "Big renewal", "20,000", "Acme", "Negotiation"))
    assert "Name what to change" in rep.types("/deal edit D-1").text
    assert "is not an amount" in rep.types("/deal edit D-1 amount:lots").text
    assert "Renewal" in rep.types("/crm undo").text
    assert "12,000" in rep.types("/deal show D-1").text
    rep.types('/followup add D-1 when:"in 3 days" call back')
    assert "Follow-ups cancelled with it: F-1." in rep.types("/deal edit D-1 stage:won").text
    assert "€9" in rep.types("/deal edit D-1 amount:9€ owner:none").text
    assert "No deals match owner:none, status:open" in rep.types("/deal list unassigned open").text
    assert "Renewal" in rep.types("/deal list unassigned closed").text


def test_an_undone_merge_says_what_is_apart_again(rep: Person) -> None:
    rep.types("/deal add Renewal")
    rep.types("/deal add Renewal of Acme amount:5k")
    rep.types("/deal merge D-1 into D-2")
    assert "Part of: – → Renewal of Acme" in rep.types("/crm history D-1").text
    assert "*D-1* Renewal: Part of: Renewal of Acme → –" in rep.types("/crm undo").text
