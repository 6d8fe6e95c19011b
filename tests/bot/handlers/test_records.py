"""What is derived of every noun, tried with what no button sends and nobody types twice."""

from __future__ import annotations

import pytest

from bot.plugin import Plugin, Role
from bot.registry import PluginError, Registry
from storage.crm.contacts import CONTACT
from storage.records.declaration import Declaration
from tests.support.company import Company


def test_a_command_that_is_declared_by_hand_is_not_derived(registry: Registry) -> None:
    plugin = Plugin("people", contract=2, title="People")

    @plugin.command("contact show", usage="<contact>", role=Role.VIEWER)
    def show() -> None:
        """Show somebody in a way of our own."""

    plugins = [one for name, one in registry.plugins.items() if name != "contacts"]
    plugin.noun(CONTACT)
    own = Registry([*plugins, plugin])
    assert own.commands["contact show"].handler is show
    assert own.commands["contact find"].noun is CONTACT
    assert "contact find" in {command.words for command in own.commands_of(plugin)}


def test_one_noun_is_declared_by_one_plugin(registry: Registry) -> None:
    plugin = Plugin("people", contract=2, title="People")
    plugin.noun(CONTACT)
    with pytest.raises(PluginError, match="declares the noun 'contact', which 'contacts' has"):
        Registry([*registry.plugins.values(), plugin])


def test_a_noun_begins_with_its_name_and_no_two_fields_have_one_key() -> None:
    for fields in (CONTACT.fields[1:], (*CONTACT.fields, CONTACT.fields[1]), ()):
        with pytest.raises(ValueError, match="the fields of a contact need keys of their own"):
            Declaration(model=CONTACT.model, label="X", plural="X", change=Role.REP, fields=fields)


@pytest.mark.parametrize(
    ("action", "value"),
    [
        ("records.add_anyway", ":0:nonsense"),
        ("records.add_anyway", ":0:999999"),
        ("records.add_anyway", ':0:["contact", {"name": 7, "salary": 1}]'),
        ("records.add_anyway", ':0:["ghost", {}]'),
        ("records.add_anyway", ':0:["contact", []]'),
        ("records.more", "P-1:1:explode"),
        ("records.more", "X-1:1:archive"),
        ("records.page", ":0:ghost [0]"),
        ("records.page", ":0:contact nonsense"),
        ("records.show", "F-1:1:"),
        ("records.show", "P-99:1:"),
    ],
)
def test_a_forged_button_is_refused_with_a_sentence_and_changes_nothing(
    company: Company, action: str, value: str
) -> None:
    added = company.rep.types("/crm contact add Jane Doe")
    reply = company.rep.forges(action, value, added.ts)
    company.settles()
    said = f"{reply.text} {company.rep.texts()}"
    assert any(part in said for part in ("no longer works", "older version", "There is no", "no field", "too long ago"))
    assert "Jane Doe" in company.rep.types("/crm contact list").text
    assert "There is no P-2" in company.rep.types("/crm contact show P-2").text


def test_what_looks_like_a_field_within_a_name_is_said(company: Company) -> None:
    rep = company.rep
    said = rep.types("/deal add Harbor pilot 20k").text
    assert "“20k” is part of the name. For a value, press Edit, or write `amount:20k` the next time." in said
    assert "is part of the name" not in rep.types("/deal add Harbor 2 20k amount:20k").text
    said = rep.types("/customer add Globex colour:red").text
    assert "“colour:red” is part of the name: there is no field “colour”." in said
    assert "is part of the name" not in rep.types("/customer add Acme: https://acme.example 14:30").text
    assert "I do not understand colour:red here." in rep.types("/customer edit C-1 colour:red").text


def test_a_press_counts_once(company: Company) -> None:
    company.rep.types("/crm contact add Jane Doe")
    company.rep.types("/crm contact add Jane Doe")
    company.rep.clicks("Add anyway")
    company.rep.sees("P-2")
    assert "There is no P-3" in company.rep.types("/crm contact show P-3").text


def test_who_may_not_change_contacts_any_more_cannot_undo_a_change_either(company: Company) -> None:
    company.rep.types("/crm contact add Jane Doe")
    company.gives("agent", "agent, rep")
    company.agent.types("/crm contact show P-1")
    company.agent.clicks("Edit")
    company.agent.submits(Role="CFO")
    company.agent.sees("Saved.")
    company.gives("agent", "viewer")
    assert "needs the role rep" in company.agent.types("/crm undo").text
    assert "CFO" in company.rep.types("/crm contact show P-1").text


def test_other_organisations_and_guests_see_no_contact(company: Company) -> None:
    company.rep.types("/crm contact add Jane Doe")
    for stranger in (company.guest, company.customer):
        assert "Jane" not in stranger.types("/crm contact list").text
        assert "Jane" not in stranger.types("/crm contact show P-1").text
