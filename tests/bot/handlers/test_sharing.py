"""Show that Slack's events keep true what is known of who reads a channel."""

from __future__ import annotations

import pytest

from bot.wire.socket import CONNECTIONS
from sandbox.sample_teams import APP_ID
from storage.notifications import failures
from storage.support import sharing
from tests.support.company import Company
from tests.support.waiting import until

over_both = pytest.mark.parametrize("transport", ["socket", "http"], indirect=True)


def known(company: Company, channel: str) -> bool | None:
    with company.database.transaction(company.workspace) as session:
        return sharing.known(session, channel).shared


def learn(company: Company, channel: str) -> None:
    """Have it be known that nobody else reads a channel, as after an answer of Slack's."""
    with company.database.transaction(company.workspace) as session:
        assert sharing.learn(session, channel, False, since=sharing.known(session, channel))


@over_both
def test_a_channel_that_is_shared_is_known_to_be_at_once(company: Company, transport: str) -> None:
    learn(company, "CSUPPORT")
    learn(company, "CGENERAL")
    company.sandbox.control.admin("shares", channel="CSUPPORT", team="TB")
    company.settles()
    assert known(company, "CSUPPORT") is True
    assert known(company, "CGENERAL") is False
    company.sandbox.control.admin("unshares", channel="CSUPPORT", team="TB")
    company.settles()
    assert known(company, "CSUPPORT") is None, "Slack is to be asked"


def test_what_is_written_in_a_shared_channel_tells_that_it_is(company: Company) -> None:
    learn(company, "CSHARED")
    company.customer.types("Hello", channel="CSHARED")
    company.settles()
    assert known(company, "CSHARED") is True
    learn(company, "CGENERAL")
    company.rep.types("Hello", channel="CGENERAL")
    company.settles()
    assert known(company, "CGENERAL") is False


def test_nothing_is_known_once_events_could_not_come(company: Company) -> None:
    learn(company, "CGENERAL")
    company.sandbox.control.admin("disconnects", app_id=APP_ID, reason="")
    until(lambda: known(company, "CGENERAL") is None)
    # The tests that come after it need them.
    until(lambda: company.sandbox.control.app(APP_ID)["sockets"] == CONNECTIONS)


def test_an_app_that_hears_of_sharing_has_asked_for_it(company: Company) -> None:
    settings = company.seed["apps"][0]["manifest"]["settings"]["event_subscriptions"]
    assert {"channel_shared", "channel_unshared"} <= set(settings["bot_events"])


def test_a_card_that_was_changed_while_others_read_is_true_again_once_they_do_not(support: Company) -> None:
    shares = {"channel": "CSUPPORT", "team": "TB"}
    support.sandbox.control.admin("shares", **shares)
    support.settles()
    for said in ("/ticket assign T-1 me", "/ticket status T-1 resolved"):
        support.agent.types(said, channel="CGENERAL")
        support.settles()
    assert any("nobody yet" in text for text in support.agent.texts("CSUPPORT"))
    support.sandbox.control.admin("unshares", **shares)
    until(lambda: any("resolved" in text for text in support.agent.texts("CSUPPORT")))
    assert not any("nobody yet" in text for text in support.agent.texts("CSUPPORT"))


def test_a_change_is_not_tried_again_where_others_still_read(support: Company) -> None:
    support.sandbox.control.admin("shares", channel="CSUPPORT", team="TB")
    support.settles()
    support.agent.types("/ticket assign T-1 me", channel="CGENERAL")
    support.settles()
    with support.database.transaction(support.workspace) as session:
        failures.change_again(session, "CGENERAL")
        failures.change_again(session, "CSUPPORT")
    support.settles()
    assert any("nobody yet" in text for text in support.agent.texts("CSUPPORT"))
