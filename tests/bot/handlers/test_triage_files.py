"""Files that customers send: named with kind and size, seen where Slack shows them, their content stored nowhere."""

from __future__ import annotations

import pytest

from bot.handlers.triage.intake.written import files_of
from bot.kit import format
from storage.support import messages, tickets
from tests.support.company import Company
from tests.support.waiting import until

PNG = b"\x89PNG\r\n\x1a\n" + bytes(2_000)


def test_a_picture_is_named_with_its_size_and_seen_on_the_card(linked: Company) -> None:
    linked.customer.sends("<!channel> *error*.png", PNG, channel="CSHARED", text="The login page shows this error 500")
    linked.agent.sees("📎 <!channel> *error*.png (PNG, 2 kB)", channel="CSUPPORT")
    linked.settles()
    (card,) = linked.agent.messages("CSUPPORT")
    (picture,) = [block for block in card["blocks"] if block["type"] == "image"]
    assert picture["slack_file"] == {"id": linked.customer.messages("CSHARED")[0]["files"][0]["id"]}
    assert "[<!channel>" not in str(card["blocks"])
    shown = linked.agent.types("/ticket show T-1", channel="CGENERAL").text
    assert "📎" in shown
    assert "(PNG, 2 kB)" in shown
    linked.agent.clicks("Take", channel="CSUPPORT")
    linked.agent.sees("With: @Anton Agent", channel="CSUPPORT")
    linked.settles()
    assert [block["type"] for block in linked.agent.messages("CSUPPORT")[0]["blocks"]].count("image") == 1
    with linked.database.transaction(linked.workspace) as session:
        (message,) = messages.of_ticket(session, 1)
        assert [(one["kind"], one["size"], one["outside"]) for one in message.files or ()] == [("png", 2008, False)]
        assert set((message.files or [])[0]) == {"id", "name", "kind", "size", "outside"}


def test_who_reads_the_ticket_is_sent_its_pictures_each_under_who_sent_it(linked: Company) -> None:
    for name in ("first.png", "*second*.png"):
        linked.customer.sends(name, PNG, channel="CSHARED", text=f"The login page shows error 500, see {name}")
        linked.agent.sees(f"📎 {name} (PNG, 2 kB)", channel="CSUPPORT")
    linked.settles()
    linked.agent.types("/ticket show T-1", channel="CGENERAL")
    linked.agent.clicks("Show pictures", channel="CGENERAL")
    linked.agent.sees("The pictures of T-1 are on their way to you")
    linked.agent.sees("Pictures of T-1")
    linked.settles()
    (sent,) = [one for one in linked.agent.messages("@Rapport") if "Pictures of T-1" in one["text"]]
    kinds = [block["type"] for block in sent["blocks"]]
    assert kinds == ["section", "context", "image", "context", "image"]
    files = [one["files"][0]["id"] for one in linked.customer.messages("CSHARED") if one.get("files")]
    assert [one["slack_file"]["id"] for one in sent["blocks"] if one["type"] == "image"] == files


def test_what_only_has_files_is_a_ticket_and_a_later_file_is_named_too(linked: Company) -> None:
    linked.customer.sends("invoice.pdf", b"%PDF" + bytes(3_000_000), channel="CSHARED")
    linked.agent.sees("(only files)", channel="CSUPPORT")
    linked.agent.sees("📎 invoice.pdf (PDF, 3 MB)", channel="CSUPPORT")
    linked.settles()
    (card,) = linked.agent.messages("CSUPPORT")
    assert "image" not in [block["type"] for block in card["blocks"]]
    root = linked.customer.messages("CSHARED")[0]
    linked.customer.deletes("")
    with linked.database.transaction(linked.workspace) as session:
        assert tickets.get(session, 1).name == "[invoice.pdf]"
    assert root["files"][0]["name"] == "invoice.pdf"


def test_a_picture_that_slack_refuses_costs_only_itself(linked: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    linked.customer.sends("not-really.png", b"no picture", channel="CSHARED", text="The login page is broken again")
    linked.agent.sees("📎 not-really.png (PNG, 10 bytes)", channel="CSUPPORT")
    linked.settles()
    (card,) = linked.agent.messages("CSUPPORT")
    assert "image" not in [block["type"] for block in card["blocks"]]
    until(lambda: "not-really.png" in linked.agent.types("/ticket show T-1", channel="CGENERAL").text)


def test_what_slack_says_of_a_file_is_kept_as_text_numbers_and_nothing_else() -> None:
    said = {
        "files": [{"id": "F1", "name": "a\x00.png", "filetype": "PNG", "size": True}, {"mode": "external"}, "x", None]
    }
    assert files_of(said) == [
        {"id": "F1", "name": "a\ufffd.png", "kind": "PNG", "size": None, "outside": False},
        {"id": "", "name": "file", "kind": "", "size": None, "outside": True},
    ]


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (120_400, "120 kB"),
        (2_440_000, "2.4 MB"),
        (10**9, "1,000 MB"),
    ],
)
def test_sizes_are_shown_as_people_say_them(amount: int, shown: str) -> None:
    assert format.size(amount, "en-US") == shown
