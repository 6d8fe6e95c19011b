"""What people ask lists for, and what is understood of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from bot.grammar import FilterValues, Usage
from bot.grammar.lists import understood
from bot.handlers.tickets.declaration import TICKET
from storage.crm import contacts, customers, deals, followups
from storage.errors import CrmError
from storage.money import Money
from storage.records.comparisons import Fields
from storage.records.query import parse_filters
from storage.workspace import members
from tests.support.writing import BERLIN, NOW, parse

DEALS, CUSTOMERS, FOLLOWUPS = deals.DEAL.filters, customers.CUSTOMER.filters, followups.FIELDS
TICKETS = TICKET.filters
LIST = Usage.parse("[filters]", everywhere="[share:yes]")
VALUES = FilterValues("UME", "EUR", BERLIN, NOW, "en-GB")


@pytest.fixture
def company(session: Session) -> Session:
    """Two people, four customers and two deals."""
    for person, name in (("UMARA", "Mara Lindt"), ("UMARK", "Mark Twain"), ("UANN", "Ann Lee"), ("UTOM", "Tom Takeda")):
        members.ensure(session, person, {"name": name, "profile": {"real_name": name}})
    harbor = customers.add(session, name="Harbor Freight", tier="gold", domain="harbor.com")
    customers.add(session, name="Globex", tier="silver")
    customers.add(session, name="Globex Asia", domain="globex.cn")
    customers.add(session, name="Smith, Jones & Co", tier="gold plus")
    contacts.add(session, name="Jane Globex")
    deals.add(session, name="Small", customer_id=harbor.id, close_on=date(2026, 12, 1), amount=Money(500_00, "EUR"))
    return session


def said(session: Session, fields: Fields, line: str) -> str:
    filters = understood(parse(line, LIST).filters, session, fields, VALUES)
    parse_filters(filters).where(session, fields, VALUES)
    return " ".join(filters)


def refused(session: Session, fields: Fields, line: str) -> str:
    with pytest.raises(CrmError) as caught:
        said(session, fields, line)
    error = caught.value
    return " ".join([str(error), (error.hint or "").format(**error.params)])


# Together in one test for each noun: each has the same database, which takes longer to make than all of them to run.
OF_DEALS = {
    "": "",
    "mine": "owner:<@UME>",
    # Who is called as a day is short for is the person.
    "tom": "owner:<@UTOM>",
    "tomorrow": "close:2026-11-26",
    "open tom": "status:open owner:<@UTOM>",
    "status:won,lost": "status:won,lost",
    "> 50k": "amount>50k",
    "over 50k mine": "amount>50k owner:<@UME>",
    "mine under €5,000": "owner:<@UME> amount<€5,000",
    "by amount": "sort:-amount",
    "top 5": "sort:-amount",
    "mine top 5 by close": "owner:<@UME> sort:-close",
    "sorted by close desc": "sort:-close",
    "by close, overdue": "sort:close close<today status:open",
    "closing this quarter": "close:2026-10-01..2026-12-31",
    # What was won this quarter was won then, and what is open is to close then.
    "won this quarter": "status:won closed:2026-10-01..2026-12-31",
    "this quarter lost": "closed:2026-10-01..2026-12-31 status:lost",
    "closed this quarter": "status:won,lost closed:2026-10-01..2026-12-31",
    "open this quarter": "status:open close:2026-10-01..2026-12-31",
    "won close:2026-10-01": "close:2026-10-01 status:won",
    "my deals": "owner:<@UME>",
    "me": "owner:<@UME>",
    "meine": "owner:<@UME>",
    "mes": "owner:<@UME>",
    "我的商机": "owner:<@UME>",
    "overdue": "close<today status:open",
    "überfällig": "close<today status:open",
    "逾期": "close<today status:open",
    "mine, overdue": "owner:<@UME> close<today status:open",
    "my overdue deals": "owner:<@UME> close<today status:open",
    "unassigned": "owner:none",
    "nobody": "owner:none",
    "未分配": "owner:none",
    "open": "status:open",
    "won": "status:won",
    "gewonnen": "status:won",
    "won and lost": "status:won,lost",
    "closed": "status:won,lost",
    "all": "status:open,won,lost",
    "proposal": "stage:Proposal",
    "nego.": "stage:Negotiation",
    "harbor": "customer:Harbor Freight",
    "harbor freight, proposal": "customer:Harbor Freight stage:Proposal",
    "harbor freight mine": "customer:Harbor Freight owner:<@UME>",
    "C-1": "customer:C-1",
    "Mara Lindt": "owner:<@UMARA>",
    "<@UANN|ann>": "owner:<@UANN>",
    "next week": "close:2026-11-30..2026-12-06",
    "december": "close:2026-12-01..2026-12-31",
    "下周": "close:2026-11-30..2026-12-06",
    "owner:Mara Lindt": "owner:<@UMARA>",
    'owner:"Mara Lindt"': "owner:<@UMARA>",
    "owner:lindt": "owner:<@UMARA>",
    "owner:me,<@UANN|ann>": "owner:<@UME>,<@UANN>",
    "owner:Ann Lee or Mara": "owner:<@UANN>,<@UMARA>",
    "owner:me overdue": "owner:<@UME> close<today status:open",
    "owner!=none": "owner!=none",
    "owner:niemand": "owner:none",
    "customer:Harbor Freight stage:proposal": "customer:Harbor Freight stage:Proposal",
    "customer:harbor, stage:proposal.": "customer:Harbor Freight stage:Proposal",
    "customer: Harbor Freight mine": "customer:Harbor Freight owner:<@UME>",
    "customer:harbor.com": "customer:Harbor Freight",
    "customer:globex.cn": "customer:Globex Asia",
    "customer:globex": "customer:Globex",
    "customer:globex, harbor": "customer:Globex,Harbor Freight",
    "customer:smith, jones & co": "customer:C-4",
    "customer:C-1.": "customer:C-1",
    "customer=none": "customer=none",
    "stage:proposal,negotiation": "stage:Proposal,Negotiation",
    "stage:proposal, negotiation": "stage:Proposal,Negotiation",
    "stage:proposal or negotiation mine": "stage:Proposal,Negotiation owner:<@UME>",
    'stage:"proposal, negotiation"': "stage:Proposal,Negotiation",
    "stage!=won": "stage!=Won",
    "status:offen": "status:open",
    "status:赢单，输单": "status:won,lost",
    "amount>10 000": "amount>10 000",
    "amount > 10k": "amount>10k",
    "amount≥10k EUR mine": "amount>=10k EUR owner:<@UME>",
    'amount:"2,5 Mio. €"': "amount:2,5 Mio. €",
    "amount>10k close<next friday": "amount>10k close<2026-12-04",
    "amount:10k..50k": "amount:10k..50k",
    "amount:10 000 .. 50 000 USD mine": "amount:10 000 .. 50 000 USD owner:<@UME>",
    "amount:10k mine today..friday": "amount:10k owner:<@UME> close:2026-11-25..2026-11-27",
    "amount:none": "amount:none",
    "close:vendredi prochain mine": "close:2026-11-27 owner:<@UME>",
    "close<viernes próximo": "close<2026-11-27",
    "close:mars prochain": "close:2027-03-01..2027-03-31",
    "close<friday.": "close<2026-11-27",
    "close:this month": "close:2026-11-01..2026-11-30",
    "close:next week mine": "close:2026-11-30..2026-12-06 owner:<@UME>",
    "close:2026-12-01..2026-12-24": "close:2026-12-01..2026-12-24",
    "close:today..friday": "close:2026-11-25..2026-11-27",
    "close:Ende Dezember": "close:2026-12-31",
    "close:下个月": "close:2026-12-01..2026-12-31",
    "created>last monday": "created>2026-11-23",
    "touched<now": "touched<now",
    "name:small ones": "name:small ones",
    "sort:-amount,close": "sort:-amount,close",
    "sort:-amount, close mine": "sort:-amount,close owner:<@UME>",
    "mine sort:-amount": "sort:-amount owner:<@UME>",
    "mine mine": "owner:<@UME>",
}


def test_a_list_of_deals_is_asked_for(company: Session) -> None:
    assert {line: said(company, DEALS, line) for line in OF_DEALS} == OF_DEALS


OF_TICKETS = {
    "mine": "assignee:<@UME>",
    "unassigned urgent": "assignee:none priority:urgent",
    "urgent": "priority:urgent",
    "urgent tickets": "priority:urgent",
    "high, urgent": "priority:high,urgent",
    "dringend oder hoch": "priority:urgent,high",
    "紧急": "priority:urgent",
    "urgente": "priority:urgent",
    "waiting on customer": "status:waiting",
    "status:waiting on customer priority:高": "status:waiting priority:high",
    "priority:High, customer:harbor,": "priority:high customer:Harbor Freight",
    "priority:high, urgent harbor": "priority:high,urgent customer:Harbor Freight",
    "resolved": "status:resolved",
    "open": "status:new,open,waiting",
    "today": "created:2026-11-25",
    "category:billing": "category:billing",
    "urgency<=2": "urgency<=2",
    "urgency:1..2": "urgency:1..2",
    "Jane Globex": "contact:Jane Globex",
}


def test_a_list_of_tickets_is_asked_for(company: Session) -> None:
    assert {line: said(company, TICKETS, line) for line in OF_TICKETS} == OF_TICKETS


OF_OTHERS: Iterable[tuple[Fields, str, str]] = [
    (FOLLOWUPS, "overdue", "due<now status:open"),
    (FOLLOWUPS, "today", "due:2026-11-25"),
    (FOLLOWUPS, "due<friday", "due<2026-11-27"),
    (FOLLOWUPS, "done", "status:done"),
    (FOLLOWUPS, "erledigt", "status:done"),
    (FOLLOWUPS, "all overdue", "owner!=none due<now status:open"),
    (CUSTOMERS, "mine", "owner:<@UME>"),
    (CUSTOMERS, "gold", "tier:gold"),
    (CUSTOMERS, "tier:Gold, silver", "tier:Gold,silver"),
    (CUSTOMERS, "tier:gold mine", "tier:gold owner:<@UME>"),
    (CUSTOMERS, "all customers", ""),
    (CUSTOMERS, "created>january", "created>2026-01-01..2026-01-31"),
]


def test_other_lists_are_asked_for(company: Session) -> None:
    for fields, line, meant in OF_OTHERS:
        assert said(company, fields, line) == meant, line


PIECES = (
    "mine overdue owner: owner:me customer:harbor harbor freight, stage: proposal close:next week today .. friday"
    ' amount> 10k USD sort:-amount status:open,won none : " “ ” ， 。 我的 高 1.234 or and ( <@UANN|ann> <@U> <#C1|x>'
    " &amp; \u200b \x00 share:yes"
)
ASKED = st.one_of(st.text(max_size=40), st.lists(st.sampled_from(PIECES.split(" ")), max_size=8).map(" ".join))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=ASKED)
def test_any_text_is_understood_or_refused(company: Session, text: str) -> None:
    for fields in (DEALS, TICKETS):
        try:
            meant = said(company, fields, text)
        except CrmError as error:
            assert str(error)
            (error.hint or "").format(**error.params)
        else:
            again = said(company, fields, meant)
            assert said(company, fields, again) == again


NOT_UNDERSTOOD = {
    "foo": "I do not understand foo here. Write mine, unassigned, overdue, open, closed, all, or filter by name,",
    "mine foo": "I do not understand foo here.",
    "ma": "There is more than one person called ma. Write @ and pick a name.",
    "owner:mar": "There is more than one person called mar. Write @ and pick a name.",
    "owner:bob": "bob is not a person I can see. Write @ and pick a name.",
    'owner:"me foo"': "me foo is not a person I can see.",
    "customer:glob": "There is more than one customer called glob.",
    "customer:umbrella corp mine": "There is no customer called umbrella corp.",
    "customer:a b c d e f g h i j": "There is no customer called a b c d e f g h i j.",
    'customer:"..."': "",
    "customer:umbrella corp": "There is no customer called umbrella corp.",
    "stage:foo": "There is no stage called foo. The stages are Lead,",
    "status:opne": "opne is not a status. Did you mean open? There are open, won, lost.",
    "amount>lots": "lots is not an amount I understand.",
    "amount:1.234": "can be read in more than one way.",
    "amount:10k..lots": "",
    "amount:$10k..50k CHF": "$10k..50k CHF is in two currencies.",
    "amount:1.234..5k": "can be read in more than one way.",
    "close<someday": "someday is not a date I understand.",
    'close:"friday foo"': "friday foo is not a date I understand.",
    "clsoe<friday": "There is no clsoe to filter or sort by. Did you mean close?",
}


def test_what_is_not_understood_is_named(company: Session) -> None:
    for line, sentence in NOT_UNDERSTOOD.items():
        assert sentence in refused(company, DEALS, line), line


def test_a_word_with_two_meanings_is_asked_about(company: Session) -> None:
    customers.add(company, name="Proposal")
    assert (
        refused(company, DEALS, "proposal")
        == "proposal can be read in more than one way. Write customer:Proposal or stage:Proposal."
    )
    assert said(company, DEALS, "stage:proposal") == "stage:Proposal"
