"""Share channels with another organisation at the worst moments: nothing of ours is posted where others read it."""

from __future__ import annotations

import pytest

from sandbox.control.client import Person
from sandbox.server import Sandbox
from tests.support.cluster import count
from tests.support.replicas import StartReplica
from tests.support.waiting import until

TOLD = "others than your own people read that channel by now"
ONLY_YOU = "Only you see this"
DESK = {
    "id": "TA",
    "name": "Northwind",
    "domain": "northwind",
    "channels": [{"id": "CDESK", "name": "desk", "members": ["UAADMIN", "UAAGENT", "U0BOTA"]}],
}
WROTE = "The export fails with an error since this morning"


def posted(slack: Sandbox, channel: str) -> list[str]:
    """Return what was said in a channel for all to read, as it is now."""
    return [
        str(message.body["text"])
        for message in slack.workspace.messages.get(channel, [])
        if not message.visible_to and not message.body.get("subtype")
    ]


def calls(slack: Sandbox, method: str, channel: str) -> list[dict[str, object]]:
    return [call for call in slack.control.calls(method) if call["args"].get("channel") == channel]


def share(slack: Sandbox, channel: str) -> None:
    slack.control.admin("shares", channel=channel, team="TB")
    slack.control.settles(60)


@pytest.fixture
def admin(slack: Sandbox) -> Person:
    return slack.person("UAADMIN")


def open_desk(admin: Person) -> None:
    """Have what is written in #general shown to support."""
    assert "Support sees a card" in admin.types("/crm triage #support", channel="CGENERAL").text
    assert "is now an inbox" in admin.types("/crm inbox #general", channel="CGENERAL").text


def test_cards_stop_when_their_channel_is_shared_and_come_when_it_is_not_any_more(
    slack: Sandbox, start: StartReplica, admin: Person
) -> None:
    start()
    open_desk(admin)
    agent, guest = slack.person("UAAGENT"), slack.person("UAGUEST")
    slack.person("UAREP").types(WROTE, channel="CGENERAL")
    agent.sees("T-1", channel="CSUPPORT")
    share(slack, "CSUPPORT")
    before = posted(slack, "CSUPPORT")
    # A new card, a change of the one that stands there, and what is pressed on it.
    slack.person("UAREP").types("The invoice is wrong, we were charged twice", channel="CGENERAL")
    agent.types("/ticket assign T-1 me", channel="CGENERAL")
    admin.sees(TOLD, channel="@Rapport", within=60)
    agent.clicks("Resolve", channel="CSUPPORT")
    until(lambda: not slack.control.get("pending")["pending"])
    guest.does_not_see("T-2", channel="CSUPPORT", within=5)
    assert posted(slack, "CSUPPORT") == before
    assert not calls(slack, "chat.update", "CSUPPORT")
    assert len([text for text in admin.texts("@Rapport") if TOLD in text]) == 1, "once for the place"
    slack.control.admin("unshares", channel="CSUPPORT", team="TB")
    slack.control.settles(60)
    admin.clicks("Send again", channel="@Rapport")
    until(lambda: len(posted(slack, "CSUPPORT")) > len(before) or bool(calls(slack, "chat.update", "CSUPPORT")))


def test_cards_that_were_not_shown_come_where_support_looks_next(
    slack: Sandbox, start: StartReplica, admin: Person
) -> None:
    start()
    open_desk(admin)
    share(slack, "CSUPPORT")
    slack.person("UAREP").types(WROTE, channel="CGENERAL")
    admin.sees(TOLD, channel="@Rapport", within=60)
    slack.control.admin("seed", seed={"teams": [DESK]})
    assert "Support sees a card" in admin.types("/crm triage #desk", channel="CGENERAL").text
    admin.sees("1 earlier card", channel="CGENERAL", within=60)
    slack.person("UAAGENT").sees("T-1", channel="CDESK", within=60)
    assert posted(slack, "CSUPPORT") == []


def test_what_is_for_the_customer_reaches_their_shared_channel(
    slack: Sandbox, start: StartReplica, admin: Person
) -> None:
    start()
    admin.types("/crm triage #support", channel="CGENERAL")
    admin.types("/customer add Globex", channel="CGENERAL")
    assert "now belongs to" in admin.types("/customer link Globex channel:#ext-globex", channel="CGENERAL").text
    slack.person("UBCARLA").types(WROTE, channel="CSHARED")
    agent = slack.person("UAAGENT")
    agent.sees("T-1", channel="CSUPPORT", within=60)
    agent.clicks("Reply to customer", channel="CSUPPORT")
    agent.submits({"Your answer": "We look into it."}, within=60)
    agent.submits(within=60)
    slack.person("UBCARLA").sees("We look into it.", channel="CSHARED", within=60)


def test_a_card_that_slack_held_back_is_not_sent_into_a_channel_shared_meanwhile(
    slack: Sandbox, start: StartReplica, admin: Person
) -> None:
    start()
    open_desk(admin)
    slack.control.fault("rate_limit", method="chat.postMessage", channel="CSUPPORT", retry_after=3)
    slack.person("UAREP").types(WROTE, channel="CGENERAL")
    until(lambda: bool(calls(slack, "chat.postMessage", "CSUPPORT")))
    share(slack, "CSUPPORT")
    admin.sees(TOLD, channel="@Rapport", within=60)
    assert posted(slack, "CSUPPORT") == []


def test_what_was_known_before_the_bot_was_down_is_not_known_after_it(
    slack: Sandbox, start: StartReplica, admin: Person, admin_url: str
) -> None:
    first = start(socket=True)
    open_desk(admin)
    slack.person("UAREP").types(WROTE, channel="CGENERAL")
    slack.person("UAAGENT").sees("T-1", channel="CSUPPORT", within=60)
    before = posted(slack, "CSUPPORT")
    # A card whose answer the process did not live to write down is in doubt for a while; this one is not.
    until(lambda: count(admin_url, "outbox", "state = 'sent'") == 1)
    first.kill()
    # Slack tells of it, but not for ever; it is as if it had given up.
    slack.control.admin("shares", channel="CSUPPORT", team="TB", told=False)
    start(socket=True)
    slack.person("UAREP").types("The invoice is wrong, we were charged twice", channel="CGENERAL")
    admin.sees(TOLD, channel="@Rapport", within=60)
    assert posted(slack, "CSUPPORT") == before


def test_where_slack_cannot_say_who_reads_a_channel_it_is_shared(
    slack: Sandbox, start: StartReplica, admin: Person
) -> None:
    start()
    open_desk(admin)
    slack.control.fault("error", method="conversations.info", code="internal_error", count=None)
    slack.person("UAREP").types(WROTE, channel="CGENERAL")
    rep = slack.person("UAREP")
    assert ONLY_YOU in rep.types("/deal list share:yes", channel="CSUPPORT").text
    until(lambda: len(calls(slack, "conversations.info", "CSUPPORT")) > 2)
    assert posted(slack, "CSUPPORT") == []
    slack.control.clear_faults()
    slack.person("UAAGENT").sees("T-1", channel="CSUPPORT", within=60)


def test_answers_for_all_of_a_channel_are_for_who_asked_once_others_read_it(
    slack: Sandbox, start: StartReplica, admin: Person
) -> None:
    start()
    rep, agent = slack.person("UAREP"), slack.person("UAAGENT")
    rep.types("/deal add Boats amount:5k", channel="CGENERAL")
    rep.types("/deal show D-1 share:yes", channel="CGENERAL")
    agent.sees("Boats", channel="CGENERAL", within=60)
    share(slack, "CGENERAL")
    before = posted(slack, "CGENERAL")
    rep.types("/deal show D-1 share:yes", channel="CGENERAL")
    rep.sees(ONLY_YOU, channel="CGENERAL", within=60)
    # A click on the card that all can see would draw it anew for all.
    agent.clicks("Won", channel="CGENERAL")
    agent.sees(ONLY_YOU, channel="CGENERAL", within=60)
    assert posted(slack, "CGENERAL") == before
    # So late that the answer comes by its address, and the channel is shared while it is awaited.
    slack.control.admin("unshares", channel="CGENERAL", team="TB")
    slack.control.settles(60)
    slack.control.fault("slow", method="conversations.info", channel="CGENERAL", seconds=5)
    admin.types("/deal show D-1 share:yes", channel="CGENERAL")
    share(slack, "CGENERAL")
    admin.sees(ONLY_YOU, channel="CGENERAL", within=60)
    assert posted(slack, "CGENERAL") == before


def test_a_digest_is_not_sent_where_others_read_it_by_now(slack: Sandbox, start: StartReplica, admin: Person) -> None:
    start()
    admin.types("/digest new", channel="CGENERAL")
    admin.submits({"Name": "Numbers", "To a channel": "CSUPPORT"}, within=60)
    admin.sees("It comes for the first time", channel="CGENERAL", within=60)
    share(slack, "CSUPPORT")
    admin.clicks("Send now", channel="CGENERAL")
    admin.sees(TOLD, channel="@Rapport", within=60)
    assert posted(slack, "CSUPPORT") == []
    assert not slack.control.calls("files.completeUploadExternal")
