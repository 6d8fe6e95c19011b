"""Reasons for which deals are won and lost: choices of the team's own, asked for when an admin says so."""

from __future__ import annotations

import pytest

from sandbox.control.client import Person

REASONS = (("Price", "lost"), ("Timing", "lost"), ("Reference", "won"))


@pytest.fixture(autouse=True)
def _reasons(rep: Person, admin: Person) -> None:
    assert "in their own words" in rep.types("/crm reasons").text
    for name, kind in REASONS:
        assert f"Added *{name}*" in admin.types(f"/crm reason add {name} kind:{kind}").text
    for number in range(1, 6):
        rep.types(f"/deal add Sale {number}")


def test_a_reason_is_understood_where_nobody_has_to_give_one(rep: Person) -> None:
    assert "Won because" not in rep.types("/deal won D-1").text
    assert "Reference" in rep.types("/deal won D-1 reason:reference").text
    assert "There are Reference." in rep.types("/deal won D-3 reason:price").text
    for typed, told in (
        ("D-2 price: 20 % too high", "Price: 20 % too high"),
        ("D-3 Timing.", "Timing"),
        ("D-4 pricey", "pricey"),
        ("D-5 reason:price", "Price"),
    ):
        shown = rep.types(f"/deal lost {typed}").text.partition("Lost because")[2]
        assert told in shown and "reason:" not in shown, typed
    rep.types("/deal move D-1 lead")
    assert "Reference" not in rep.types("/deal show D-1").text
    rep.types("/crm undo")
    assert "Reference" in rep.types("/deal show D-1").text
    assert "Won or lost because" in rep.types("/deal history D-1").text


def test_lists_find_deals_by_their_reason(rep: Person, admin: Person) -> None:
    rep.types("/deal won D-1 reason:reference")
    rep.types("/deal lost D-2 price")
    rep.types("/deal lost D-3 timing")
    for typed, found in (
        ("reason:price", {"D-2"}),
        ("reason:lost", {"D-2", "D-3"}),
        ("reason:reference", {"D-1"}),
        ("closed_reason:price,timing sort:closed", {"D-2", "D-3"}),
        ("closed reason:none", set()),
    ):
        text = rep.types(f"/deal list {typed}").text
        assert {name for name in ("D-1", "D-2", "D-3", "D-4") if name in text} == found, typed
    admin.types("/crm reason edit price name:Budget")
    assert "D-2" in rep.types("/deal list reason:budget").text
    assert "1 deal have it" in admin.types("/crm reason retire timing to:budget").text
    admin.clicks("They become Budget")
    admin.sees("*Timing* → *Budget*: moved", channel="@Rapport")


def test_who_closes_a_deal_is_asked_why_once_an_admin_says_so(rep: Person, admin: Person) -> None:
    admin.types("/crm reasons")
    admin.clicks("When to ask")
    admin.submits({"Ask why deals are closed that are": "lost"})
    rep.types("/deal show D-1")
    rep.clicks("Won")
    rep.sees("Won. Congratulations!")
    assert "both" in admin.types("/crm settings deals ask_reasons:both").text
    for typed in ("/deal won D-3", "/deal move D-3 won", "/deal move D-3 lost", "/deal lost D-3 too slow"):
        assert "Nothing has changed yet." in rep.types(typed).text, typed
    assert "Say why it is won." in rep.types("/deal edit D-3 stage:won").text
    rep.types("/deal won D-3")
    rep.clicks("Say why")
    rep.submits({"Why was it won?": "Reference"})
    assert "Reference" in rep.types("/deal show D-3").text.partition("Won because")[2]
    rep.types("/deal show D-4")
    rep.clicks("Lost")
    rep.submits({"Why was it lost?": "Timing", "What else is there to say?": "next year"})
    assert "Timing: next year" in rep.types("/deal show D-4").text
    # The card's button opens the form, as pressing it is not enough any more.
    rep.types("/deal show D-5")
    rep.clicks("Won")
    rep.submits({"Why was it won?": "Reference"})
    assert "Reference" in rep.types("/deal show D-5").text
    assert "There is no reason" in rep.types("/deal won D-2 reason:luck").text


def test_a_digest_tells_why_deals_were_won_and_lost(rep: Person, manager: Person) -> None:
    rep.types("/deal won D-1 reason:reference")
    rep.types("/deal lost D-2 price: too high")
    told = manager.types("/digest now pipeline").text.replace("*", "")
    assert "Won because of: Reference" in told and "Lost because of: Price" in told
