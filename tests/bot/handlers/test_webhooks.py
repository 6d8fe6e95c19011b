"""Webhooks as an admin adds them in Slack, and what the other program is told of what people do there."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.control.client import Person
from storage.webhooks.addresses import Allowed
from storage.webhooks.model import Webhook
from tests.support.cluster import connect
from tests.support.company import Company
from tests.support.passing_time import pass_time
from tests.support.receivers import HERE, Receiver, caller
from tests.support.waiting import until

SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{43}=")


@pytest.fixture
def receiver(company: Company) -> Iterator[Receiver]:
    """Listen on this machine, and let the bot send there."""
    one, before = Receiver(), company.bot.webhooks.caller
    company.bot.webhooks.caller, company.bot.runtime.inside = caller(), HERE
    yield one
    company.bot.webhooks.caller, company.bot.runtime.inside = before, Allowed()
    one.close()


def types(receiver: Receiver) -> list[str]:
    return [got.json["type"] for got in receiver.got]


def add(company: Company, receiver: Receiver, rest: str = "name:ERP") -> str:
    """Add a webhook, wait for its test, and return what was said."""
    said = company.admin.types(f"/crm webhook add {receiver.url()} {rest}").text
    until(lambda: types(receiver) == ["webhook.test"], otherwise=lambda: said)
    return said


def test_what_people_do_is_told_and_the_log_says_so(company: Company, receiver: Receiver) -> None:
    said = add(company, receiver, "events:customer.*,deal.won name:ERP")
    (secret,) = SECRET.findall(said)
    assert "*ERP* is told of customer.*, deal.won" in said and "shown only now" in said
    company.admin.types("/crm field add customer Seats type:number")
    rep = company.rep
    rep.types("/customer add Heron Sails tier:gold seats:4")
    rep.types("/customer edit C-1 tier:silver seats:5")
    rep.types("/deal add Sails customer:heron amount:12k")
    rep.types("/deal won D-1")
    until(lambda: types(receiver)[1:] == ["customer.created", "customer.changed", "deal.won"])
    _test, _created, changed, won = (got.json["data"] for got in receiver.got)
    assert changed["record"]["id"] == "C-1"
    assert (changed["record"]["fields"]["tier"], changed["record"]["fields"]["seats"]) == ("silver", 5)
    assert changed["changed"] == ["tier", "seats"]
    assert (changed["by"], changed["workspace"]) == ({"id": "UAREP", "name": "Rita Rep"}, "TA")
    assert won["record"]["fields"]["amount"] == {"amount": "12000.00", "currency": "USD"}
    admin = company.admin
    until(lambda: "4 taken · 0 wait" in admin.types("/crm webhook log ERP").text)
    log = admin.types("/crm webhook log erp").text
    assert "`deal.won` D-1 · taken (204," in log and "`webhook.test`" in log
    with connect(company.admin_url) as connection:
        for table in ("change_answer", "activity", "inbox", "change_set", "outbox"):
            kept = connection.execute(f"SELECT one::text FROM {table} AS one".encode()).fetchall()
            assert not any(secret in row for (row,) in kept), table


def test_it_is_added_changed_paused_and_removed_in_slack_and_each_is_undone(
    company: Company, receiver: Receiver
) -> None:
    admin = company.admin
    assert "None yet" in admin.types("/crm webhooks").text
    admin.clicks("Add a webhook")
    assert "no event" in admin.submits({"Address": receiver.url(), "Events": "deal.won, ship.sunk"}).errors["events"]
    wrong = admin.submits({"Address": "https://10.1.2.3/", "Events": "deal.won"}).errors["url"]
    assert "RAPPORT_WEBHOOK_ALLOW" in wrong
    admin.submits({"Address": receiver.url(), "Events": "deal.won\n*.created"})
    admin.sees("*hooks.example* is told of deal.won, *.created")
    admin.types("/crm webhooks")
    admin.clicks("Edit")
    admin.submits({"Name": "ERP", "Events": "all", "Is told fields that are only for some roles": "yes"})
    listed = admin.types("/crm webhooks").text
    assert "*ERP*" in listed and "`*` · on · 🔒 is told all fields" in listed
    assert "edit" not in listed
    admin.types("/crm undo")
    assert "`deal.won, *.created` · on" in admin.types("/crm webhooks").text
    admin.types("/crm webhook edit hooks.example name:ERP events:customer.*")
    assert "pauses" in admin.types("/crm webhook pause ERP").text
    assert "pauses already" in admin.types("/crm webhook pause ERP").text
    assert "paused" in admin.types("/crm webhooks").text
    admin.types("/crm undo")
    assert "paused" not in admin.types("/crm webhooks").text
    assert "is removed" in admin.types("/crm webhook remove erp").text
    assert "None yet" in admin.types("/crm webhooks").text
    admin.types("/crm undo")
    assert "*ERP*" in admin.types("/crm webhooks").text


def test_one_that_pauses_is_told_once_it_is_resumed(company: Company, receiver: Receiver) -> None:
    add(company, receiver)
    company.admin.types("/crm webhook pause ERP")
    company.rep.types("/customer add Heron Sails")
    assert "1 wait" in company.admin.types("/crm webhook log ERP").text
    assert "what waited is being sent" in company.admin.types("/crm webhook resume ERP").text
    until(lambda: types(receiver) == ["webhook.test", "customer.created"])


def test_what_is_not_taken_is_tried_again_and_sent_again_on_request(
    company: Company, receiver: Receiver, admin: Person
) -> None:
    add(company, receiver)
    receiver.answers = [500]
    company.rep.types("/customer add Heron Sails")
    until(lambda: "tried 1 time: answered 500; again" in admin.types("/crm webhook log ERP").text)
    assert ":warning: takes nothing since" in admin.types("/crm webhooks").text
    pass_time(company.database, company.workspace, 60)
    until(lambda: types(receiver).count("customer.created") == 2)
    until(lambda: "0 wait" in admin.types("/crm webhook log ERP").text)
    first, again = (got for got in receiver.got if got.json["type"] == "customer.created")
    assert first.headers["webhook-id"] == again.headers["webhook-id"]
    admin.clicks("Send again")
    admin.sees("`customer.created` is sent again")
    until(lambda: types(receiver).count("customer.created") == 3)
    assert "Nothing was given up" in admin.types("/crm webhook replay ERP").text


def test_admins_are_told_of_one_that_was_switched_off_and_resume_it(company: Company, receiver: Receiver) -> None:
    add(company, receiver)
    receiver.answers = [410]
    company.rep.types("/customer add Heron Sails")
    company.admin.sees("The webhook *ERP* took nothing any more (answered 410), so it is switched off")
    assert "switched off" in company.admin.types("/crm webhooks").text
    company.admin.clicks("Resume", message="took nothing any more")
    until(lambda: types(receiver).count("customer.created") == 2)


def test_events_are_signed_with_both_secrets_for_a_day(company: Company, receiver: Receiver) -> None:
    first = SECRET.findall(add(company, receiver))
    second = SECRET.findall(company.admin.types("/crm webhook secret ERP").text)
    assert first != second
    company.admin.types("/crm webhook test ERP")
    until(lambda: len(receiver.got) == 2)
    assert len(receiver.got[1].headers["webhook-signature"].split()) == 2
    with company.database.transaction(company.workspace) as session:
        assert session.query(Webhook).one().old_secret == first[0]
    pass_time(company.database, company.workspace, 25 * 3600)
    company.admin.types("/crm webhook test ERP")
    until(lambda: len(receiver.got) == 3)
    assert len(receiver.got[2].headers["webhook-signature"].split()) == 1


def test_nothing_inside_is_reached_and_the_log_says_why(company: Company, admin: Person) -> None:
    """Use the bot as it is, without leave to send to this machine, for an address that was allowed before."""
    inside = Receiver()
    try:
        refused = admin.types(f"/crm webhook add {inside.url(host='127.0.0.1')}").text
        assert "127.0.0.1 is of this machine" in refused and "RAPPORT_WEBHOOK_ALLOW" in refused
        company.bot.runtime.inside = HERE
        admin.types(f"/crm webhook add {inside.url(host='127.0.0.1')} name:Inside")
        company.bot.runtime.inside = Allowed()
        assert "Saved" in admin.types("/crm webhook edit Inside events:deal.won").text
        until(lambda: "RAPPORT_WEBHOOK_ALLOW" in admin.types("/crm webhook log Inside").text)
        assert inside.got == []
    finally:
        company.bot.runtime.inside = Allowed()
        inside.close()


def test_mistakes_are_named_and_only_admins_see_webhooks(admin: Person, rep: Person) -> None:
    said = {
        "/crm webhook add example.com": "example.com is no address",
        "/crm webhook add https://u:p@example.com/": "may hold no name and password",
        "/crm webhook add http://example.com": "only https is sent to",
        "/crm webhook add https://localhost:8443/": "is of this machine",
        "/crm webhook add https://example.com events:ship.sunk": "ship.sunk is no event",
        "/crm webhook log Nothing": "There is no webhook called Nothing",
        "/crm webhook edit Nothing name:X": "There is no webhook called Nothing",
    }
    for typed, sentence in said.items():
        assert sentence in admin.types(typed, channel="CGENERAL").text, typed
    for typed in ("/crm webhooks", "/crm webhook add https://example.com", "/crm webhook log X"):
        assert "needs the role admin" in rep.types(typed).text, typed


def test_a_name_that_no_server_knows_is_said_at_once(
    company: Company, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = socket.getaddrinfo

    def answer(host: Any, *rest: Any, **how: Any) -> Any:
        if host == "erp.exmaple":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return asked(host, *rest, **how)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    said = admin.types("/crm webhook add https://erp.exmaple/in").text
    assert "no host called erp.exmaple" in said and "whsec_" in said
    admin.types("/crm webhooks")
    admin.clicks("Add a webhook")
    admin.submits({"Address": "https://erp.exmaple/out", "Name": "Second"})
    admin.sees("no host called erp.exmaple")
