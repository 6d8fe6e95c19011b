"""Answering a customer from a card: seen before it is sent, sent once, and nothing else reaches them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.slack.manifest import scopes
from sandbox.control.client import Person
from storage.queues.outbox import Delivery
from storage.records import history
from storage.support import replies
from storage.support.replies import Reply
from storage.support.tickets import Ticket
from tests.support.company import Company
from tests.support.support_desk import BROKEN, ticket_of
from tests.support.waiting import until

ANSWER = "Hello {contact}, we look into {ticket} for {customer} & <!channel> *now*. {agent}"


@pytest.fixture
def support(linked: Company) -> Company:
    """Have a customer write in the linked channel, and remember when."""
    linked.asked = linked.customer.posts(BROKEN, channel="CSHARED").ts  # type: ignore[attr-defined]  # for the tests
    linked.agent.sees("T-1", channel="CSUPPORT")  # the first message waits for the model
    return linked


def seen_by_the_customer(company: Company) -> list[str]:
    return [one for one in company.customer.texts("CSHARED") if BROKEN not in one]


def test_an_answer_is_seen_first_and_sent_once(support: Company) -> None:
    support.agent.clicks("Reply to customer", channel="CSUPPORT")
    support.agent.sees("This goes to Globex in #ext-globex")
    support.agent.submits({"Your answer": ANSWER})
    shown = support.agent.sees("Send this?")
    assert "Hello Carla Customer, we look into T-1 for Globex & <!channel> *now*. Anton Agent" in shown
    assert seen_by_the_customer(support) == []
    support.agent.submits()
    support.agent.sees("answered: Hello Carla Customer", channel="CSUPPORT")
    support.agent.sees("Status: waiting on customer", channel="CSUPPORT")
    support.settles()
    (told,) = [one for one in support.customer.messages("CSHARED") if one["ts"] != support.asked]  # type: ignore[attr-defined]  # by the fixture
    assert told["thread_ts"] == support.asked  # type: ignore[attr-defined]  # by the fixture
    assert "&lt;!channel&gt;" in str(told["blocks"])
    assert (told["username"], told["bot_id"][:1]) == ("Anton Agent", "B")
    assert "— Anton Agent" in str(told["blocks"])
    answered = ticket_of(support)
    assert (answered.status, answered.assignee_id) == ("waiting", "UAAGENT")
    assert answered.first_response_at is not None
    with support.database.transaction(support.workspace) as session:
        assert len(session.scalars(select(Ticket)).all()) == 1
        assert [reply.author_id for reply, _delivery in replies.sent(session, 1)] == ["UAAGENT"]
        assert "replied" in [one.action for one in history.timeline(session, "ticket", 1)]
    undone = support.agent.types("/crm undo", channel="CGENERAL").text
    assert "The answer was sent to the customer and cannot be recalled." in undone
    assert "brought back" not in undone
    after = ticket_of(support)
    assert (after.status, after.assignee_id) == ("open", None)
    assert after.first_response_at is not None
    assert abs(after.first_response_at - answered.first_response_at) < timedelta(seconds=1)
    assert len(seen_by_the_customer(support)) == 1


def test_an_answer_arrives_under_rapports_own_name_where_the_app_may_not_use_another(
    support: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    install = support.sandbox.core.world.workspace.installations[0]
    granted = [one for one in scopes(support.bot.registry) if one != "chat:write.customize"]
    monkeypatch.setattr(install, "scopes", granted)
    support.agent.clicks("Reply to customer", channel="CSUPPORT")
    support.agent.submits({"Your answer": "We look into it."})
    support.agent.submits()
    support.customer.sees("We look into it.", channel="CSHARED")
    support.settles()
    told = support.customer.messages("CSHARED")[-1]
    assert "username" not in told
    assert "— Anton Agent" in str(told["blocks"])
    support.agent.sees("answered: We look into it.", channel="CSUPPORT")


def test_nothing_else_an_agent_writes_reaches_the_customer(support: Company) -> None:
    card = support.agent.messages("CSUPPORT")[0]["ts"]
    support.agent.posts("What a silly question", channel="CSUPPORT", thread=card)
    support.agent.clicks("Take", channel="CSUPPORT")
    support.agent.sees("With: @Anton Agent", channel="CSUPPORT")
    support.agent.clicks("Add a note", channel="CSUPPORT")
    support.agent.submits(Note="They never read the manual")
    support.agent.sees("the customer does not see it")
    support.agent.clicks("Reply to customer", channel="CSUPPORT")
    support.agent.submits({"Your answer": "Never sent"})
    support.agent.sees("Send this?")
    support.agent.closes()
    support.agent.selects("Priority", "high", channel="CSUPPORT")
    support.agent.sees("Priority: high", channel="CSUPPORT")
    support.agent.clicks("Resolve", channel="CSUPPORT")
    support.agent.sees("Status: resolved", channel="CSUPPORT")
    support.settles()
    assert seen_by_the_customer(support) == []
    with support.database.transaction(support.workspace) as session:
        assert [one.delivery_id for one in session.scalars(select(Reply))] == [None]
        assert "CSHARED" not in session.scalars(select(Delivery.target_channel)).all()


def test_a_saved_reply_is_filled_in_and_changed_before_it_is_sent(support: Company, manager: Person) -> None:
    manager.types('/crm replies add "Logs" Hello {contact}, the logs please.', channel="CGENERAL")
    support.agent.clicks("Reply to customer", channel="CSUPPORT")
    support.agent.selects("Saved replies", "Logs")
    support.agent.sees("Hello Carla Customer, the logs please.")
    support.agent.submits()
    support.agent.sees("Send this?")
    support.agent.clicks("Change it")
    support.agent.sees("Your answer")
    support.agent.submits({"Your answer": "Hello Carla, never mind."})
    support.agent.sees("Send this?")
    support.agent.submits()
    support.customer.sees("Hello Carla, never mind.", channel="CSHARED")
    support.customer.does_not_see("the logs please", channel="CSHARED")


def test_what_cannot_be_sent_is_said_under_the_text(support: Company) -> None:
    support.agent.clicks("Reply to customer", channel="CSUPPORT")
    assert "answer is empty" in next(iter(support.agent.submits({"Your answer": "\u200b"}).errors.values()))
    assert "too long for Slack" in next(iter(support.agent.submits({"Your answer": "& " * 1490}).errors.values()))
    assert "not known" not in str(support.agent.submits({"Your answer": "& " * 900}).errors)
    support.agent.sees("Send this?")
    support.agent.submits()
    support.customer.sees("& & &", channel="CSHARED")


def test_a_change_of_a_colleague_is_shown_before_anything_goes(support: Company) -> None:
    support.agent.clicks("Reply to customer", channel="CSUPPORT")
    support.agent.submits({"Your answer": "Working on it"})
    support.agent.sees("Send this?")
    support.rep.types("/ticket status T-1 resolved", channel="CGENERAL")
    support.agent.submits()
    support.agent.sees("Rita Rep has changed T-1 meanwhile, and it is resolved now. Nothing was sent yet.")
    assert seen_by_the_customer(support) == []
    support.agent.submits()
    support.customer.sees("Working on it", channel="CSHARED")


def test_a_channel_the_bot_has_left_takes_no_answer(support: Company) -> None:
    channel = support.sandbox.core.world.workspace.channels["CSHARED"]
    support.agent.clicks("Reply to customer", channel="CSUPPORT")
    support.agent.submits({"Your answer": "Too late"})
    support.agent.sees("Send this?")
    channel.members.remove("U0BOTA")
    support.agent.submits()
    support.agent.sees("I am not in the customer's channel any more")
    support.agent.clicks("Reply to customer", channel="CSUPPORT", view="message")
    support.agent.sees("Write `/invite @Rapport` in it first.")
    channel.members.append("U0BOTA")
    support.agent.closes(all=True)
    support.agent.clicks("Reply to customer", channel="CSUPPORT")
    support.agent.sees("Too late")
    assert seen_by_the_customer(support) == []


def test_an_answer_slack_refuses_is_said_on_the_card(support: Company) -> None:
    support.sandbox.control.fault(
        "error", method="chat.postMessage", code="restricted_action", channel="CSHARED", count=1
    )
    support.agent.clicks("Reply to customer", channel="CSUPPORT")
    support.agent.submits({"Your answer": "Into the void"})
    support.agent.sees("Send this?")
    support.agent.submits()
    support.agent.sees("Into the void", channel="CSUPPORT")
    support.settles()
    support.agent.selects("Priority", "high", channel="CSUPPORT")
    support.agent.sees("did not reach the customer: Slack says restricted_action", channel="CSUPPORT")


def test_viewers_answer_nobody(support: Company) -> None:
    support.gives("rep", "viewer")
    support.rep.clicks("Reply to customer", channel="CSUPPORT")
    support.rep.sees("This needs the role agent.")


def test_the_message_is_linked_to_and_quoted_wherever_its_ticket_is_shown(support: Company) -> None:
    address = f"{support.sandbox.url}/archives/CSHARED/p{support.asked.replace('.', '')}"  # type: ignore[attr-defined]  # by the fixture
    assert address in str(support.agent.messages("CSUPPORT")[0]["blocks"])
    shown = support.agent.types("/ticket show T-1", channel="CGENERAL")
    assert all(part in shown.text for part in (BROKEN, "Carla Customer", "Bug or outage"))
    assert address in str(shown.answer)


def test_the_home_shows_what_waits_for_the_customer_last(support: Company) -> None:
    support.agent.clicks("Take", channel="CSUPPORT")
    support.agent.sees("With: @Anton Agent", channel="CSUPPORT")
    support.agent.types("/ticket status T-1 waiting", channel="CGENERAL")
    support.agent.types("/ticket add Later but open assignee:me priority:low", channel="CGENERAL")
    support.agent.opens_home()
    until(lambda: 0 < str(support.agent.home).find("*  T-2") < str(support.agent.home).find("*  T-1"))
