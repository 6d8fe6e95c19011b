"""Risk over the wire: an adviser asks a client, has a trade judged, and a manager releases it; others see nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.plugins.finance.books import prices
from bot.plugins.finance.books.instruments import Instrument
from bot.plugins.finance.books.portfolios import PortfolioAccount
from bot.plugins.finance.books.trades import Trade
from bot.plugins.finance.reminders import Reminder
from bot.plugins.finance.risk.profile.profiles import RiskProfile
from bot.plugins.finance.risk.profile.questions import FIRST, Question, read_answers
from bot.plugins.finance.risk.suitability import checks, judging
from bot.plugins.finance.risk.suitability.checks import SuitabilityCheck
from bot.plugins.finance.risk.suitability.judgement import Basis
from bot.testing import Company
from storage.errors import Conflict
from storage.money import Money
from storage.records import history, named


def plain(text: str) -> str:
    return text.replace("*", "").replace("`", "")


@pytest.fixture
def adviser(company: Company) -> Any:
    """Keep a client's portfolio with 10,000 euros and a share that has a price."""
    rep = company.rep
    rep.types("/customer add Harbor Lines")
    rep.types("/crm portfolio add Pension customer:harbor currency:EUR")
    rep.types("/crm instrument add Pump Works symbol:PMP class:equity currency:EUR")
    rep.types('/crm trade deposit PF-1 amount:"10000 EUR"')
    return rep


def answers(person: Any, place: int) -> str:
    """Have the client's questions answered in the form, each with the answer at this place: 0 bears least, 4 most."""
    person.types("/crm risk profile harbor")
    person.clicks("Ask the questions")
    person.submits({name: read_answers(text)[place].words for _topic, name, text in FIRST})
    return plain(person.sees("Saved."))


def test_a_profile_is_asked_for_shown_and_reminded_of(company: Company, adviser: Any) -> None:
    assert "Nothing is known of this client yet" in adviser.types("/crm risk profile harbor").text
    shown = answers(adviser, 2)
    assert "3 of 5: balanced" in shown and "In three to five years" in shown and "It counts until" in shown
    assert "Renew the risk profile of Harbor Lines" in adviser.types("/followup list").text
    card = plain(adviser.types("/customer show harbor").text)
    assert "It counts until" in card and "balanced" not in card


def test_what_we_advise_is_blocked_until_a_manager_releases_it(company: Company, adviser: Any) -> None:
    company.gives("manager", "manager")
    answers(adviser, 1)
    blocked = plain(adviser.types("/crm risk check PF-1 pmp buy:400 price:10").text)
    for part in (
        "Check 1: buy 400 Pump Works (PMP) at 10.00 EUR",
        "blocked until somebody else releases it",
        "Pump Works (equity) takes knowledge of 3, and the client's is 2, of 5",
        "40.0 % would be in risky classes, and level 2 (cautious) bears 30 %",
        "40.0 % would be in Pump Works alone, and 20 % may be",
        "Advised by us",
        "Withdraw",
    ):
        assert part in blocked, part
    assert "Release" not in blocked.replace("releases", "")
    stopped = plain(adviser.types("/crm trade buy PF-1 PMP quantity:400 price:10").text)
    assert "does not suit the client, so it is not booked" in stopped and "/crm risk check PF-1" in stopped
    assert "cannot be booked" in adviser.types("/crm risk book 1").text
    assert "needs the role manager" in plain(adviser.types("/crm risk release 1 please").text)
    manager = company.manager
    asked = plain(manager.sees("You decide", channel="@Rapport"))
    assert "Pension" in asked and "400" not in asked and "Pump" not in asked
    manager.clicks("Show", channel="@Rapport")
    manager.sees("takes knowledge of 3", channel="@Rapport")
    manager.clicks("Release", channel="@Rapport")
    manager.submits({"Why": "Owns *two* <!channel> & more"})
    manager.sees("Released.", channel="@Rapport")
    assert "released already" in plain(manager.types("/crm risk decline 1 no").text)
    adviser.sees("released the trade that you proposed", channel="@Rapport")
    assert "Check 1" in plain(adviser.types("/crm risk checks PF-1").text)
    adviser.clicks("Show", channel="@Rapport")
    assert "two* <!channel> & more" in adviser.sees("released it", channel="@Rapport")
    adviser.clicks("Book it", channel="@Rapport")
    adviser.sees("Check 1 is booked", channel="@Rapport")
    assert "is booked, so it cannot" in plain(adviser.types("/crm risk book 1").text)
    assert "stays" in adviser.types("/crm undo").text
    audited = plain(company.admin.types("/crm audit what:suitability", channel="CGENERAL").text)
    assert "released" in audited and "Pump" not in audited


def test_what_the_client_wishes_for_is_warned_of(company: Company, adviser: Any) -> None:
    answers(adviser, 1)
    adviser.types("/crm portfolio show PF-1")
    adviser.clicks("Judge a trade")
    adviser.submits(
        {
            "Instrument": "Pump Works (IN-1)",
            "Quantity": "400",
            "Price of one": "10",
            "On whose initiative": "The client wishes for it",
        }
    )
    warned = plain(adviser.sees("tell them what speaks against it"))
    assert "The client's own wish" in warned and "alone, and 20 % may be" in warned
    adviser.clicks("The client insists: book it")
    assert "+400 PMP" in plain(adviser.sees("Check 1 is booked"))
    assert "It suits the client" in plain(adviser.types("/crm risk check PF-1 pmp sell:100 price:10").text)
    assert "None. Nobody waits." in plain(adviser.types("/crm risk waiting").text)


def test_the_risk_of_a_portfolio_is_told_or_refused(company: Company, adviser: Any) -> None:
    adviser.types("/crm trade buy PF-1 PMP quantity:100 price:10")
    assert "PMP has no price or no rate" in plain(adviser.types("/crm risk show PF-1").text)
    priced(company, 200)
    short = plain(adviser.types("/crm risk show PF-1").text)
    assert "told from 250 daily prices on, and there are 200" in short and "the fewest: PMP 200" in short
    priced(company, 400)
    shown = plain(adviser.types("/crm risk show PF-1").text)
    for part in (
        "Volatility: ",
        "Deepest fall: ",
        "Value at risk, horizon 1 day",
        "With a confidence of 95 %",
        "With a confidence of 99 %",
        "by history",
        "by normal approximation",
        "of 150 days, promised 7.5",
        "of 150 days, promised 1.5",
        "From 400 daily values of what is held today",
        "Nothing is known of the client yet",
    ):
        assert part in shown, part


def priced(company: Company, days: int) -> None:
    """Give the share a price on each of so many days up to today."""
    today = datetime.now(UTC).date()
    with company.bot.database.transaction(company.workspace) as session:
        told = [(1, today - timedelta(days=ago), Decimal(round(10 + math.sin(ago * ago), 4))) for ago in range(days)]
        prices.take_prices(session, told)


def test_it_is_for_advisers_and_never_in_a_channel_and_each_look_is_written_down(
    company: Company, adviser: Any
) -> None:
    company.gives("manager", "manager")
    company.gives("agent", "agent")
    answers(adviser, 1)
    adviser.types("/crm risk check PF-1 pmp buy:400 price:10")
    agent = company.agent
    looks = (
        "/crm risk profile harbor",
        "/crm risk show PF-1",
        "/crm risk checks PF-1",
        "/crm risk waiting",
        "/crm risk check PF-1 pmp buy:1 price:1",
        "/crm risk book 1",
        "/crm risk withdraw 1",
    )
    for typed in looks:
        assert "needs the role" in plain(agent.types(typed).text), typed
    for typed in looks[:4]:
        shared = plain(adviser.types(f"{typed} share:yes").text)
        assert "never shown in a channel" in shared and "cautious" not in shared, typed
    for typed in ("/customer show harbor", "/crm history harbor", "/crm find harbor"):
        seen = plain(agent.types(typed).text)
        assert "Harbor Lines" in seen and "cautious" not in seen and "level 2" not in seen, typed
    assert "It counts until" not in plain(agent.types("/customer show harbor").text)
    assert "It counts until" not in plain(adviser.types("/customer show harbor share:yes").text)
    manager = company.manager
    before = plain(manager.types("/crm risk access harbor").text)
    adviser.types("/crm risk profile harbor")
    assert (
        plain(manager.types("/crm risk access harbor").text).count("risk profile ·")
        == before.count("risk profile ·") + 1
    )
    assert "needs the role" in plain(adviser.types("/crm risk access harbor").text)
    assert "check" in plain(manager.types("/crm portfolio access PF-1").text)


def test_the_questionnaire_is_the_workspaces(company: Company, adviser: Any) -> None:
    admin = company.admin
    assert "When is the money needed?" in admin.types("/crm question list", channel="CGENERAL").text
    assert "needs the role" in plain(adviser.types("/crm question add Age? topic:horizon").text)
    admin.types("/crm question", channel="CGENERAL")
    hostile = "*Who* & <!channel>?"
    refused = admin.submits({"Question": hostile, "Topic": "horizon", "Answers": "Nobody\nAll = 5"})
    assert "Nobody needs its points" in str(refused.errors)
    admin.submits({"Question": hostile, "Topic": "horizon", "Answers": "*Nobody* & co = 1\n<!here> = 5"})
    admin.sees("Added.")
    adviser.types("/crm risk profile harbor")
    adviser.clicks("Ask the questions")
    given = {name: read_answers(text)[4].words for _topic, name, text in FIRST}
    adviser.submits({**given, hostile: "*Nobody* & co"})
    shown = adviser.sees("Saved.")
    # Horizon is the mean of 5 and 1, which is 3, and the least of all.
    assert "*Nobody* & co" in shown and "*Who* & <!channel>?" in shown and "3 of 5: balanced" in plain(shown)
    adviser.clicks("Ask the questions again")
    admin.types("/crm question archive QU-7", channel="CGENERAL")
    adviser.submits({**given, hostile: "<!here>"})
    assert "questionnaire was changed meanwhile" in str(adviser.texts())


def test_a_review_is_a_follow_up_of_its_owners(company: Company, adviser: Any) -> None:
    adviser.types("/crm portfolio edit PF-1 review:2030-03-01")
    listed = adviser.types("/followup list").text
    assert "Review Pension with the client" in listed and "Mar 1, 2030" in listed
    adviser.types("/crm portfolio edit PF-1 review:2030-04-01")
    listed = adviser.types("/followup list").text
    assert "Apr 1, 2030" in listed and "Mar 1, 2030" not in listed
    adviser.types("/crm undo")
    assert "Mar 1, 2030" in adviser.types("/followup list").text
    adviser.types("/crm portfolio edit PF-1 review:none")
    assert "Review Pension" not in adviser.types("/followup list").text


def test_another_workspace_sees_nothing_of_it(company: Company, adviser: Any) -> None:
    answers(adviser, 1)
    adviser.types("/crm risk check PF-1 pmp buy:400 price:10")
    with company.bot.database.transaction("TB") as session:
        for model in (RiskProfile, SuitabilityCheck, Reminder, Question):
            assert session.scalars(select(model)).all() == []
    with company.bot.database.transaction(company.workspace) as session:
        assert session.scalars(select(RiskProfile)).one().customer_id == 1


def test_of_two_who_decide_or_book_at_once_one_does(company: Company, adviser: Any) -> None:
    answers(adviser, 1)
    for number in (1, 2):
        adviser.types(f"/crm risk check PF-1 pmp buy:{400 + number} price:10")

    def tried(act: Callable[[Session], object]) -> str:
        try:
            transaction = company.bot.database.transaction(company.workspace)
            with transaction as session, history.recording(session, actor_id="UAMANAGER", source="test"):
                act(session)
        except Conflict as error:
            return str(error)
        return "done"

    def decided(checker: str, release: bool) -> Callable[[Session], object]:
        return lambda session: checks.decide(session, 1, checker, "Seen", release=release)

    today = datetime.now(ZoneInfo("Europe/Berlin")).date()  # as the answers are dated
    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(tried, [decided("UAMANAGER", True), decided("UAADMIN", True)] * 2))
        assert sorted(one == "done" for one in said) == [False, False, False, True]
        assert all("released already" in one for one in said if one != "done")
        said = list(pool.map(tried, [lambda session: judging.book(session, 1, today)] * 4))
    assert sorted(one == "done" for one in said) == [False, False, False, True]
    held = plain(adviser.types("/crm portfolio holdings PF-1").text)
    assert "401 PMP" in held and "802" not in held


def test_a_profile_is_taken_back_unless_a_trade_was_judged_by_it(company: Company, adviser: Any) -> None:
    answers(adviser, 1)
    adviser.types("/crm undo")
    assert "Nothing is known" in adviser.types("/crm risk profile harbor").text
    assert "Renew the risk profile" not in adviser.types("/followup list").text
    answers(adviser, 2)
    transaction = company.bot.database.transaction(company.workspace)
    with transaction as session, history.recording(session, actor_id="UAMANAGER", source="test"):
        account, instrument = named.get(session, PortfolioAccount, 1), named.get(session, Instrument, 1)
        today = datetime.now(UTC).date()
        wanted = Trade(account, instrument, Decimal(1), Decimal(1), Money(0, "EUR"), today)
        judging.propose(session, wanted, Basis.ADVISED, "UAMANAGER")
    assert "#1" in plain(adviser.types("/crm undo").text)
    assert "3 of 5" in plain(adviser.types("/crm risk profile harbor").text)
