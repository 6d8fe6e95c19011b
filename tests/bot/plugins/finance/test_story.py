"""Walk an adviser's week over the wire: who advises, who decides, who supports, and who may see nothing of it."""

from __future__ import annotations

from sqlalchemy import func, select

from bot.plugins.finance.books.bookings import Booking
from bot.plugins.finance.books.transfers import Transfer
from bot.plugins.finance.risk.profile.questions import FIRST, read_answers
from bot.plugins.finance.risk.suitability.checks import SuitabilityCheck
from bot.testing import Company

FOR_ADVISERS = (
    "portfolio holdings PF-1",
    "portfolio gains PF-1",
    "portfolio spread PF-1",
    "portfolio journal PF-1",
    "trade buy PF-1 PMP quantity:1 price:10",
    'trade deposit PF-1 amount:"5 EUR"',
    'trade fee PF-1 amount:"5 EUR"',
    "trade reverse 1",
    'transfer add PF-1 amount:"5 EUR" to:PF-2',
    "transfer list",
    "transfer approve 1",
    "risk profile harbor",
    "risk check PF-1 PMP buy:1",
    "risk show PF-1",
    "risk waiting",
    "price set PMP price:11",
)
HIDDEN = ("10,000", "€", "400", "cautious", "DE02")


def plain(text: str) -> str:
    return " ".join(text.replace("*", "").replace("`", "").split())


def told(company: Company) -> tuple[object, ...]:
    """Return how much is booked, asked for and judged."""
    with company.database.transaction(company.workspace) as session:
        counts = [
            session.scalar(select(func.count()).select_from(one)) for one in (Booking, Transfer, SuitabilityCheck)
        ]
        states = session.scalars(select(Transfer.state)).all(), session.scalars(select(SuitabilityCheck.state)).all()
        return (*counts, *states)


def test_a_week_of_an_adviser(company: Company) -> None:
    for name in ("rep", "agent", "manager"):
        company.gives(name, name)
    rep, agent, manager, guest = company.rep, company.agent, company.manager, company.guest

    # An adviser opens the books of a client, and asks what suits them.
    for typed in (
        "/customer add Harbor Lines",
        "/crm portfolio add Pension customer:harbor currency:EUR",
        "/crm portfolio add Savings customer:harbor currency:EUR",
        "/crm instrument add Pump Works symbol:PMP class:equity currency:EUR",
        "/crm price set PMP price:10",
        "/crm account edit AC-1 number:DE02",
        '/crm trade deposit PF-1 amount:"10000 EUR"',
    ):
        assert "went wrong" not in rep.types(typed).text, typed
    rep.types("/crm risk profile harbor")
    rep.clicks("Ask the questions")
    rep.submits({name: read_answers(text)[1].words for _topic, name, text in FIRST})
    assert "2 of 5: cautious" in plain(rep.sees("Answered on"))
    assert "€10,000" in plain(rep.types("/crm portfolio show PF-1").text)

    # What is advised and does not suit is blocked, for who advises it too.
    assert "does not suit" in plain(rep.types("/crm trade buy PF-1 PMP quantity:400 price:10").text)
    assert "blocked until somebody else releases it" in plain(rep.types("/crm risk check PF-1 PMP buy:400").text)
    assert "needs the role manager" in plain(rep.types("/crm risk release 1 I say so").text)
    assert "needs the role manager" in plain(rep.types("/crm portfolio access PF-1").text)
    assert "waits for a second person" in plain(rep.types('/crm transfer add PF-1 amount:"500 EUR" to:PF-2').text)
    assert "somebody else must check" in plain(rep.types("/crm transfer approve 1").text)

    # Support knows that there is a portfolio, and nothing of what is in it; a channel knows as little.
    before = told(company)
    for typed in FOR_ADVISERS:
        assert "This needs the role rep." in plain(agent.types(f"/crm {typed}").text), typed
    for typed in ("risk release 1 please", "risk decline 1 no", "portfolio access PF-1"):
        assert "This needs the role manager." in plain(agent.types(f"/crm {typed}").text), typed
    for typed in ("/crm portfolio show PF-1", "/customer show harbor", "/crm portfolio list", "/crm history PF-1",
                  "/crm account show AC-1", "/crm account list", "/crm find pension"):  # fmt: skip
        seen = plain(agent.types(typed).text)
        assert seen and "went wrong" not in seen and not [one for one in HIDDEN if one in seen], (typed, seen)
    for typed in FOR_ADVISERS[:4]:
        shared = plain(rep.types(f"/crm {typed} share:yes", channel="CGENERAL").text)
        assert "never shown in a channel" in shared and "10,000" not in shared, typed
    rep.types("/crm portfolio show PF-1 share:yes", channel="CGENERAL")
    assert "10,000" not in agent.sees("Pension", channel="CGENERAL")
    # A guest is told nothing.
    for typed in (*FOR_ADVISERS, "portfolio show PF-1", "portfolio list", "instrument list", "risk release 1 please"):
        seen = plain(guest.types(f"/crm {typed}").text)
        assert "needs the role" in seen and "Pension" not in seen and "Pump" not in seen, typed
    assert told(company) == before

    # A manager decides: the trade is released and the transfer agreed to, each once, and everybody's look is on record.
    manager.sees("You decide", channel="@Rapport")
    manager.clicks("Show", channel="@Rapport")
    manager.sees("takes knowledge of", channel="@Rapport")
    manager.clicks("Release", channel="@Rapport")
    manager.submits({"Why": "Owns two houses"})
    manager.sees("Released.", channel="@Rapport")
    rep.sees("released the trade that you proposed", channel="@Rapport")
    assert "Check 1 is booked" in plain(rep.types("/crm risk book 1").text)
    assert "is booked, so it cannot" in plain(rep.types("/crm risk book 1").text)
    manager.types("/crm transfer list")
    manager.clicks("Approve")
    manager.sees("Approved and booked")
    assert "was approved by" in plain(manager.types("/crm transfer approve 1").text)
    assert "€500" in plain(rep.types("/crm portfolio holdings PF-2").text)
    assert "400 PMP" in plain(rep.types("/crm portfolio holdings PF-1").text)
    looked = plain(manager.types("/crm portfolio access PF-1").text)
    assert "holdings" in looked and "card" in looked and "UAAGENT" not in looked and "@Rosa" not in looked
