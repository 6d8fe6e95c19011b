"""Tickets that people open, take and resolve by emoji, from a message's menu, and apart or together by hand."""

from __future__ import annotations

from storage.support import labels, messages, replies, tickets
from tests.support.company import Company
from tests.support.support_desk import BROKEN, count_tickets, ticket_of


def test_an_emoji_opens_a_ticket_from_any_message_and_taking_it_back_closes_it(linked: Company) -> None:
    said = linked.rep.posts("Globex called: their invoice is wrong", channel="CGENERAL")
    linked.rep.reacts("eyes", said.ts, channel="CGENERAL")
    linked.settles()
    linked.agent.reacts("ticket", said.ts, channel="CGENERAL")
    linked.agent.sees("their invoice is wrong", channel="CSUPPORT")
    opened = ticket_of(linked)
    assert (opened.status, opened.channel_id, opened.requester_id) == ("new", "CGENERAL", "UAREP")
    linked.manager.reacts("ticket", said.ts, channel="CGENERAL")
    linked.settles()
    linked.agent.reacts("ticket", said.ts, channel="CGENERAL", remove=True)
    linked.settles()
    assert ticket_of(linked).is_request
    linked.manager.reacts("ticket", said.ts, channel="CGENERAL", remove=True)
    linked.agent.sees("not a request", channel="CSUPPORT")
    linked.agent.reacts("ticket", said.ts, channel="CGENERAL")
    linked.agent.sees("Status: new", channel="CSUPPORT")
    assert count_tickets(linked) == 1


def test_emoji_take_and_resolve_on_the_message_and_on_the_card(linked: Company) -> None:
    said = linked.customer.posts(BROKEN, channel="CSHARED")
    linked.agent.sees("T-1", channel="CSUPPORT")
    linked.customer.reacts("white_check_mark", said.ts, channel="CSHARED")
    linked.agent.reacts("eyes", said.ts, channel="CSHARED")
    linked.agent.sees("With: @Anton Agent", channel="CSUPPORT")
    assert ticket_of(linked).status == "open"
    (card,) = linked.agent.messages("CSUPPORT")
    linked.rep.reacts("white_check_mark", card["ts"], channel="CSUPPORT")
    linked.agent.sees("Status: resolved", channel="CSUPPORT")
    linked.rep.reacts("white_check_mark", card["ts"], channel="CSUPPORT", remove=True)
    linked.agent.sees("Status: open", channel="CSUPPORT")
    linked.agent.types("/ticket status T-1 waiting", channel="CGENERAL")
    linked.agent.reacts("eyes", said.ts, channel="CSHARED", remove=True)
    linked.settles()
    assert (ticket_of(linked).assignee_id, ticket_of(linked).status) == ("UAAGENT", "waiting")


def test_an_emoji_that_opened_a_ticket_does_not_close_it_over_a_question(linked: Company) -> None:
    said = linked.rep.posts("Globex called: their invoice is wrong", channel="CGENERAL")
    linked.manager.types("/crm inbox #general", channel="CSUPPORT")
    linked.agent.reacts("ticket", said.ts, channel="CGENERAL")
    linked.agent.sees("T-1", channel="CSUPPORT")
    linked.rep.posts("And they ask when it will be corrected?", channel="CGENERAL", thread=said.ts)
    linked.agent.sees("wrote again", channel="CSUPPORT")
    linked.agent.reacts("ticket", said.ts, channel="CGENERAL", remove=True)
    linked.settles()
    assert ticket_of(linked).is_request


def test_a_messages_menu_opens_a_ticket(linked: Company) -> None:
    said = linked.rep.posts("Initech wants a refund", channel="CGENERAL")
    linked.agent.shortcut("triage.open", message=said.ts, channel="CGENERAL")
    linked.agent.submits({"Title": "Refund for Initech"})
    linked.agent.sees("Initech wants a refund", channel="CSUPPORT")
    assert ticket_of(linked).name == "Refund for Initech"
    linked.agent.shortcut("triage.open", message=said.ts, channel="CGENERAL")
    linked.settles()
    assert "belongs to" in str(linked.agent.modal)
    linked.agent.closes()
    assert count_tickets(linked) == 1


def test_a_ticket_is_merged_and_undo_takes_them_apart(linked: Company) -> None:
    linked.customer.posts(BROKEN, channel="CSHARED")
    linked.agent.sees("T-1", channel="CSUPPORT")
    linked.agent.clicks("Resolve", channel="CSUPPORT")
    linked.agent.sees("Status: resolved", channel="CSUPPORT")
    again = linked.customer.posts("The invoice for October is wrong, we were charged twice", channel="CSHARED")
    linked.agent.sees("T-2", channel="CSUPPORT")
    assert "cannot be merged into itself" in linked.agent.types("/ticket merge T-2 into:T-2", channel="CGENERAL").text
    assert "is part of this one now" in linked.agent.types("/ticket merge T-2 into:T-1", channel="CGENERAL").text
    linked.agent.sees("is now part of T-1", channel="CSUPPORT")
    assert "T-1" in linked.agent.types("/ticket show T-2", channel="CGENERAL").text
    linked.customer.posts("Any news on the invoice?", channel="CSHARED", thread=again.ts)
    linked.agent.sees("Status: open", channel="CSUPPORT")
    with linked.database.transaction(linked.workspace) as session:
        _first, second, _third = messages.of_ticket(session, 1)
        assert second.ts == again.ts
        assert [label.source for label in labels.of_message(session, second)] == ["merged"]
    refused = linked.agent.types("/crm undo", channel="CGENERAL").text
    assert "changed" in refused or "taken back" in refused.casefold() or "undone" in refused.casefold()


def test_a_message_is_split_off_by_its_link(linked: Company) -> None:
    first = linked.customer.posts(BROKEN, channel="CSHARED")
    linked.agent.sees("T-1", channel="CSUPPORT")
    other = linked.customer.posts("And please send us the invoice of May", channel="CSHARED", thread=first.ts)
    linked.settles()
    link = f"https://team.slack.com/archives/CSHARED/p{other.ts.replace('.', '')}"
    assert "Split off T-1" in linked.agent.types(f"/ticket split {link}", channel="CGENERAL").text
    card = linked.agent.sees("T-2", channel="CSUPPORT")
    assert "And please send us the invoice of May" in card
    with linked.database.transaction(linked.workspace) as session:
        own = tickets.get(session, 2)
        replies.send(session, replies.draft(session, own, "Here", author_id="UAAGENT"), own, renderer="triage.reply")
    linked.settles()
    sent = [one for one in linked.customer.messages("CSHARED") if one["text"] == "Here"]
    assert [one["thread_ts"] for one in sent] == [first.ts]
    assert "began with this message" in linked.agent.types("/ticket split T-1", channel="CGENERAL").text
    linked.agent.types("/crm undo", channel="CGENERAL")
    with linked.database.transaction(linked.workspace) as session:
        assert [message.ts for message in messages.of_ticket(session, 1)] == [first.ts, other.ts]
