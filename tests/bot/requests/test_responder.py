"""Show by which ways answers arrive when the first is closed, and that a form opens however slow the database is."""

from __future__ import annotations

import http.client
import select
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from slack_bolt import BoltRequest

from bot.registry import Registry
from tests.support.cluster import Cluster
from tests.support.company import Company, start_company_on
from tests.support.database_wire import Wire
from tests.support.trial_plugin import Trial, calls, controls, controls_clicked, names
from tests.support.waiting import until

HALF_AN_HOUR = 30 * 60.0


def dms(company: Company) -> list[str]:
    return [str(call["args"].get("text")) for call in calls(company, "chat.postMessage") if call["outcome"] == "ok"]


def test_after_half_an_hour_the_answer_comes_as_a_dm(slow: tuple[Company, Trial]) -> None:
    company, trial = slow
    company.rep.types("/crm trial add Acme")
    company.sandbox.control.advance(HALF_AN_HOUR + 1)
    trial.gate.set()
    until(lambda: dms(company) == ["Added Acme as C-1."])
    assert [call["outcome"] for call in calls(company, "response_url")] == ["expired_url"]
    assert names(company) == ["Acme"]


def test_after_five_uses_the_answer_comes_as_a_dm(slow: tuple[Company, Trial]) -> None:
    company, trial = slow
    company.rep.types("/crm trial add Acme")
    address = urlsplit(company.sandbox.control.deliveries("slash_commands")[-1]["payload"]["response_url"])
    for _number in range(5):
        connection = http.client.HTTPConnection(address.hostname or "", address.port or 80)
        connection.request("POST", address.path, b'{"text": "used"}', {"Content-Type": "application/json"})
        assert connection.getresponse().status == 200
        connection.close()
    trial.gate.set()
    until(lambda: dms(company) == ["Added Acme as C-1."])
    assert [call["outcome"] for call in calls(company, "response_url")] == ["ok"] * 5 + ["used_url"]


def test_a_modal_that_outlives_its_address_is_answered_by_dm(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    company.rep.types("/crm trial")
    until(lambda: company.rep.modal is not None)
    company.sandbox.control.advance(HALF_AN_HOUR + 1)
    company.rep.submits(Name="Acme")
    until(lambda: dms(company) == ["Saved Acme."])


@pytest.mark.parametrize("fault", ["server_error", "reset"])
def test_an_address_that_does_not_answer_is_replaced_by_a_dm(tried: tuple[Company, Trial], fault: str) -> None:
    company, _trial = tried
    controls(company.rep, "Acme")
    company.sandbox.control.fault(fault, method="response_url")
    company.rep.clicks("Add it")
    until(lambda: dms(company) == ["Added Acme as C-1."])


def test_an_answer_is_sent_to_nobody_but_slack(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    payload = dict(controls_clicked(company))
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        payload["response_url"] = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/latest/meta-data"
        dispatched(company, payload)
        until(lambda: dms(company) == ["Added Acme as C-1."])
        assert select.select([elsewhere], [], [], 0)[0] == []


def test_a_form_that_slack_does_not_open_in_time_is_apologised_for(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    company.sandbox.control.fault("error", method="views.open", code="expired_trigger_id")
    company.rep.types("/crm trial")
    company.rep.sees("Slack did not open the form in time. Please try again.")


def test_a_form_shows_why_it_cannot_be_filled(tried: tuple[Company, Trial]) -> None:
    company, trial = tried
    trial.fails.add("fill")
    company.rep.types("/crm trial")
    company.rep.sees("An admin can find it under reference")
    company.rep.closes()
    company.guest.types("/crm trial", channel="CSUPPORT")
    company.guest.sees("This needs the role rep.")


def test_nothing_is_unfurled(tried: tuple[Company, Trial]) -> None:
    company, _trial = tried
    controls(company.rep, "Acme")
    company.rep.clicks("Add it")
    company.rep.sees("Added Acme")
    sent = calls(company, "response_url")[-1]["args"]
    assert (sent["unfurl_links"], sent["unfurl_media"]) == (False, False)


@pytest.fixture(scope="module")
def behind(cluster: Cluster, template: str, registry: Registry, models: Path) -> Iterator[tuple[Company, Wire]]:
    """Run a company whose database is far away."""
    url = cluster.lend(template)
    wire = Wire(url)
    with_trial = Registry([*registry.plugins.values(), Trial().plugin])
    company = start_company_on(wire.url, url, with_trial, models, "socket", {})
    yield company, wire
    wire.flows.set()
    company.close()
    wire.close()


@pytest.mark.parametrize("opener", ["command", "button"])
def test_a_form_opens_at_once_however_slow_the_database_is(behind: tuple[Company, Wire], opener: str) -> None:
    company, wire = behind
    controls(company.rep, "Acme")
    wire.flows.clear()
    if opener == "command":
        company.rep.types("/crm trial")
    else:
        company.rep.clicks("Fill it in")
    company.rep.sees("One moment…")
    wire.flows.set()
    company.rep.sees("Tier")
    company.rep.closes()


def dispatched(company: Company, payload: dict[str, object]) -> None:
    company.bot.bolt.dispatch(BoltRequest(body=payload, mode="socket_mode"))
