"""Everything there is to set up, on the Home of an admin, each at one click."""

from __future__ import annotations

from sandbox.control.client import Person
from tests.support.company import Company


def parts(person: Person) -> list[str]:
    """Return the ids of the buttons that open a part of the set-up."""
    blocks = (person.home or {})["view"]["blocks"]
    found = [str((block.get("accessory") or {}).get("action_id", "")) for block in blocks]
    return [one for one in found if one.startswith("setup.part")]


def test_every_part_of_the_set_up_opens_from_the_home(company: Company, admin: Person) -> None:
    admin.opens_home()
    admin.sees("nowhere yet")
    assert len(parts(admin)) > 15
    for part in dict.fromkeys(parts(admin)):
        opened = admin.clicks(part, view="home")
        assert opened.ok, (part, opened.error)
        company.settles()
        modal = str(admin.modal)
        assert "'type': 'section'" in modal, part
        assert "went wrong" not in modal, part
        assert "One moment" not in modal, part
        admin.closes()


def test_the_home_says_how_quiet_hours_limits_and_plugins_are_set(company: Company, admin: Person, rep: Person) -> None:
    admin.opens_home()
    admin.sees("nobody has any · no channel is limited")
    rep.types("/crm quiet 18:00-09:00 off:sat,sun")
    admin.types("/crm quiet #support 20:00-08:00")
    admin.types("/crm budget #support 20")
    admin.types("/crm settings renewals notice:60")
    admin.opens_home()
    shown = admin.sees("1 person has some · #support 20:00–08:00, 20 messages a day")
    assert "Renewals: Days of notice 60 · " in shown


def test_what_is_asked_inside_a_part_is_answered_there(admin: Person) -> None:
    admin.types("/crm field add customer Plan")
    admin.opens_home()
    admin.sees("1 of your own")
    admin.clicks("setup.part:fields", view="home")
    admin.clicks("Show")
    admin.sees("*Plan*")
    assert "Plan" not in " ".join(admin.texts("@Rapport"))


def test_the_set_up_is_for_admins(rep: Person) -> None:
    rep.opens_home()
    rep.sees("Hello Rita Rep")
    assert "setup.part" not in str(rep.home)


def test_the_command_leads_to_every_part_too(company: Company, admin: Person, rep: Person) -> None:
    admin.types("/crm status add With the vendor kind:waiting")
    admin.types("/crm setup")
    admin.clicks("All settings")
    shown = admin.sees("as it comes")
    assert "With the vendor" in shown and "always" in shown
    admin.clicks("setup.part:fields")
    company.settles()
    assert "went wrong" not in str(admin.modal)
    assert "needs the role admin" in rep.types("/crm setup").text
