"""Show and change the settings of plugins, by command and in the form, and take it back."""

from __future__ import annotations

from bot.plugins.renewals import NOTICE
from sandbox.control.client import Person
from tests.support.company import Company


def days(company: Company) -> int:
    with company.database.transaction(company.workspace) as session:
        return int(NOTICE.of(session))


def test_a_setting_is_shown_changed_used_and_taken_back(company: Company, admin: Person) -> None:
    shown = admin.types("/crm settings").text.replace("*", "")
    assert "Renewals" in shown and "Days of notice: 30" in shown
    assert "Change: `/crm settings deals ask_reasons:lost`" in shown
    assert "Days of notice: 60" in admin.types("/crm settings renewals notice:60").text.replace("*", "")
    assert days(company) == 60
    said = admin.types("/crm undo").text
    assert days(company) == 30, said
    assert "Days of notice: 30" in admin.types("/crm settings renewals").text.replace("*", "")


def test_the_form_changes_it_too_and_default_goes_back(company: Company, admin: Person) -> None:
    admin.types("/crm settings renewals")
    admin.clicks("Change")
    admin.submits({"Days of notice": "45"})
    admin.sees("Saved.")
    assert days(company) == 45
    assert "`notice:default` goes back" in admin.types("/crm settings renewals").text
    admin.types("/crm settings renewals notice:default")
    assert days(company) == 30
    admin.types("/crm settings renewals notice:60")
    assert "goes back" not in admin.types("/crm settings renewals notice:30").text, "it is nobody's choice again"


def test_mistakes_are_named(company: Company, admin: Person) -> None:
    for typed in ("0", "366"):
        assert "A number from 1 to 365, please." in admin.types(f"/crm settings renewals notice:{typed}").text
    assert "is not a number" in admin.types("/crm settings renewals notice:soon").text
    assert (
        "No plugin called nosuch has settings. There are deals, renewals." in admin.types("/crm settings nosuch").text
    )
    assert "Its settings are notice:." in admin.types("/crm settings renewals often").text
    assert "needs the role admin" in company.rep.types("/crm settings").text
    assert days(company) == 30
