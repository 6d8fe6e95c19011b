"""A program and people work on the same records: the API and Slack are two doors to one CRM."""

from __future__ import annotations

import re

from tests.support.company import Company
from tests.support.programs import Program
from tests.support.waiting import until

SECRET = re.compile(r"rapport_key_[A-Za-z0-9_-]{43}")


def program_of(company: Company, typed: str) -> Program:
    said = company.admin.types(f"/crm api-key add {typed}").text
    return Program(company.bot.port, SECRET.findall(said)[0])


def plain(text: str) -> str:
    return text.replace("*", "")


def test_what_a_program_does_is_seen_and_undone_in_slack(company: Company) -> None:
    billing = program_of(company, "Billing sync role:rep can:everything")
    made = billing.adds("customer", name="Heron Sails", tier="gold")
    rep = company.rep
    assert "Heron Sails" in rep.types("/customer show heron").text
    billing.changes(f"records/customer/{made['id']}", {"tier": "silver"})
    billing.posts(f"records/customer/{made['id']}/notes", {"text": "Paid twice"})
    assert "Billing sync" in rep.types(f"/customer show {made['id']}").text
    told = plain(rep.types(f"/crm history {made['id']}").text)
    assert "Billing sync added a note" in told
    assert "key:" not in told
    assert "nothing of yours" in rep.types("/crm undo").text
    assert "removed" in rep.types("/crm undo Billing sync").text
    assert "Tier" in rep.types("/crm undo billing SYNC").text
    assert billing.gets(f"records/customer/{made['id']}").json["fields"]["tier"] == "gold"
    assert "There is no key called Nobody" in rep.types("/crm undo Nobody").text


def test_what_an_agent_changes_is_marked_and_undone_at_one_click(company: Company) -> None:
    assistant = program_of(company, "Assistant role:rep can:everything")
    rep = company.rep
    rep.types("/customer add Heron Sails tier:gold")
    asks(
        assistant, "update", noun="customer", reference="C-1", version=1, fields={"tier": "lead", "domain": "h.example"}
    )
    asks(assistant, "note", noun="customer", reference="C-1", text="Seems unhappy")
    told = plain(rep.types("/crm history C-1").text)
    assert "Assistant 🤖 _an agent_ changed it" in told and "Tier: gold → lead" in told
    assert "Rita Rep 🤖" not in told
    company.gives("manager", "viewer")
    company.manager.types("/crm history C-1")
    company.manager.clicks("Undo")
    company.manager.sees("needs the role rep")
    rep.clicks("Undo")  # the newest, which is the note
    rep.sees("note on C-1: removed")
    rep.types("/crm history C-1")
    rep.clicks("Undo")
    rep.sees("Tier: lead → gold")
    shown = assistant.gets("records/customer/C-1").json["fields"]
    assert (shown["tier"], shown["domain"]) == ("gold", None)
    assert "Undo" not in str(rep.types("/crm history C-1").raw)
    assert {one["source"] for one in assistant.gets("records/customer/C-1/history").json["history"]} >= {
        "api.agent update customer"
    }


def asks(program: Program, tool: str, **given: object) -> None:
    """Have an agent call a tool, as the protocol has it."""
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": given}}
    reply = program.sends("POST", "/mcp", asked, accept="application/json, text/event-stream")
    assert reply.status == 200 and not reply.json["result"].get("isError"), reply.text


def test_undoing_a_program_takes_the_role_of_its_change(company: Company) -> None:
    billing = program_of(company, "Billing role:rep can:everything")
    billing.adds("customer", name="Heron Sails")
    company.gives("manager", "viewer")
    assert "needs the role rep" in company.manager.types("/crm undo Billing").text
    company.admin.types("/crm api-key revoke Billing")
    assert "removed" in company.rep.types("/crm undo Billing").text


def test_a_form_and_a_program_never_overwrite_each_other(company: Company) -> None:
    billing = program_of(company, "Billing as:@rep can:everything")
    made = billing.adds("customer", name="Heron Sails")
    rep = company.rep
    rep.types(f"/customer show {made['id']}")
    rep.clicks("Edit")
    until(lambda: "Tier" in str(rep.modal))
    assert billing.changes(f"records/customer/{made['id']}", {"tier": "gold"}, made["version"]).status == 200
    rep.submits({"Tier": "silver"})
    rep.sees("*Tier*: Billing wrote gold")
    rep.closes()
    rep.types(f"/customer edit {made['id']} tier:bronze")
    assert billing.changes(f"records/customer/{made['id']}", {"tier": "lead"}, 2).kind == "changed"
    assert billing.gets(f"records/customer/{made['id']}").json["fields"]["tier"] == "bronze"
