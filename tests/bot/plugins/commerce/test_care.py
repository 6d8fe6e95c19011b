"""Look after customers: carts that are given up, reviews of few stars, answers, and tickets that ask for a parcel."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import text, update

from bot.plugins.commerce.carts import Cart
from bot.testing import Company
from storage.database.engine import EVERY_WORKSPACE
from storage.support.tickets import Ticket


def plain(text: str) -> str:
    return " ".join(text.replace("*", "").replace("`", "").split())


def left_for(company: Company, hours: int) -> None:
    """Let time pass since anybody has changed a cart."""
    with company.database.transaction(company.workspace) as session:
        session.execute(update(Cart).values(outside_at=datetime.now(UTC) - timedelta(hours=hours)))


def test_a_cart_that_is_given_up_becomes_its_owners_follow_up_and_is_over_with_the_order(company: Company) -> None:
    rep = company.rep
    rep.types("/customer add Harbor Lines")
    added = plain(rep.types('/crm cart add Jane items:"20 mugs" total:250 customer:harbor').text)
    assert "CT-1" in added and "20 mugs" in added and "$250" in added
    left_for(company, 23)
    company.runs_job("commerce.abandoned")
    assert "State open" in plain(rep.types("/crm cart show CT-1").text)
    left_for(company, 25)
    company.runs_job("commerce.abandoned")
    company.runs_job("commerce.abandoned")
    assert "CT-1" in rep.types("/crm cart list abandoned").text
    assert "Ask Jane about what they left in the cart: 20 mugs" in rep.types("/followup list").text
    rep.types("/crm cart show CT-1")
    rep.clicks("Completed")
    assert "State completed" in plain(rep.types("/crm cart show CT-1").text)
    assert "left in the cart" not in rep.types("/followup list").text
    rep.types("/crm undo")
    assert "left in the cart" in rep.types("/followup list").text


def test_carts_that_nobody_looks_after_wait_for_who_an_admin_names(company: Company) -> None:
    company.agent.types("/crm help")
    company.rep.types("/crm cart add Jane total:10")
    refused = company.admin.types("/crm settings commerce owner:@nobody").text
    assert "nobody" in refused
    named = plain(company.admin.types("/crm settings commerce owner:@agent").text)
    assert "Who looks after customers without an owner: @A" in named
    company.admin.types("/crm settings commerce owner:default")
    company.admin.clicks("Change")
    wanted = {"Hours until a checkout is given up": "1", "Who looks after customers without an owner": "UAAGENT"}
    company.admin.submits(wanted)
    company.admin.sees("Saved.")
    left_for(company, 2)
    company.runs_job("commerce.abandoned")
    assert "Ask Jane" in company.agent.types("/followup list mine").text
    assert "Ask Jane" not in company.rep.types("/followup list mine").text


def test_a_review_of_few_stars_is_looked_after_and_read_by_the_model(company: Company) -> None:
    company.reads()
    rep = company.rep
    rep.types("/customer add Harbor Lines")
    rep.types("/crm product add Mug sku:MUG-1 price:12.50 stock:5")
    words = "I was charged twice for this invoice, please refund the second payment to my card"
    said = plain(rep.types(f'/crm review add Twice stars:1 words:"{words}" customer:harbor product:MUG-1').text)
    assert "RV-1" in said and "★☆☆☆☆" in said
    assert "About Billing and payment (" in plain(rep.types("/crm review show RV-1").text)
    assert "Look after ★☆☆☆☆ Twice" in rep.types("/followup list mine").text
    rep.types("/crm review add Lovely stars:5 customer:harbor")
    assert "Lovely" not in rep.types("/followup list mine").text
    assert "A number from 1 to 5" in rep.types("/crm review add Odd stars:6").text
    assert "Twice" in rep.types("/crm review list low").text and "★☆☆☆☆" in rep.types("/crm product show MUG-1").text


def test_an_answer_goes_out_by_webhook_and_shows_as_unsent_where_there_is_none(company: Company) -> None:
    rep = company.rep
    rep.types("/crm review add Broke stars:3")
    assert "Unsent: no webhook takes" in plain(rep.types("/crm review answer RV-1 we are *sorry* <@U1>").text)
    rep.clicks("Send")
    rep.sees("still no webhook")
    company.admin.types("/crm webhook add https://shop.example/answers events:review.answered")
    rep.types("/crm review show RV-1")
    rep.clicks("Send")
    rep.sees("It goes to the shop by webhook.")
    rep.clicks("Answer")
    rep.submits(Answer="A new one is on its way.")
    rep.sees("A new one is on its way.")
    with company.database.transaction(EVERY_WORKSPACE) as session:
        told = session.scalar(text("SELECT count(*) FROM webhook_delivery WHERE event = 'review.answered'"))
    assert told == 2


def test_a_ticket_shows_the_order_it_asks_for_and_nobody_elses(company: Company) -> None:
    rep = company.rep
    for name in ("Harbor Lines", "Wharf Works"):
        rep.types(f"/customer add {name}")
    rep.types("/crm product add Mug sku:MUG-1 price:12.50 stock:50")
    for _ in range(2):
        rep.types("/crm order add harbor MUG-1:2")
    rep.types("/crm order add wharf MUG-1:3")
    rep.types("/ticket add Where is O-1? customer:harbor")
    shown = rep.types("/ticket show T-1").text
    assert "O-1" in shown and "2 Mug" in shown and "O-2" not in shown
    rep.types("/ticket add Where is O-3? customer:harbor")
    assert "3 Mug" not in rep.types("/ticket show T-2").text
    rep.types("/ticket add Where is it? customer:harbor")
    assert "2 Mug" not in rep.types("/ticket show T-3").text
    with company.database.transaction(company.workspace) as session:
        session.execute(update(Ticket).where(Ticket.id == 3).values(category="order"))
    asked = rep.types("/ticket show T-3").text
    assert "O-1" in asked and "O-2" in asked and "O-3" not in asked
