"""Walk the books as an adviser, a colleague of support, a manager and a guest do, over the wire."""

from __future__ import annotations

from bot.testing import Company

WRONG = (
    "quantity:0 price:5",
    "quantity:-3 price:5",
    "quantity:5 price:0",
    "quantity:1e3 price:5",
    "quantity:5 price:5 fee:-1",
    "quantity:999999999999 price:5",
    "quantity:0.000000001 price:5",
    "price:5",
)


def plain(text: str) -> str:
    return text.replace("*", "").replace("`", "")


def opened(company: Company) -> None:
    """Have a customer with a portfolio of two instruments, one of them in dollars."""
    for typed in (
        "/customer add Harbor Lines",
        "/crm instrument add Northwind Robotics symbol:nwr class:equity currency:EUR",
        "/crm instrument add Treasury 2031 symbol:BND class:bond currency:USD",
        "/crm portfolio add Pension customer:harbor currency:EUR",
        "/crm price set NWR price:45 eur",
        "/crm price rate USD/EUR rate:0.9",
        '/crm trade deposit PF-1 amount:"10000 EUR" on:"10 days ago" first payment',
    ):
        said = company.rep.types(typed).text
        assert "went wrong" not in said and "not understand" not in said, said


def test_an_adviser_books_and_sees_what_it_came_to(company: Company) -> None:
    opened(company)
    rep = company.rep

    def said(typed: str) -> str:
        return plain(rep.types(typed).text)

    bought = said('/crm trade buy PF-1 NWR quantity:100 price:42.50 fee:9.90 on:"5 days ago" settles:"3 days ago"')
    assert "#2 Bought" in bought and "+100 NWR" in bought and "-€4,259.90" in bought and "€10,240.10" in bought
    assert "would owe" in said("/crm trade buy PF-1 NWR quantity:1000 price:42.50")
    assert "held only 100 of NWR" in said("/crm trade sell PF-1 nwr quantity:101 price:50")
    for typed in WRONG:
        assert "#3" not in said(f"/crm trade buy PF-1 NWR {typed}"), typed
    assert "A number above zero" in said("/crm trade buy PF-1 NWR quantity:0 price:5")
    assert "This day is still to come" in said("/crm trade deposit PF-1 amount:5 on:tomorrow")
    shown = said("/crm portfolio show PF-1")
    for part in ("Value", "€10,240.10", "100 NWR", "€4,500", "43%", "gain +€240.10", "Holdings", "Buy or sell"):
        assert part in shown, part
    assert "This is in EUR here, not in USD" in said("/crm trade sell PF-1 NWR quantity:40 price:50 USD")
    sold = said("/crm trade sell PF-1 NWR quantity:40 price:50 EUR fee:0 EUR")
    assert "+€2,000" in sold
    rep.clicks("Reverse")
    assert "Booking #3 is reversed" in plain(rep.sees("Book what is right anew"))
    assert "reversed already" in said("/crm trade reverse 3")
    assert "Reversed by #4" in said("/crm portfolio journal PF-1")
    said("/crm trade sell PF-1 NWR quantity:50 price:50")
    assert "realised +€370.05" in said("/crm portfolio gains PF-1")
    spread = said("/crm portfolio spread PF-1")
    assert "Equities" in spread and "Cash" in spread and "Largest: NWR" in spread and "More than 20 %" in spread
    assert "stays in the journal" in said("/crm undo")
    assert "gain" in plain(rep.types("/customer show harbor").text)


def test_a_trade_is_booked_by_a_form(company: Company) -> None:
    opened(company)
    company.rep.types("/crm portfolio show PF-1")
    company.rep.clicks("Buy or sell")
    company.rep.submits(
        {"What": "Buy", "Instrument": "Northwind Robotics (IN-1)", "Quantity": "3", "Price of one": "42,5"}
    )
    assert "+3 NWR" in plain(company.rep.sees("Bought"))


def test_what_leaves_a_portfolio_is_agreed_to_by_somebody_else(company: Company) -> None:
    opened(company)
    company.gives("manager", "manager")
    rep, manager = company.rep, company.manager
    rep.types("/crm portfolio add Savings customer:harbor currency:EUR")
    asked = plain(rep.types('/crm transfer add PF-1 amount:"3000 EUR" to:PF-2').text)
    assert "waits for a second person" in asked and "€3,000" in asked
    assert "two is no number of one" in plain(rep.types("/crm transfer approve two").text)
    assert "somebody else must check" in plain(rep.types("/crm transfer approve 1").text)
    manager.types("/crm transfer list")
    manager.clicks("Approve")
    manager.sees("Approved and booked")
    rep.sees("Transfer #1", channel="@Rapport")
    assert "was approved by" in plain(company.admin.types("/crm transfer approve #1", channel="CGENERAL").text)
    assert "€3,000" in plain(rep.types("/crm portfolio holdings PF-2").text)
    assert "holds only" not in plain(rep.types('/crm transfer add PF-1 amount:"500 EUR" outside:"DE02 1203"').text)
    manager.types("/crm transfer list")
    manager.clicks("Decline")
    manager.submits({"Why?": "not <that> account"})
    assert "not <that> account" in plain(manager.sees("Declined"))
    asked = plain(rep.types("/crm transfer add PF-1 instrument:NWR quantity:2 outside:elsewhere").text)
    assert "The account holds only 0 of it." in asked


def test_balances_are_for_advisers_and_never_in_a_channel_and_each_look_is_written_down(company: Company) -> None:
    opened(company)
    company.gives("manager", "manager")
    company.gives("agent", "agent")
    rep, agent, manager = company.rep, company.agent, company.manager
    rep.types("/crm trade buy PF-1 NWR quantity:3 price:42")
    rep.types("/crm transfer add PF-1 instrument:NWR quantity:2 outside:elsewhere")
    hidden = ("10,000", "€", "NWR", "Northwind", "elsewhere")
    for typed in ("/crm portfolio show PF-1", "/customer show harbor", "/crm portfolio list", "/crm history PF-1",
                  "/crm history", "/customer history harbor", "/crm find pension"):  # fmt: skip
        seen = plain(agent.types(typed).text)
        assert seen and "went wrong" not in seen and not [one for one in hidden if one in seen], typed
    for typed in ("/crm portfolio holdings PF-1", "/crm trade deposit PF-1 amount:5", "/crm portfolio journal PF-1"):
        assert "needs the role" in plain(agent.types(typed).text), typed
        shared = plain(rep.types(f"{typed} share:yes").text)
        assert "never shown in a channel" in shared and "10,000" not in shared, typed
    shared = plain(rep.types("/crm portfolio show PF-1 share:yes").text)
    assert "Pension" in shared and "10,000" not in shared and "never in a channel" in shared
    assert "needs the role" in plain(rep.types("/crm portfolio access PF-1").text)
    for typed in ("/crm portfolio show PF-1", "/crm portfolio holdings PF-1", "/crm transfer list"):
        assert "Pension" not in company.guest.types(typed).text, typed
    before = plain(manager.types("/crm portfolio access PF-1").text)
    rep.types("/crm portfolio holdings PF-1")
    rep.types("/crm portfolio show PF-1")
    after = plain(manager.types("/crm portfolio access PF-1").text)
    assert after.count("holdings") == before.count("holdings") + 1 and after.count("card") == before.count("card") + 1
    assert "@Rita Rep" in after or "UAREP" in after


def test_prices_are_pasted_all_or_none(company: Company) -> None:
    opened(company)
    rep = company.rep
    rep.types("/crm price paste")
    wrong = rep.submits({"Prices": "NWR 41.5 2026-01-05\nEUR/USD 1,1 2026-01-05\nnosuch 5"})
    assert "Line 3: There is no instrument called nosuch" in wrong.errors["lines"]
    rep.submits({"Prices": "NWR 41.5 2026-01-05\nEUR/USD 1,1 2026-01-05"})
    rep.sees("2 prices and rates are taken in")
    assert "41.50 EUR" in plain(rep.types("/crm price list nwr").text)
    assert "EUR/USD" in plain(rep.types("/crm price rate").text)


def test_settings_accounts_undo_and_merges(company: Company) -> None:
    opened(company)
    rep, admin = company.rep, company.admin

    def said(typed: str) -> str:
        return plain(rep.types(typed).text)

    for quantity, price in ((10, "10"), (10, "20")):
        rep.types(f"/crm trade buy PF-1 NWR quantity:{quantity} price:{price} on:yesterday")
    rep.types("/crm trade sell PF-1 NWR quantity:10 price:30")
    assert "realised +€200" in said("/crm portfolio gains PF-1")
    admin.types("/crm settings finance method:average")
    assert "realised +€150" in said("/crm portfolio gains PF-1") and "a share of all" in said(
        "/crm portfolio gains PF-1"
    )
    assert "would owe" in said('/crm trade fee PF-1 amount:"99999 EUR"')
    admin.types("/crm settings finance overdraft:yes")
    assert "Booked." in said('/crm trade fee PF-1 amount:"99999 EUR"')
    rep.types("/crm account add Second portfolio:PF-1")
    assert "AC-2 Second" in said("/crm trade deposit PF-1 amount:5")
    assert "Booked." in said('/crm trade deposit PF-1 amount:"5 EUR" account:AC-2')
    assert "not empty" in said("/crm account archive AC-2") and "not empty" in said("/crm portfolio archive PF-1")
    assert "cannot be merged" in said("/crm account merge AC-2 into AC-1")
    assert "Its prices are in EUR" in said("/crm instrument edit NWR currency:USD")
    rep.types("/crm portfolio add Other customer:harbor")
    assert "The journal names it" in said("/crm account edit AC-1 portfolio:PF-2")
    rep.types("/customer add Globex")
    rep.types("/customer merge harbor into globex")
    assert "Pension" in said("/customer show globex")
    rep.types("/crm portfolio add Gone customer:globex")
    assert "Gone" in said("/crm undo") and "There is no PF-3" in said("/crm portfolio show PF-3")


def test_hostile_text_is_ordinary_text(company: Company) -> None:
    hostile = "*<@U1> & `x`* _y_ <!channel>"
    company.rep.types("/customer add Harbor Lines")
    company.rep.types(f'/crm instrument add "{hostile}" symbol:X1 class:other currency:EUR')
    company.rep.types(f'/crm portfolio add "{hostile}" customer:harbor currency:EUR')
    company.rep.types(f'/crm trade deposit PF-1 amount:"50 EUR" {hostile}')
    for typed in (
        "/crm portfolio journal PF-1",
        "/crm portfolio show PF-1",
        "/crm portfolio holdings PF-1",
        f'/crm trade buy PF-1 X1 quantity:1 price:5 words:"{hostile}"',
        "/customer show harbor",
        f'/crm transfer add PF-1 amount:"1 EUR" outside:"{hostile}"',
    ):
        assert plain(hostile) in plain(company.rep.types(typed).text), typed
