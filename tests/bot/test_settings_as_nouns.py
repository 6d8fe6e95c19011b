"""Hold a conversation with the workspace's settings that are nouns: what records have, they have too."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from tests.support.company import Company


@dataclass(frozen=True)
class Setting:
    """Hold what to type about one noun of settings, and what is read of it."""

    key: str
    letters: str
    add: str
    name: str
    edit: str
    was: str
    now: str

    def typed(self, verb: str, rest: str = "") -> str:
        """Return a command about the noun."""
        return f"/crm {self.key} {verb} {rest}".strip()


SETTINGS = (
    Setting("stage", "ST", "Demo probability:30", "Demo", "probability:35", "Probability: 30", "35"),
    Setting(
        "reply",
        "RE",
        'Logs text:"Hello {contact}!"',
        "Logs",
        'text:"Dear {contact}!"',
        "Text: Hello {contact}!",
        "Dear {contact}!",
    ),
    Setting(
        "category",
        "CA",
        '"Before sales" examples:"Do you sell to resellers?\nWe want 500 pieces\nBulk prices please"',
        "Before sales",
        "name:Resellers",
        "Name: Before sales",
        "Resellers",
    ),
    Setting("pipeline", "PL", "Partners", "Partners", "name:Resellers", "Name: Partners", "Resellers"),
)


@pytest.fixture(params=SETTINGS, ids=lambda one: str(one.key))
def told(request: pytest.FixtureRequest) -> Setting:
    """Lend one noun of settings."""
    setting: Setting = request.param
    return setting


def test_a_setting_is_added_shown_changed_and_taken_back(company: Company, told: Setting) -> None:
    admin = company.admin
    added = admin.types(told.typed("add", told.add)).text
    assert added.startswith("Added") and told.name in added
    for typed in (told.typed("show", told.name), f"/crm show {told.name}", f"/crm {told.key} {told.name}"):
        assert told.name in admin.types(typed).text, typed
    assert told.name in admin.types(told.typed("list")).text
    assert told.now in admin.types(told.typed("edit", f'"{told.name}" {told.edit}')).text
    history = admin.types(told.typed("history", told.now if told.edit.startswith("name") else told.name)).text
    assert f"{told.was} → {told.now}" in history.replace("*", "")
    assert told.now in admin.types("/crm undo").text
    assert told.name in admin.types(told.typed("show", told.name)).text
    assert told.name in admin.types("/crm undo").text
    assert f"There is no {told.key}" in admin.types(told.typed("show", told.name)).text


def test_a_setting_is_archived_and_brought_back(company: Company, told: Setting) -> None:
    admin = company.admin
    admin.types(told.typed("add", told.add))
    reference = re.search(told.letters + r"-\d+", admin.types(told.typed("show", told.name)).text)
    assert reference is not None
    assert "is archived" in admin.types(told.typed("archive", told.name)).text
    assert told.name not in admin.types(told.typed("list")).text
    assert "is back" in admin.types(told.typed("restore", reference[0])).text
    assert told.name in admin.types(told.typed("list")).text


def test_only_who_may_set_up_changes_a_setting(company: Company, told: Setting) -> None:
    assert "needs the role" in company.rep.types(told.typed("add", told.add)).text
    company.admin.types(told.typed("add", told.add))
    assert told.name in company.rep.types(told.typed("show", told.name)).text


def test_search_and_followups_pass_settings_by(company: Company, told: Setting) -> None:
    company.admin.types(told.typed("add", told.add))
    assert "Nothing has a name like" in company.rep.types(f"/crm find {told.name}").text
    assert "Nothing is called" in company.rep.types(f"/followup add {told.name} when:tomorrow").text
