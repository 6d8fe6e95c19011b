"""Show that whatever an admin or a manager sets can be taken back, and that the undo says so in words for people.

Every command that takes one of these roles is in a table below, or is named with why there is nothing to take back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import select

from bot.registry import Registry
from bot.requests.answer import dump
from bot.requests.request import RequestKind
from storage.database.engine import Database
from storage.records import history
from storage.records.history import Activity, audit
from storage.support import channels
from storage.workspace import members
from storage.workspace.members import Role
from tests.support.office import HERE, Office, Somewhere, Use

ADMIN = "UADMIN"
PLAN = '/crm field add customer Plan choices:"A, B"'
CONTRACT = "/crm noun add Contract"
VENDOR = "/crm status add With the vendor kind:waiting"
PRICE = "/crm reason add Price kind:lost"
GOLD = "/crm tier add Gold"
CATEGORY = '/crm category add Sizes examples:"Does it fit?\nWhich size is it?\nIt is too small"'
REPLY = '/crm reply add Hello text:"Good morning"'
PIPELINE = "/crm pipeline add Renewals"
STAGE = "/crm stage add Trial"
HOOK = "/crm webhook add https://example.com/in events:deal.won name:ERP"
PLACE = f"<#{HERE}|here>"

SET: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("/crm role <@UREP> rep manager", "Roles", ()),
    ("/crm setup currency:CHF", "Currency", ()),
    (f"/crm triage {PLACE}", "Alerts go to", ()),
    ("/crm ratings on", "the setting", ()),
    ("/crm rights deal owner", "rights deal", ()),
    ("/crm settings renewals notice:60", "the setting", ()),
    ("/crm layout customer card:tier", "the layout *", ()),
    (PLAN, "the field *Plan* of customers: removed", ()),
    ("/crm field edit customer plan name:Tariff", "Tariff → Plan", (PLAN,)),
    ("/crm field choice customer plan rename:A to:C", "Choices: C, B → A, B", ()),
    ("/crm field retire customer plan", "Retired", ()),
    ("/crm field restore customer plan", "Retired", ("/crm field retire customer plan",)),
    ("/crm field type customer plan type:text", "the field *Plan* of customers", ()),
    (CONTRACT, "the kind of record *Contract*: removed", ()),
    ("/crm noun edit contract name:Treaty", "Treaty → Contract", (CONTRACT,)),
    ("/crm noun retire contract", "Retired", ()),
    ("/crm noun restore contract", "Retired", ("/crm noun retire contract",)),
    (VENDOR, "the choice *With the vendor* (Status): removed", ()),
    ("/crm status edit with the vendor name:Elsewhere", "Elsewhere → With the vendor", (VENDOR,)),
    ("/crm status retire with the vendor", "With the vendor", ()),
    ("/crm status restore with the vendor", "With the vendor", ("/crm status retire with the vendor",)),
    ("/crm priority edit urgent name:P1", "the name *P1* for urgent (Priority): removed", ()),
    (PRICE, "Price", ()),
    ("/crm reason edit price name:Budget", "Budget → Price", (PRICE,)),
    ("/crm reason retire price", "Price", ()),
    ("/crm reason restore price", "Price", ("/crm reason retire price",)),
    (GOLD, "Gold", ()),
    ("/crm tier edit gold name:Premier", "Premier → Gold", (GOLD,)),
    ("/crm tier retire gold", "Gold", ()),
    ("/crm tier restore gold", "Gold", ("/crm tier retire gold",)),
    (PIPELINE, "Renewals", ()),
    ("/crm pipeline edit renewals name:Upsell", "Upsell → Renewals", (PIPELINE,)),
    ("/crm pipeline archive renewals", "Renewals", ()),
    ("/crm pipeline restore renewals", "Renewals", ("/crm pipeline archive renewals",)),
    ("/crm pipeline note renewals Ask first", "note", ()),
    (STAGE, "Trial", ()),
    ("/crm stage edit trial probability:35", "Probability", (STAGE,)),
    ("/crm stage archive trial", "ST-", ()),
    ("/crm stage note ST-1 Ask first", "note", ()),
    (CATEGORY, "Sizes", ()),
    ("/crm category edit sizes name:Fit", "Fit → Sizes", (CATEGORY,)),
    ("/crm category archive sizes", "the category *Sizes*", ()),
    ("/crm category note sizes Ask first", "note", ()),
    ("/crm categories rename billing to:Bills", "Bills", ()),
    (REPLY, "Hello", ()),
    ("/crm reply edit hello name:Morning", "Morning → Hello", (REPLY,)),
    ("/crm reply archive hello", "RE-", ()),
    ("/crm reply note hello Ask first", "note", ()),
    ("/crm replies add bye Good evening", "bye", ()),
    ("/crm replies remove bye", "bye", ("/crm replies add bye Good evening",)),
    ("/crm hours mon-fri 09:00-17:00", "the business hours", ()),
    ("/crm holiday add 2031-05-01 May Day", "the holiday *May Day*: removed", ()),
    ("/crm holiday remove 2031-05-01", "May Day", ("/crm holiday add 2031-05-01 May Day",)),
    ("/crm sla set priority:urgent answer:1h", "the promise for urgent tickets", ()),
    ("/crm sla remove priority:urgent", "the promise for urgent tickets", ("/crm sla set priority:urgent answer:1h",)),
    ("/crm route add category:billing to:<@UREP>", "the route billing: removed", ()),
    ("/crm route remove 1", "the route billing: brought back", ("/crm route add category:billing to:<@UREP>",)),
    (f"/crm inbox {PLACE}", "the inbox", ()),
    (f"/crm grouping {PLACE} by:message", "Grouping", (f"/crm inbox {PLACE}",)),
    (f"/crm unlink {PLACE}", "the inbox", ()),
    (f"/crm budget {PLACE} 20", f"the quiet hours and limits of <#{HERE}>: ", ()),
    (HOOK, "the webhook *ERP*: removed", ()),
    ("/crm webhook edit ERP name:Books", "Books → ERP", (HOOK,)),
    ("/crm webhook pause ERP", "ERP", ()),
    ("/crm webhook resume ERP", "ERP", ("/crm webhook pause ERP",)),
)
"""What is typed, what the undo says, and what is typed before."""

NOTHING = {
    "": "audit api-key doctor plugins webhook webhooks templates categories category digest model undelivered",
    "only shows": "digest list|digest now|webhook log",
    "opens a form": "digest new|categories add",
    "sends something": "webhook test|webhook replay",
    "makes one end for good, or never end": "api-key add|api-key revoke|webhook remove|webhook secret",
    "needs a twin, as any merge of records": "pipeline merge|stage merge|category merge|reply merge|categories merge",
    "brings one back, as any record": "stage restore|category restore|reply restore",
}
"""Which commands there is nothing to take back of here, by why."""
UNLISTED = {"note"}
"""What is no matter of the set-up: what is noted on it."""
OF_PROGRAMS = re.compile(r"[{}]|\bNone\b|\bnull\b|\b[a-z]+_[a-z_]+\b|~\d|&#|\[\]|UADMIN\.|\d{4}-\d\d-\d\dT")
"""What nobody should read."""


class Ours(Somewhere):
    """Answer as Slack does of channels that nobody else reads."""

    def channel(self, channel_id: str) -> Mapping[str, Any]:
        """Return a channel that is not shared."""
        return {**super().channel(channel_id), "is_ext_shared": False}

    join = channel


@pytest.fixture
def office(database: Database, registry: Registry, workspace: str) -> Office:
    """Return what handles the requests of a workspace with an admin and a rep."""
    with database.transaction(workspace) as session:
        channels.seen(session, HERE, name="here")
        for name, *roles in ((ADMIN, "admin"), ("UREP", "rep", "agent")):
            person = members.ensure(session, name, {"id": name, "name": name.lower(), "tz": "Europe/Berlin"})
            members.set_roles(session, person, list(map(Role, roles)))
    return Office(database, registry, Ours())


def texts(told: Any) -> Iterator[str]:
    """Yield what people read of an answer."""
    if isinstance(told, dict):
        if isinstance(told.get("text"), str):
            yield told["text"]
        told = list(told.values())
    if isinstance(told, list):
        for one in told:
            yield from texts(one)


def types(office: Office, workspace: str, line: str) -> str:
    slash, _space, rest = line.partition(" ")
    use = Use("command", line, "admin", RequestKind.COMMAND, {"command": slash, "text": rest, "channel_id": HERE})
    return "\n".join(texts(dump(office.does(use, workspace, ADMIN))))


def test_each_setting_is_taken_back_in_words(office: Office, workspace: str) -> None:
    wrong = []
    for line, words, before in SET:
        for one in before:
            types(office, workspace, one)
        did = types(office, workspace, line)
        undone = types(office, workspace, "/crm undo")
        if "Taken back" not in undone or words not in undone or OF_PROGRAMS.search(undone):
            wrong.append((line, did[:300], undone[:600]))
    assert not wrong, json.dumps(wrong, indent=1, ensure_ascii=False)
    with office.database.transaction(workspace) as session:
        changed = set(session.scalars(select(Activity.entity).where(Activity.action.in_(history.CHANGES)).distinct()))
        listed = {one.entity for one in audit.listed(session, limit=1_000)}
    assert changed - listed == UNLISTED, "all that sets a workspace up is in the audit"


def test_every_command_that_sets_something_is_in_the_table(registry: Registry) -> None:
    known = {word for words in NOTHING.values() for word in (words.split("|") if "|" in words else words.split())}
    typed = sorted((line.removeprefix("/crm ") for line, _words, _before in SET), key=len)
    for command in registry.commands.values():
        if command.role in {Role.ADMIN, Role.MANAGER} and command.words not in known:
            assert any(f"{line} ".startswith(f"{command.words} ") for line in typed), command.words
