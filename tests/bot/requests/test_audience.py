"""Show that an answer for all of a channel is for who asked alone where others read it, by whatever way it comes."""

from __future__ import annotations

import pytest

from bot.requests.request import RequestKind, read
from sandbox.control.client import Json
from tests.support.answers import message_of
from tests.support.company import Company
from tests.support.trial_plugin import Trial, calls, names
from tests.support.waiting import until

ONLY_YOU = "Only you see this"
over_both = pytest.mark.parametrize("transport", ["socket", "http"], indirect=True)


def share(company: Company, channel: str = "CGENERAL") -> None:
    company.sandbox.control.admin("shares", channel=channel, team="TB")
    company.settles()


def public(company: Company, channel: str) -> list[str]:
    """Return what all of a channel see."""
    return [m["text"] for m in company.sandbox.person("UAAGENT").messages(channel) if not m["ephemeral"]]


def answered(company: Company) -> Json:
    until(lambda: calls(company, "response_url"))
    return dict(calls(company, "response_url")[-1]["args"])


@over_both
def test_a_command_is_answered_for_all_where_only_our_own_people_read(
    tried: tuple[Company, Trial], transport: str
) -> None:
    company, _trial = tried
    company.rep.types("/crm trial add Acme share:yes", channel="CGENERAL")
    until(lambda: public(company, "CGENERAL") == ["Added Acme as C-1."])


@over_both
@pytest.mark.parametrize("how", ["connected", "invited", "sibling"])
def test_a_command_is_answered_for_who_asked_where_others_read(
    tried: tuple[Company, Trial], transport: str, how: str
) -> None:
    company, _trial = tried
    company.sandbox.control.admin("shares", channel="CSUPPORT", team="TB", how=how)
    company.rep.types("/crm trial add Acme share:yes", channel="CSUPPORT")
    assert "Added Acme as C-1." in company.rep.sees(ONLY_YOU, channel="CSUPPORT")
    assert public(company, "CSUPPORT") == []


def test_a_command_is_answered_where_slack_cannot_say_who_reads(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    company.sandbox.control.fault("error", method="conversations.info", code="internal_error", count=None)
    company.rep.types("/crm trial add Acme share:yes", channel="CGENERAL")
    company.rep.sees(ONLY_YOU, channel="CGENERAL")
    company.sandbox.control.clear_faults()
    # Rapport is not in that channel, so Slack tells it nothing of it.
    company.rep.types("/crm trial add Bolt share:yes", channel="CPRIVATE")
    company.rep.sees(ONLY_YOU, channel="CPRIVATE")
    assert names(company) == ["Acme", "Bolt"]
    assert public(company, "CGENERAL") == []
    assert [m for m in company.rep.messages("CPRIVATE") if not m["ephemeral"]] == []


def test_in_a_direct_message_only_that_with_rapport_is_ours(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    own = company.sandbox.workspace.im_between("UAREP", "U0BOTA").id
    company.rep.types("/crm trial add Acme share:yes", channel=own)
    until(lambda: [m["ephemeral"] for m in company.rep.messages(own) if m.get("bot_id")] == [False])
    other = company.sandbox.workspace.im_between("UAREP", "UBCARLA").id
    company.rep.types("/crm trial add Bolt share:yes", channel=other)
    until(lambda: [m["ephemeral"] for m in company.rep.messages(other) if m.get("bot_id")] == [True])
    assert len(calls(company, "conversations.open")) == 1, "it is remembered"


def test_a_late_answer_is_decided_about_when_it_is_sent(slow: tuple[Company, Trial]) -> None:
    company, trial = slow
    assert company.rep.types("/crm trial add Acme share:yes", channel="CGENERAL").text == "Working on it…"
    company.sandbox.control.admin("shares", channel="CGENERAL", team="TB")
    trial.gate.set()
    assert answered(company)["response_type"] == "ephemeral"
    assert public(company, "CGENERAL") == []


def test_a_click_is_answered_for_all_only_where_our_own_people_read(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    company.rep.types("/crm trial card Acme", channel="CGENERAL")
    company.rep.clicks("Say it to all", channel="CGENERAL")
    assert answered(company)["response_type"] == "in_channel"
    share(company)
    company.rep.clicks("Say it to all", channel="CGENERAL")
    until(lambda: len(calls(company, "response_url")) == 2)
    assert answered(company)["response_type"] == "ephemeral"
    company.rep.sees(ONLY_YOU, channel="CGENERAL")


def test_a_message_that_all_see_is_not_replaced_where_others_read(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    company.rep.types("/crm trial card Acme share:yes", channel="CGENERAL")
    company.agent.clicks("Say it here", channel="CGENERAL")
    until(lambda: public(company, "CGENERAL") == ["Something else."])
    company.rep.types("/crm trial card Acme share:yes", channel="CSUPPORT")
    share(company, "CSUPPORT")
    company.agent.clicks("Say it here", channel="CSUPPORT")
    company.agent.sees(ONLY_YOU, channel="CSUPPORT")
    assert public(company, "CSUPPORT") == ["Controls"]
    # What only who clicks sees may be replaced anywhere.
    company.rep.types("/crm trial card Acme", channel="CSHARED")
    company.rep.clicks("Say it here", channel="CSHARED")
    company.rep.sees("Something else.", channel="CSHARED")
    company.rep.does_not_see(ONLY_YOU, channel="CSHARED")


@pytest.mark.parametrize(("channel", "expected"), [("CGENERAL", "in_channel"), ("CSHARED", "ephemeral")])
def test_a_form_is_answered_for_all_only_where_our_own_people_read(
    tried: tuple[Company, Trial], channel: str, expected: str
) -> None:
    company, _trial = tried
    company.rep.types("/crm trial", channel=channel)
    company.rep.submits(Name="all")
    assert answered(company)["response_type"] == expected


def test_a_channel_that_is_shared_while_a_form_is_filled_in_is_shared(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    company.rep.types("/crm trial", channel="CGENERAL")
    until(lambda: company.rep.modal is not None and company.rep.modal["view"].get("submit"))
    share(company)
    company.rep.submits(Name="all")
    assert answered(company)["response_type"] == "ephemeral"


def test_what_a_worker_finishes_and_what_is_repeated_is_decided_about_anew(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    company.rep.types("/crm trial add Acme share:yes", channel="CGENERAL")
    until(lambda: public(company, "CGENERAL") == ["Added Acme as C-1."])
    body = company.sandbox.control.deliveries("slash_commands")[-1]["payload"]
    request = read(RequestKind.COMMAND, body, company.workspace)
    share(company)
    # The same request again, as after a death: its answer is what was stored then, for all.
    answer = company.bot.runtime.perform(request)
    assert message_of(answer).share, "what was asked for is kept"
    company.bot.responder.send(request, answer)
    assert answered(company)["response_type"] == "ephemeral"
    assert public(company, "CGENERAL") == ["Added Acme as C-1."]
    assert names(company) == ["Acme"]


def test_a_full_answer_goes_without_the_note(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    body = {"command": "/crm", "user_id": "UAREP", "channel_id": "CSHARED", "trigger_id": "1.2.3", "text": "trial long"}
    request = read(RequestKind.COMMAND, body, company.workspace)
    answer = company.bot.runtime.perform(
        read(RequestKind.COMMAND, body | {"text": "trial long share:yes"}, company.workspace)
    )
    assert message_of(answer).share
    confined = company.bot.responder.audience.confine(request, answer)
    assert not message_of(confined).share
    assert len(message_of(confined).blocks) <= 50
