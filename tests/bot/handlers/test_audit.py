"""Who changed the set-up, as admins look it up, and the undo of each thing that an admin can change."""

from __future__ import annotations

import pytest

from sandbox.control.client import Person
from tests.support.company import Company

PLAN = "/crm field add customer Plan"
CONTRACT = "/crm noun add Contract"
OF_PLAN = "the field *Plan* of customers:"
CHANGES: list[tuple[tuple[str, ...], str, str]] = [
    (
        (),
        "/crm role @rep rep manager manager:@manager",
        "@Rita Rep: Reports to: @Mara Manager → –, Roles: ",
    ),
    ((), "/crm setup currency:CHF zone:Europe/Zurich", "Currency: CHF → "),
    ((), "/crm triage #support", "the workspace's settings: Alerts go to: #support → –"),
    ((), "/crm ratings on", "the setting *"),
    ((), "/crm rights deal owner", "rights deal"),
    ((), PLAN, f"{OF_PLAN} removed"),
    ((PLAN,), "/crm field edit customer plan name:Tariff", "the field *Tariff* of customers: Name: Tariff → Plan"),
    ((PLAN,), "/crm field edit customer plan seen:manager", f"{OF_PLAN} Only for: manager → –"),
    ((f"{PLAN} choices:A,B",), "/crm field choice customer plan rename:A to:C", f"{OF_PLAN} Choices: C, B → A, B"),
    ((PLAN,), "/crm field retire customer plan", f"{OF_PLAN} Retired:"),
    ((PLAN,), "/crm field type customer plan type:number", f"{OF_PLAN} removed"),
    ((), CONTRACT, "the kind of record *Contract*: removed"),
    ((CONTRACT,), "/crm noun edit contract name:Treaty", "the kind of record *Treaty*: Name: Treaty → Contract"),
    ((CONTRACT,), "/crm noun retire contract", "the kind of record *Contract*: Retired:"),
    ((), "/crm hours mon-fri 09:00-17:00", "the business hours: removed"),
    ((), "/crm holiday add 2031-05-01 May Day", "the holiday *May Day*: removed"),
    ((), "/crm sla set priority:urgent answer:1h", "the promise for urgent tickets: removed"),
    ((), "/crm route add category:billing channel:#support", "the route billing: removed"),
    ((), "/crm inbox #general", "the inbox #general: removed"),
    (("/customer add Acme",), "/customer link acme channel:#general", "the link of #general to *C-1*: removed"),
    ((), "/crm quiet #general 18:00-09:00", "limits of #general: Quiet from: 6:00 PM → –"),
    ((), "/crm budget #general 5", "limits of #general: Daily budget: 5 → –"),
    (("/crm inbox #general",), "/crm grouping #general by:message", "the inbox #general: Grouping: message →"),
]


@pytest.mark.parametrize(("before", "command", "back"), CHANGES, ids=[command for _b, command, _w in CHANGES])
def test_what_an_admin_changes_is_listed_and_undone_in_words(
    company: Company, admin: Person, before: tuple[str, ...], command: str, back: str
) -> None:
    for line in before:
        admin.types(line, channel="CGENERAL")
    listed = admin.types("/crm audit").text
    changed = admin.types(command, channel="CGENERAL").text
    assert "Usage:" not in changed, changed
    assert admin.types("/crm audit").text != listed, changed
    undone = admin.types("/crm undo").text
    assert back in undone, undone
    assert "@example" not in undone
    assert "{" not in undone
    assert "took back a change" in admin.types("/crm audit").text


def test_the_audit_is_filtered_paged_and_taken_out(company: Company, admin: Person, manager: Person) -> None:
    for number in range(17):
        admin.types(f"/crm field add customer Field {number}")
    manager.types("/crm holiday add 2031-05-01 May Day")
    first = admin.types("/crm audit").text
    assert "*@Mara Manager* added the holiday *May Day*" in first
    assert "Field 16" in first and "Field 1*" not in first
    admin.clicks("Earlier")
    admin.sees("added the field *Field 1* of customers")
    assert "Field" not in admin.types("/crm audit by:@manager").text
    # What people wish for themselves is theirs alone.
    manager.types("/crm quiet 18:00-09:00")
    manager.types("/crm budget #general 5")
    quiet = admin.types("/crm audit what:quiet").text
    assert "changed the quiet hours and limits of #general" in quiet and "limits of @Mara" not in quiet
    roles = admin.types("/crm audit what:roles").text
    assert "changed @Mara Manager" in roles and "Field" not in roles
    admin.types("/crm sla set priority:urgent answer:1h")
    assert "added the promise for urgent tickets" in admin.types("/crm audit what:promises").text
    assert "None." in admin.types("/crm audit what:model").text
    assert "None." in admin.types("/crm audit what:hours since:2030-01-01").text
    assert "There are categories, channels" in admin.types("/crm audit what:weather").text
    assert "are on their way to you" in admin.types("/crm audit what:fields as:csv").text
    admin.types("/customer add Acme")
    admin.types("/customer list as:csv")
    assert "took out 1 of customer as csv" in admin.types("/crm audit what:exports").text
    assert "This needs the role admin" in manager.types("/crm audit").text


def test_a_key_is_listed_and_its_end_is_final(admin: Person) -> None:
    admin.types("/crm api-key add Robot role:rep")
    assert "added the key *Robot*" in admin.types("/crm audit what:keys").text
    assert "The key Robot was shown, so its making cannot be undone" in admin.types("/crm undo").text
    admin.types("/crm api-key revoke Robot")
    assert "The key Robot stays revoked" in admin.types("/crm undo").text
    assert "Robot" not in admin.types("/crm api-key").text
    assert "changed the key *Robot*" in admin.types("/crm audit what:keys").text
