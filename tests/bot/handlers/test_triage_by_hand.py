"""Tickets that people open, take and resolve by emoji, from a message's menu, and apart or together by hand."""

from __future__ import annotations

from storage.support import labels, messages, replies, tickets
from tests.bot.conftest import Company
from tests.bot.handlers.test_triage import BROKEN, count, support, ticket_of

__all__ = ["support"]


def test_an_emoji_opens_a_ticket_from_any_message_and_taking_it_back_closes_it(support: Company) -> None:
    said = support.rep.posts("Globex called: their invoice is wrong", channel="CGENERAL")
    support.rep.reacts("eyes", said.ts, channel="CGENERAL")
    support.settles()
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


def test_an_emoji_that_opened_a_ticket_does_not_close_it_over_a_question(support: Company) -> None:
    said = support.rep.posts("Globex called: their invoice is wrong", channel="CGENERAL")
    support.manager.types("/crm inbox #general", channel="CSUPPORT")
    support.agent.reacts("ticket", said.ts, channel="CGENERAL")
    support.agent.sees("T-1", channel="CSUPPORT")
    support.rep.posts("And they ask when it will be corrected?", channel="CGENERAL", thread=said.ts)
    support.agent.sees("wrote again", channel="CSUPPORT")
    support.agent.reacts("ticket", said.ts, channel="CGENERAL", remove=True)
    support.settles()
    assert ticket_of(support).is_request


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


def test_a_ticket_is_merged_and_undo_takes_them_apart(support: Company) -> None:
    support.customer.posts(BROKEN, channel="CSHARED")
    support.agent.sees("T-1", channel="CSUPPORT")
    support.agent.clicks("Resolve", channel="CSUPPORT")
    support.agent.sees("Status: resolved", channel="CSUPPORT")
    again = support.customer.posts("The invoice for October is wrong, we were charged twice", channel="CSHARED")
    support.agent.sees("T-2", channel="CSUPPORT")
    assert "cannot be merged into itself" in support.agent.types("/ticket merge T-2 into:T-2", channel="CGENERAL").text
    assert "T-2 is part of T-1 now" in support.agent.types("/ticket merge T-2 into:T-1", channel="CGENERAL").text
    support.agent.sees("is part of T-1", channel="CSUPPORT")
    assert "T-1" in support.agent.types("/ticket show T-2", channel="CGENERAL").text
    support.customer.posts("Any news on the invoice?", channel="CSHARED", thread=again.ts)
    support.agent.sees("Status: open", channel="CSUPPORT")
    with support.database.transaction(support.workspace) as session:
        _first, second, _third = messages.of_ticket(session, 1)
        assert second.ts == again.ts
        assert [label.source for label in labels.of_message(session, second)] == ["merged"]
    refused = support.agent.types("/crm undo", channel="CGENERAL").text
    assert "changed" in refused or "taken back" in refused.casefold() or "undone" in refused.casefold()


def test_a_message_is_split_off_by_its_link(support: Company) -> None:
    first = support.customer.posts(BROKEN, channel="CSHARED")
    support.agent.sees("T-1", channel="CSUPPORT")
    other = support.customer.posts("And please send us the invoice of May", channel="CSHARED", thread=first.ts)
    support.settles()
    link = f"https://team.slack.com/archives/CSHARED/p{other.ts.replace('.', '')}"
    assert "Split off T-1" in support.agent.types(f"/ticket split {link}", channel="CGENERAL").text
    card = support.agent.sees("T-2", channel="CSUPPORT")
    assert "And please send us the invoice of May" in card
    with support.database.transaction(support.workspace) as session:
        own = tickets.get(session, 2)
        replies.send(session, replies.draft(session, own, "Here", author_id="UAAGENT"), own, renderer="triage.reply")
    support.settles()
    sent = [one for one in support.customer.messages("CSHARED") if one["text"] == "Here"]
    assert [one["thread_ts"] for one in sent] == [first.ts]
    assert "began with this message" in support.agent.types("/ticket split T-1", channel="CGENERAL").text
    support.agent.types("/crm undo", channel="CGENERAL")
    with support.database.transaction(support.workspace) as session:
        assert [message.ts for message in messages.of_ticket(session, 1)] == [first.ts, other.ts]
