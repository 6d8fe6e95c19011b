"""Set-ups to begin with: offered, previewed, added, used at once and taken back."""

from __future__ import annotations

from sandbox.control.client import Person


def test_a_template_is_looked_at_added_used_and_taken_back(admin: Person, rep: Person) -> None:
    admin.types("/crm setup")
    admin.clicks("Begin with a template")
    admin.sees("Selling software")
    assert "+ Contracts (K-1)" in (said := admin.types("/crm templates software").text) and "+ Renewals" in said
    assert "I don't know" in rep.types("/crm contract add Frame").text
    admin.clicks("Add all of it")
    admin.sees("*Added*")
    assert "K-1" in rep.types("/crm contract add Frame").text
    assert "Due" in rep.types("/deal add Acme pipeline:renewals competitor:globex").text
    assert "is there already" in admin.types("/crm templates software").text
    refused = admin.types("/crm undo").text
    assert "cannot be removed" in refused, "what records use by now stays"
    assert "There are adviser, agency, shop, software." in admin.types("/crm templates nothing").text
    assert "admin" in rep.types("/crm templates").text


def test_a_template_nobody_used_yet_goes_at_one_click(admin: Person, rep: Person) -> None:
    admin.types("/crm templates agency")
    admin.clicks("Add all of it")
    admin.sees("*Added*")
    assert "Taken back" in admin.types("/crm undo").text
    assert "I don't know" in rep.types("/crm project add Site").text
    assert "New work" not in rep.types("/crm pipelines").text
