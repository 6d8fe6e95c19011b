"""Saved replies as a team keeps them: listed, added, changed and deleted by managers, used by agents."""

from __future__ import annotations

from sandbox.control.client import Person
from storage.support import replies
from tests.support.company import Company


def names(company: Company) -> list[str]:
    with company.database.transaction(company.workspace) as session:
        return [one.name for one in replies.saved(session)]


def test_a_manager_adds_changes_and_deletes_a_reply(company: Company, manager: Person) -> None:
    assert "There are no saved replies yet." in manager.types("/crm replies").text
    manager.clicks("Add a reply")
    manager.submits(Name="Asking for logs", Text="Hello {contact}, could you send us the log?")
    manager.sees("Added the saved reply Asking for logs.")
    listed = manager.types("/crm replies").text
    assert "Saved replies: 1" in listed.replace("*", "")
    assert "Hello {contact}, could you send us the log?" in listed
    manager.clicks("Edit")
    manager.submits(Text="Hi {contact}, the log please. <!channel>")
    manager.sees("Saved the reply Asking for logs.")
    assert "<!channel>" in manager.types("/crm replies").text
    manager.clicks("Edit")
    manager.clicks("Delete")
    manager.sees("The saved reply Asking for logs is deleted.")
    assert names(company) == []


def test_replies_are_kept_by_command(company: Company, manager: Person) -> None:
    assert "Added" in manager.types('/crm replies add "Asking for logs" Hello {contact}!').text
    refused = manager.types('/crm replies add "asking FOR logs" Again').text
    assert "There is already a saved reply called Asking for logs." in refused
    assert "There is no saved reply called nothing." in manager.types("/crm replies remove nothing").text
    assert "Delete the saved reply" in manager.types("/crm replies remove asking for logs").text
    assert names(company) == ["Asking for logs"]
    manager.clicks("Delete")
    manager.sees("is deleted.")
    assert names(company) == []
    assert "Asking for logs" in manager.types("/crm undo").text
    assert names(company) == ["Asking for logs"]


def test_agents_look_and_managers_edit(company: Company, manager: Person) -> None:
    assert "A manager can add them." in company.agent.types("/crm replies").text
    assert "This needs the role manager." in company.agent.types("/crm replies add Hello Hi").text
    manager.types("/crm replies add Hello Hi {contact}")
    listed = company.agent.types("/crm replies").text
    assert "Hi {contact}" in listed
    assert "Edit" not in listed
    assert names(company) == ["Hello"]


def test_what_is_too_long_or_empty_is_said_under_its_field(manager: Person) -> None:
    manager.types("/crm replies")
    manager.clicks("Add a reply")
    assert "visible character" in manager.submits(Name="\u200b", Text="Hello").errors["name"]
    assert "answer is empty" in manager.submits(Name="Hello", Text="\u200b").errors["text"]
    assert "characters" in manager.types(f"/crm replies add Long {'x' * 3001}").text


def test_a_reply_somebody_else_deleted_is_gone(company: Company, manager: Person) -> None:
    manager.types("/crm replies add Hello Hi")
    manager.types("/crm replies")
    company.admin.types("/crm replies remove Hello", channel="CGENERAL")
    company.admin.clicks("Delete")
    company.admin.sees("is deleted.")
    manager.clicks("Edit")
    manager.sees("This saved reply is not there any more.")
