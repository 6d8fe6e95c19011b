"""What cards, list lines, forms, buttons and the Home show, as an admin says it."""

from __future__ import annotations

import pytest

from sandbox.control.client import Person
from tests.support.company import Company


@pytest.fixture
def deal(rep: Person) -> str:
    return rep.types("/deal add Upgrade amount:12k close:2031-05-01").text


def test_a_card_and_a_line_show_what_an_admin_says_in_that_order(deal: str, admin: Person, rep: Person) -> None:
    assert deal.index("*Amount*") < deal.index("*Expected to close*")
    said = admin.types('/crm layout deal card:"close, amount" line:"close" buttons:"edit, won"').text
    assert "Saved." in said and "`close, amount`" in said and "not shown: " in said
    assert "So a card looks now:" in said and "[Edit] · [Won]" in said
    shown = rep.types("/deal show D-1").text
    assert shown.index("*Expected to close*") < shown.index("*Amount*")
    assert "*Owner*" not in shown and "*Stage*" not in shown
    assert "Follow up" not in shown and "Note" not in shown and "Won" in shown
    listed = rep.types("/deal list").text
    assert "12,000" not in listed.replace("Total", "").partition("D-1")[2]
    admin.types("/crm undo")
    assert "*Owner*" in rep.types("/deal show D-1").text


def test_a_form_asks_in_that_order_and_never_without_what_must_be_given(admin: Person, rep: Person) -> None:
    admin.types("/crm field add customer Region required:yes")
    assert "region must be given, so the form has to ask for it" in admin.types("/crm layout customer form:tier").text
    admin.types('/crm layout customer form:"region, domain"')
    rep.types("/customer")
    rep.sees("Domain")
    labels = [block["label"]["text"] for block in (rep.modal or {})["view"]["blocks"] if block["type"] == "input"]
    assert labels == ["Name", "Region", "Domain"]
    rep.submits({"Name": "Acme", "Region": "EMEA"})
    rep.sees("*Region*\nEMEA")
    admin.types("/crm field add customer Size required:yes")
    rep.types("/customer")
    rep.sees("Size")
    labels = [block["label"]["text"] for block in (rep.modal or {})["view"]["blocks"] if block["type"] == "input"]
    assert labels == ["Name", "Region", "Domain", "Size"]


def test_the_form_of_a_layout_changes_it_and_undo_takes_it_back(deal: str, admin: Person, rep: Person) -> None:
    admin.types("/crm layout deals")
    admin.clicks("Change")
    reply = admin.submits({"Card": "amount\nprice"})
    assert "There is no price to show" in reply.errors["card"]
    admin.submits({"Card": "amount"})
    admin.sees("Saved.")
    assert "*Expected to close*" not in rep.types("/deal show D-1").text
    assert "layout" in admin.types("/crm audit what:layout").text
    admin.types("/crm undo")
    assert "*Expected to close*" in rep.types("/deal show D-1").text
    admin.types("/crm layout deal card:amount")
    admin.types("/crm layout deal card:usual")
    assert "*Expected to close*" in rep.types("/deal show D-1").text


def test_the_home_shows_its_parts_in_that_order(company: Company, deal: str, admin: Person, rep: Person) -> None:
    rep.opens_home()
    rep.sees("My open deals")
    shown = admin.types("/crm layout home").text
    assert "My open deals `deals." in shown
    key = shown.partition("My open deals `")[2].partition("`")[0]
    tickets = shown.partition("My tickets `")[2].partition("`")[0]
    admin.types(f'/crm layout home show:"{tickets}"')
    rep.opens_home()
    company.settles()
    assert "My tickets" in str(rep.home)
    rep.does_not_see("My open deals")
    assert "There is no weather to show" in admin.types("/crm layout home show:weather").text
    admin.types(f"/crm layout home show:{key},{tickets}")
    rep.opens_home()
    rep.sees("My open deals")
    admin.opens_home()
    admin.sees("Set up")


def test_layouts_are_for_admins(rep: Person) -> None:
    assert "This needs the role admin" in rep.types("/crm layout deal card:amount").text


def test_the_preview_is_of_an_open_deal_so_that_its_buttons_are_known(admin: Person, rep: Person) -> None:
    rep.types("/deal add First")
    rep.types("/deal add Second")
    rep.types("/deal won D-2")
    assert "D-1" in admin.types('/crm layout deal buttons:"won, edit"').text
    assert "There is no" not in admin.types('/crm layout deal buttons:"lost, note"').text
    rep.types("/customer add Acme")
    rep.types("/crm contact add Jane")
    rep.types("/ticket add Down")
    rep.types("/followup add D-1 tomorrow call")
    for noun in ("customer", "contact", "deal", "ticket", "renewal"):
        assert "Buttons" in admin.types(f"/crm layout {noun}").text, noun
