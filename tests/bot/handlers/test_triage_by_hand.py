"""Tickets that people open, take and resolve by emoji, from a message's menu, and apart or together by hand."""

from __future__ import annotations

import pytest

from sandbox.control import Person
from storage import messages, tickets
from storage.tickets import Ticket
from tests.bot.conftest import Company
from tests.bot.handlers.test_triage import BROKEN, THANKS, count, support, ticket_of

__all__ = ["support"]


def test_an_emoji_opens_a_ticket_from_any_message_and_taking_it_back_closes_it(support: Company) -> None:
    said = support.rep.posts("Globex called: their invoice is wrong", channel="CGENERAL")
    support.rep.reacts("eyes", said.ts, channel="CGENERAL")
    support.agent.reacts("ticket", said.ts, channel="CGENERAL")
    support.agent.sees("their invoice is wrong", channel="CSUPPORT")
    opened = ticket_of(support)
    assert (opened.status, opened.channel_id, opened.requester_id) == ("new", "CGENERAL", "UAREP")
    support.manager.reacts("ticket", said.ts, channel="CGENERAL")
    support.settles()
    support.agent.reacts("ticket", said.ts, channel="CGENERAL", remove=True)
    support.settles()
    assert ticket_of(support).is_request
    support.manager.reacts("ticket", said.ts, channel="CGENERAL", remove=True)
    support.agent.sees("not a request", channel="CSUPPORT")
    support.agent.reacts("ticket", said.ts, channel="CGENERAL")
    support.agent.sees("Status: new", channel="CSUPPORT")
    assert count(support) == 1


def test_emoji_take_and_resolve_on_the_message_and_on_the_card(support: Company) -> None:
    said = support.customer.posts(BROKEN, channel="CSHARED")
    support.agent.sees("T-1", channel="CSUPPORT")
    support.customer.reacts("white_check_mark", said.ts, channel="CSHARED")
    support.agent.reacts("eyes", said.ts, channel="CSHARED")
    support.agent.sees("With: @Anton Agent", channel="CSUPPORT")
    assert ticket_of(support).status == "open"
    (card,) = support.agent.messages("CSUPPORT")
    support.rep.reacts("white_check_mark", card["ts"], channel="CSUPPORT")
    support.agent.sees("Status: resolved", channel="CSUPPORT")
    support.rep.reacts("white_check_mark", card["ts"], channel="CSUPPORT", remove=True)
    support.agent.sees("Status: open", channel="CSUPPORT")
    support.agent.types("/ticket status T-1 waiting", channel="CGENERAL")
    support.agent.reacts("eyes", said.ts, channel="CSHARED", remove=True)
    support.settles()
    assert (ticket_of(support).assignee_id, ticket_of(support).status) == ("UAAGENT", "waiting")


def test_a_messages_menu_opens_a_ticket(support: Company) -> None:
    said = support.rep.posts("Initech wants a refund", channel="CGENERAL")
    support.agent.shortcut("triage.open", message=said.ts, channel="CGENERAL")
    support.agent.submits({"Title": "Refund for Initech"})
    support.agent.sees("Initech wants a refund", channel="CSUPPORT")
    assert ticket_of(support).name == "Refund for Initech"
    support.agent.shortcut("triage.open", message=said.ts, channel="CGENERAL")
    support.settles()
    assert "belongs to" in str(support.agent.modal)
    support.agent.closes()
    assert count(support) == 1
