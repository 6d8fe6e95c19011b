"""Make, list and revoke the keys of programs, as an admin in Slack."""

from __future__ import annotations

import re

from sandbox.control.client import Person
from storage.workspace import api_keys
from tests.support.cluster import connect
from tests.support.company import Company

SECRET = re.compile(r"rapport_key_[A-Za-z0-9_-]{43}")


def test_a_key_is_made_and_shown_once(company: Company) -> None:
    admin = company.admin
    said = admin.types("/crm api-key add Billing role:rep can:read,customer:add until:2099-12-31").text
    secret = SECRET.findall(said)[0]
    assert "shown only now" in said
    listed = admin.types("/crm api-key").text
    assert "Billing" in listed
    assert f"…{secret[-4:]}" in listed
    assert "acts with the role rep, may read all records, add customers, until" in listed
    assert "never used" in listed
    assert secret not in listed
    with company.database.transaction("*") as session:
        found = api_keys.find(session, secret)
        assert found is not None and found[0] == company.workspace
    with connect(company.admin_url) as connection:
        for table in ("api_key", "change_answer", "activity", "inbox", "change_set"):
            kept = connection.execute(f"SELECT one::text FROM {table} AS one".encode()).fetchall()
            assert not any(secret in row for (row,) in kept), table


def test_a_key_is_shown_to_nobody_else(company: Company) -> None:
    company.admin.types("/crm api-key add Shared share:yes", channel="CGENERAL")
    assert not any(SECRET.search(str(message)) for message in company.rep.messages("CGENERAL"))


def test_a_revoked_key_is_gone_and_its_name_free(admin: Person) -> None:
    admin.types("/crm api-key add Billing")
    assert "There is a key called billing already" in admin.types("/crm api-key add billing").text
    assert "opens nothing any more" in admin.types("/crm api-key revoke BILLING").text
    assert "API keys*: 0" in admin.types("/crm api-key").text
    assert "Here is the key" in admin.types("/crm api-key add Billing").text


def test_an_undo_makes_no_revoked_key_good_again(admin: Person) -> None:
    admin.types("/crm api-key add Billing")
    admin.types("/crm api-key revoke Billing")
    assert "stays revoked" in admin.types("/crm undo").text
    assert "API keys*: 0" in admin.types("/crm api-key").text


def test_a_key_may_act_as_a_person(company: Company) -> None:
    assert "acts as @Rita Rep" in company.admin.types("/crm api-key add Sync as:@rep can:everything").text
    assert "may do everything with all records" in company.admin.types("/crm api-key").text


def test_mistakes_are_named(admin: Person) -> None:
    said = {
        "/crm api-key add X can:fly": "fly is nothing that a key may do",
        "/crm api-key add X can:ship:read": "ship:read is nothing that a key may do",
        "/crm api-key add X can:customer:add": "acts as a person or with a role",
        "/crm api-key add X role:king": "There is no role “king”",
        "/crm api-key add X role:rep as:@rep": "not both",
        "/crm api-key add X as:@guest": "is not on your team",
        "/crm api-key add X until:2001-01-01": "This day has passed",
        "/crm api-key revoke Nothing": "There is no key called Nothing",
    }
    for typed, sentence in said.items():
        assert sentence in admin.types(typed, channel="CGENERAL").text, typed


def test_only_an_admin_makes_keys(rep: Person) -> None:
    for typed in ("/crm api-key", "/crm api-key add X", "/crm api-key revoke X"):
        assert "needs the role admin" in rep.types(typed).text
