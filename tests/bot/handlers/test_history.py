"""Who changed what, in words, and taking back one's own last change."""

from __future__ import annotations

from sandbox.control.client import Person
from tests.support.company import Company


def plain(text: str) -> str:
    return text.replace("*", "").replace("_", "")


def test_a_deals_history_reads_like_a_story(company: Company) -> None:
    company.rep.types("/customer add Acme Corp")
    company.rep.types("/deal add Acme renewal amount:12k customer:acme close:2030-05-03")
    company.agent.types("/deal move D-1 proposal")
    company.rep.clicks("Edit")
    company.rep.closes()
    company.rep.types("/deal show D-1")
    company.rep.clicks("Edit")
    company.rep.submits(Amount="€15,000.50", Owner="UAAGENT")
    company.rep.sees("Saved.")
    company.rep.types("/deal note D-1 they want it before Christmas")
    company.rep.types("/deal won D-1")
    said = plain(company.rep.types("/crm history D-1").text)
    assert "History of D-1, the newest first" in said
    assert "@Rita Rep added it" in said
    assert "Amount: $12,000" in said
    assert "Customer: Acme Corp" in said
    assert "@Anton Agent changed it" in said
    assert "Stage: Lead → Proposal" in said
    assert "Amount: $12,000 → €15,000.50" in said
    assert "Owner: @Rita Rep → @Anton Agent" in said
    assert "@Rita Rep added a note" in said
    assert "Text: they want it before Christmas" in said
    assert "Status: open → won" in said
    assert "just now" in said
    assert not any(word in said for word in ("minor", "name key", "version", "stage id", "currency"))


def test_a_record_is_found_by_its_name_too(rep: Person) -> None:
    rep.types("/customer add Acme Corp")
    assert "History of C-1" in plain(rep.types("/crm history acme").text)
    assert "Nothing is called nobody" in rep.types("/crm history nobody").text
    assert "D-9 has no history" in rep.types("/crm history D-9").text


def test_a_followups_history_shows_its_times(rep: Person) -> None:
    rep.types("/deal add Acme renewal")
    rep.types('/followup add D-1 when:"in 3 days" call back')
    rep.clicks("Done")
    rep.sees("done")
    said = plain(rep.types("/crm history F-1").text)
    assert "Status: open → done" in said
    assert "Text: call back" in said
    assert "About: Acme renewal" in said


def test_a_channel_that_was_linked_is_in_its_customers_history(rep: Person) -> None:
    rep.types("/customer add Globex")
    rep.types("/customer link globex channel:#ext-globex")
    assert "@Rita Rep added #ext-globex" in plain(rep.types("/crm history C-1").text)


def test_undo_names_what_it_took_back(rep: Person) -> None:
    rep.types("/deal add Acme renewal amount:5k")
    rep.types("/deal move D-1 proposal")
    said = plain(rep.types("/crm undo").text)
    assert "Taken back, from just now:" in said
    assert "D-1 Acme renewal: Stage: Proposal → Lead" in said
    assert "Lead (10%)" in rep.types("/deal show D-1").text
    history = plain(rep.types("/crm history D-1").text)
    assert "took a change of it back" in history
    assert "D-1 Acme renewal: removed" in plain(rep.types("/crm undo").text)
    assert "There is no D-1" in rep.types("/deal show D-1").text
    assert "took it back" in plain(rep.types("/crm history D-1").text)
    assert "There is nothing of yours" in rep.types("/crm undo").text


def test_undoing_a_merge_of_tickets_tells_of_the_status_once(agent: Person) -> None:
    agent.types("/ticket add Login fails")
    agent.types("/ticket add Sign-in fails status:resolved")
    agent.types("/ticket merge T-2 into T-1")
    assert plain(agent.types("/crm undo").text).count("closed → resolved") == 1


def test_undo_brings_back_what_was_deleted(company: Company, manager: Person) -> None:
    manager.types("/digest new")
    manager.submits(Name="Weekly numbers")
    manager.sees("It comes for the first time")
    manager.types("/digest list")
    manager.clicks("Delete")
    manager.sees("is deleted")
    assert "G-1 Weekly numbers: brought back" in plain(manager.types("/crm undo").text)
    assert "Weekly numbers" in manager.types("/digest list").text


def test_what_somebody_else_changed_since_is_not_undone(company: Company) -> None:
    company.rep.types("/deal add Acme renewal")
    company.rep.types("/deal move D-1 proposal")
    company.agent.types("/deal move D-1 negotiation")
    said = company.rep.types("/crm undo").text
    assert "was changed by Anton Agent since, so it cannot be undone" in said
    assert "Negotiation" in company.rep.types("/deal show D-1").text


def test_undo_is_ones_own(company: Company) -> None:
    company.rep.types("/deal add Acme renewal")
    assert "There is nothing of yours from the last 24 hours to undo." in company.agent.types("/crm undo").text


def test_undoing_a_note_names_its_record(rep: Person) -> None:
    rep.types("/customer add Acme Corp")
    rep.types("/customer note acme asked for a quote")
    assert "note on C-1: removed" in plain(rep.types("/crm undo").text)
    assert "asked for a quote" not in rep.types("/customer show acme").text


def test_undoing_a_role_says_whose(admin: Person) -> None:
    admin.types("/crm role @manager manager")
    assert "Roles:" in plain(admin.types("/crm undo").text)


def test_a_long_history_is_cut_and_says_so(rep: Person) -> None:
    rep.types("/deal add Acme renewal")
    for number in range(11):
        rep.types(f"/deal move D-1 {'proposal' if number % 2 else 'qualified'}")
        rep.types(f"/deal note D-1 note {number}")
    said = rep.types("/crm history D-1").text
    assert "Older changes are stored too" in said
    assert "note 10" in said
    assert "note 0\n" not in said
