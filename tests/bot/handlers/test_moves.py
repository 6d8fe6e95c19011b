"""A setting goes out of use with its records: previewed, confirmed, followed by one message, and taken back."""

from __future__ import annotations

from sandbox.control.client import Person
from tests.support.company import Company

DM = "@Rapport"


def test_a_status_goes_out_of_use_with_its_tickets_and_comes_back(
    company: Company, admin: Person, agent: Person
) -> None:
    admin.types("/crm status add Looking kind:open")
    for name in ("a", "b", "c"):
        agent.types(f"/ticket add {name} status:looking")
    preview = admin.types("/crm status retire looking to:open").text
    assert "*Looking* goes out of use. 3 tickets have it." in preview
    assert "They can only become new" not in preview
    admin.clicks("They become open")
    company.settles()
    admin.sees("*Looking* → *open*: moved", channel=DM)
    assert "Looking" not in agent.types("/ticket show T-2").text
    assert "Status: Looking → open" in agent.types("/crm history T-2").text
    assert "There is no" in admin.types("/crm status retire looking").text
    admin.clicks("Undo", channel=DM)
    company.settles()
    assert "Looking" in agent.types("/ticket show T-2").text
    admin.sees("taken back", channel=DM)
    assert len([text for text in admin.texts(DM) if "Looking" in text]) == 1, "one message that updates itself"
