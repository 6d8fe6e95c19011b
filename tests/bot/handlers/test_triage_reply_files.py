"""A file goes with an answer: into the customer's thread, after the text, from Slack's own hosts, within the limits."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from sqlalchemy import select

from bot.handlers.triage.replies.wording import LARGEST, NAME_LIMIT, AttachedFile, chosen, kept, obstacle
from sandbox.control.client import upload
from storage.queues.outbox import Delivery
from storage.support import messages
from tests.support.company import Company
from tests.support.support_desk import BROKEN, ticket_of

MANUAL = b"%PDF-1.7 how to log in"
ADDRESS = "https://files.slack.com/files-pri/T1-F1/download/a.pdf"


@pytest.fixture
def support(linked: Company) -> Company:
    """Have a customer write in the linked channel, and open the form that answers them."""
    linked.customer.posts(BROKEN, channel="CSHARED")
    linked.agent.sees("T-1", channel="CSUPPORT")
    linked.agent.clicks("Reply to customer", channel="CSUPPORT")
    linked.agent.sees("One file of up to 10 MB")
    return linked


def answers(company: Company) -> list[dict[str, Any]]:
    company.settles()
    return [one for one in company.customer.messages("CSHARED") if BROKEN not in one["text"]]


def test_a_file_follows_the_answer_into_the_customers_thread(support: Company) -> None:
    support.agent.fills({"A file": upload("manual.pdf", MANUAL)})
    support.agent.submits({"Your answer": "See page 1"})
    support.agent.sees("📎 manual.pdf (22 bytes) follows it.")
    support.agent.clicks("Change it")
    support.agent.sees("Another file")
    support.agent.submits()
    support.agent.sees("📎 manual.pdf (22 bytes) follows it.")
    assert answers(support) == []
    support.agent.submits()
    support.customer.sees("— Anton Agent", channel="CSHARED")
    text, file = answers(support)
    root = support.customer.messages("CSHARED")[0]["ts"]
    assert (text["text"], text["thread_ts"], file["thread_ts"]) == ("See page 1", root, root)
    (sent,) = file["files"]
    kept_there = support.sandbox.core.world.workspace.files[sent["id"]]
    assert (sent["name"], base64.b64decode(kept_there.content)) == ("manual.pdf", MANUAL)
    assert ticket_of(support).status == "waiting"
    with support.database.transaction(support.workspace) as session:
        assert len(messages.of_ticket(session, 1)) == 1, "what Rapport sends is no message of the customer's"


def test_a_file_is_left_out_again(support: Company) -> None:
    support.agent.submits({"Your answer": "See page 1", "A file": upload("manual.pdf", MANUAL)})
    support.agent.clicks("Leave the file out")
    support.agent.sees("A file")
    support.agent.submits()
    support.agent.sees("Send this?")
    support.agent.does_not_see("manual.pdf")
    support.agent.submits()
    support.customer.sees("See page 1", channel="CSHARED")
    assert [one.get("files") for one in answers(support)] == [None]


def test_a_file_that_is_too_large_is_told_and_the_text_goes(support: Company) -> None:
    support.agent.submits({"Your answer": "See page 1", "A file": upload("film.mov", bytes(LARGEST + 1))})
    support.agent.sees("film.mov does not go with it: it has 10 MB, and up to 10 MB can be sent.")
    support.agent.submits()
    support.customer.sees("See page 1", channel="CSHARED")
    assert [one.get("files") for one in answers(support)] == [None]


def test_a_file_that_is_gone_is_told_to_who_sent_it_and_the_text_goes(support: Company) -> None:
    support.agent.submits({"Your answer": "See page 1", "A file": upload("manual.pdf", MANUAL)})
    support.agent.sees("follows it")
    support.sandbox.core.world.workspace.files.clear()
    support.agent.submits()
    support.customer.sees("See page 1", channel="CSHARED")
    support.agent.sees("the file is no longer in Slack: send it again")
    assert [one.get("files") for one in answers(support)] == [None]
    with support.database.transaction(support.workspace) as session:
        states = select(Delivery.state).where(Delivery.renderer == "triage.reply_file")
        assert session.scalars(states).all() == ["dead"]


def test_what_is_not_at_slack_is_never_fetched(support: Company) -> None:
    support.agent.submits({"Your answer": "See page 1", "A file": upload("manual.pdf", MANUAL)})
    (view,) = support.sandbox.core.world.workspace.modals["UAAGENT"]
    view.body["private_metadata"] = view.body["private_metadata"].replace(support.sandbox.url, "http://127.0.0.1:1")
    support.agent.submits()
    support.customer.sees("See page 1", channel="CSHARED")
    support.agent.sees("Rapport may not read the file")
    assert len(answers(support)) == 1


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"name": "a.pdf", "size": LARGEST, "url_private": ADDRESS}, None),
        ({"name": "a.pdf", "size": LARGEST + 1, "url_private": ADDRESS}, "can be sent"),
        ({"name": "a.pdf", "size": 0, "url_private": ADDRESS}, "empty"),
        ({"name": "a.pdf", "size": "9", "url_private": ADDRESS}, "empty"),
        ({"name": "a.pdf", "size": 9}, "does not say where"),
        ({"name": "a.pdf", "size": 9, "url_private": ADDRESS + "x" * 1_000}, "does not say where"),
    ],
)
def test_what_can_go_with_an_answer(given: dict[str, object], told: str | None) -> None:
    file = chosen({"file": [given]}, {})
    assert file is not None
    said = obstacle(file, "en-US")
    assert said is None if told is None else said is not None and told in said


def test_the_form_keeps_a_file_within_what_slack_takes() -> None:
    name = "🦀" * 300 + ".pdf"
    file = chosen({"file": [{"name": name, "size": 9, "url_private": ADDRESS.ljust(1_000, "x")}]}, {})
    assert file is not None
    assert (len(file.name), file.name[-5:]) == (NAME_LIMIT, "….pdf")
    assert len(file.kept) < 2_400
    assert kept({"file": file.kept}) == file
    assert chosen({"file": []}, {"file": file.kept}) == file
    assert chosen({"file": ""}, {}) is None
    assert chosen({"file": [{"name": "b", "size": 1, "url_private": ADDRESS}]}, {"file": file.kept}) == AttachedFile(
        "b", 1, ADDRESS
    )
