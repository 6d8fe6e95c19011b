"""Show that who is no adviser hears the same of two workspaces that differ in nothing but what clients have.

`tests/bot/plugins/test_off.py` runs it in a process that has the plugin on.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from bot.plugins.finance.books import portfolios, prices, trades, transfers
from bot.plugins.finance.books.instruments import Instrument
from bot.plugins.finance.books.portfolios import PortfolioAccount
from bot.plugins.finance.books.trades import Trade
from bot.plugins.finance.risk.profile import profiles, questions
from bot.plugins.finance.risk.suitability import judging
from bot.plugins.finance.risk.suitability.judgement import Basis
from bot.registry import Registry
from storage.crm import customers
from storage.database.engine import Database
from storage.money import Money
from storage.records import history
from storage.support import channels
from storage.workspace import members
from storage.workspace.members import Role
from tests.plugins.programs import figures, furnished, programs
from tests.support.hearing import agent as machine
from tests.support.hearing import heard, plain, told, typed
from tests.support.office import HERE, Office, Use, furnish
from tests.support.programs import Programs

__all__ = ["programs"]
CANARIES = ("quarzwerk", "48211", "17,171", "17171")
"""What is in one of the workspaces alone."""
LINES = (
    "/crm portfolio list", "/crm portfolio show PF-1", "/crm PF-1", "/crm portfolio list as:csv",
    "/crm portfolio list sort:name", "/crm account list", "/crm account show AC-1", "/crm account list as:csv",
    "/crm account list number:quarzwerk", "/crm account list sort:number", "/crm account list number:none",
    "/crm find quarzwerk", "/crm find pension", "/crm history", "/crm history PF-1", "/crm history AC-1", "/crm undo",
    "/customer show C-1", "/customer list", "/crm history C-1", "/digest now", "/crm portfolio holdings PF-1",
    "/crm portfolio gains PF-1", "/crm portfolio spread PF-1", "/crm portfolio journal PF-1",
    "/crm portfolio access PF-1", "/crm transfer list", "/crm transfer approve 1", "/crm risk show PF-1",
    "/crm risk profile C-1", "/crm risk checks PF-1", "/crm risk waiting", "/crm risk book 1", "/crm risk access C-1",
    "/crm trade reverse 1", "/crm price list AAA", "/crm instrument list", "/crm account edit AC-1 number:quarzwerk",
    "/crm help portfolio", "/followup list all",
)  # fmt: skip
PATHS = ("records/portfolio", "records/portfolio/PF-1", "records/portfolio/PF-1/history", "records/account/AC-1",
         "records/account", "records/account/AC-1/history", "openapi.json")  # fmt: skip


def fill(session: Session, much: bool) -> None:
    """Let a client have something, and much of it in one of the workspaces."""
    today = datetime.now(UTC).date()
    customer = customers.resolve(session, "C-1")
    first, second = (
        Instrument.new(session, name=name, symbol=name, asset_class="equity", currency="EUR") for name in ("AAA", "BBB")
    )
    for one in (first, second):
        prices.set_price(session, one, today, Decimal(7))
    portfolio = portfolios.add(session, name="Pension", customer_id=customer.id, currency="EUR", owner_id="UREP")
    (account,) = portfolios.accounts(session, portfolio)
    other = PortfolioAccount.new(session, name="Second", portfolio_id=portfolio.id)
    account.number = "quarzwerk" if much else "other"
    trades.deposit(
        session, account, Money(4_821_117 if much else 5_000, "EUR"), today, words="quarzwerk" if much else None
    )
    bought, many = (second, Decimal(171)) if much else (first, Decimal(2))
    trades.trade(session, Trade(account, bought, many, Decimal(7), Money(0, "EUR"), today))
    transfers.ask(
        session, account, Money(1_717_100 if much else 100, "EUR"), other, today, words="quarzwerk" if much else None
    )
    asked = questions.ready(session)
    chosen = {one.id: 1 if much else 0 for one in asked}
    profiles.take(session, customer, chosen, questions.fingerprint(asked), today=today, months=12, text="Renew")
    quantity = Decimal(1_000 if much else 3)
    judging.propose(
        session, Trade(account, bought, quantity, Decimal(7), Money(0, "EUR"), today), Basis.ADVISED, "UREP"
    )
    session.flush()


@pytest.fixture
def office(database: Database, registry: Registry, workspace: str, second_workspace: str) -> Office:
    """Furnish two workspaces alike but for what clients have, and return what handles the requests of both."""
    for one in (workspace, second_workspace):
        with database.transaction(one) as session:
            channels.seen(session, HERE, name="here")
            for name in ("rep", "agent", "manager", "admin"):
                person = members.ensure(session, f"U{name.upper()}", {"id": name, "name": name, "tz": "Europe/Berlin"})
                members.set_roles(session, person, [Role(name)])
        furnish(database, one, "finch", 1)
        with database.transaction(one) as session, history.recording(session, actor_id="UREP", source="test"):
            fill(session, one == workspace)
    return Office(database, registry)


def compared(office: Office, both: tuple[str, str], uses: list[Use], who: str) -> int:
    """Do the same in both workspaces and fail where what is heard differs; return how much was heard."""
    count = 0
    for use in uses:
        one, other = (heard(office, use, at, who) for at in both)
        asked = str(use.body)
        assert one == other, use.name
        assert not [canary for canary in CANARIES if canary in one and canary not in asked], use.name
        count += len(one) > 100
    return count


def own(office: Office, at: str) -> Iterator[Use]:
    """Yield a use of each button and form of the plugin."""
    for use in office.uses(at, "UAGENT", words={}):
        if use.name.startswith("finance."):
            yield use


def test_an_agent_and_a_channel_hear_the_same_of_whatever_clients_have(
    office: Office, workspace: str, second_workspace: str
) -> None:
    both = workspace, second_workspace
    # Or it would say nothing that others do not see it.
    assert "quarzwerk" in heard(office, typed("/crm account show AC-1"), workspace, "UREP")
    assert "171 *BBB*" in heard(office, typed("/crm portfolio holdings PF-1"), workspace, "UREP")
    assert compared(office, both, [typed(line) for line in LINES], "UAGENT") > 20
    assert compared(office, both, list(own(office, workspace)), "UAGENT") > 5
    shared = [typed(f"{line} share:yes") for line in LINES if "history" not in line and "undo" not in line]
    assert compared(office, both, shared, "UREP") > 15
    homes = []
    for at in both:
        known = office.people.find(at, "UAGENT")
        homes.append(plain(str([block.to_dict() for block in office.home.draw(known)])))
    assert homes[0] == homes[1]


def test_a_key_of_an_agent_reads_the_same(
    office: Office, database: Database, registry: Registry, workspace: str, second_workspace: str
) -> None:
    programs = Programs(database, registry)
    try:
        keys = [programs.key(at, role=Role.AGENT) for at in (workspace, second_workspace)]
        for path in PATHS:
            one, other = (told(key.gets(path)) for key in keys)
            assert one == other and "quarzwerk" not in one, path
        assert machine(keys[0]) == machine(keys[1])
    finally:
        programs.close()


def test_sums_over_portfolios_are_told_to_those_who_may_see_balances(programs: Programs, workspace: str) -> None:
    furnished(programs.key(workspace))
    kept = {"finance.assets", "finance.paid_in", "finance.gained"}
    viewer = programs.key(workspace, role=Role.VIEWER)
    assert not kept & figures(viewer).keys() and "finance.portfolios" in figures(viewer)
    assert {viewer.gets(f"figures/{name}").status for name in kept} == {403}
    adviser = programs.key(workspace, role=Role.REP, name="Adviser")
    assert adviser.gets("figures/finance.assets").status == 200
    with programs.database.transaction(workspace) as session:
        looks = session.execute(text("SELECT who FROM finance.access WHERE what = 'digest'")).scalars().all()
    assert looks == [looks[0]] and str(looks[0]).startswith("key:")
