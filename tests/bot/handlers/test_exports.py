"""Show lists and searches as files that people ask for, in their direct messages."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import delete, select

from storage.records.history import Activity
from storage.transfer import running
from storage.transfer.exports import asked
from storage.transfer.model import ExportFile
from tests.support.company import Company
from tests.support.files_sent import DM, files
from tests.support.tables import Desk


@pytest.fixture
def selling(company: Company) -> Company:
    for typed in (
        "/customer add Heron & Sons domain:heron.example",
        "/deal add =Pilot amount:1200.50 EUR customer:C-1 close:2031-04-03",
        "/deal add Fleet amount:90000 JPY",
    ):
        company.rep.types(typed, channel="CGENERAL")
    return company


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_list_comes_as_a_file_that_changes_nothing_when_it_comes_back(
    selling: Company, form: str, tmp_path: Path
) -> None:
    answer = selling.rep.types(f"/deal list owner:me as:{form}", channel="CGENERAL")
    assert "2 deals are on their way to you" in answer.text
    content = files(selling, selling.rep)[f"deal.{form}"]
    if form == "csv":
        rows = content.decode("utf-8-sig").splitlines()
        assert rows[0].startswith("deal (Rapport TA),Name")
        assert any(",'=Pilot," in row and "1200.50 EUR" in row and "2031-04-03" in row for row in rows)
    desk = Desk(selling.database, "TA", tmp_path)
    run = desk.bring_in(desk.write(content, f"deal.{form}"))
    assert running.as_numbers(run.counts) == {"same": 2}


def test_a_search_and_every_noun_come_as_a_file(selling: Company) -> None:
    rep = selling.rep
    rep.types("/customer find heron as:excel", channel="CGENERAL")
    rep.types("/crm find pilot as:csv", channel="CGENERAL")
    rep.types("/followup add heron when:tomorrow call back", channel="CGENERAL")
    rep.types("/followup list as:csv", channel="CGENERAL")
    rep.types("/crm contact add Jane Doe", channel="CGENERAL")
    rep.types("/crm contact list as:csv", channel="CGENERAL")
    found = files(selling, rep)
    assert sorted(found) == ["contact.csv", "customer.xlsx", "find.csv", "followup.csv"]
    assert found["find.csv"].decode("utf-8-sig").splitlines()[1] == "D-1,'=Pilot,Deal"
    assert "call back" in found["followup.csv"].decode()


def test_what_is_taken_out_is_in_the_history_and_told_to_admins(selling: Company) -> None:
    selling.admin.types("/crm help", channel="CGENERAL")
    selling.rep.types("/deal list amount>1k EUR as:csv", channel="CGENERAL")
    selling.admin.sees("1 row as csv: Deals amount>1k EUR", channel=DM)
    with selling.database.transaction("TA") as session:
        said = session.scalars(select(Activity).where(Activity.action == asked.EXPORTED)).one()
        assert (said.noun, said.change_set.actor_id) == ("deal", "UAREP")
        assert said.after == {"rows": 1, "form": "csv", "filters": "amount>1k EUR"}
    assert "Fleet" in selling.rep.types("/crm undo", channel="CGENERAL").text, "what was taken out cannot be undone"


def test_who_takes_records_out_tells_only_the_other_admins(selling: Company) -> None:
    selling.admin.types("/deal list as:csv", channel="CGENERAL")
    assert files(selling, selling.admin)
    assert not [one for one in selling.admin.messages(DM) if "records out" in str(one.get("text"))]


def test_more_than_fits_is_refused_and_says_what_to_do(selling: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "MOST", 1)
    said = selling.rep.types("/deal list as:csv", channel="CGENERAL").text
    assert "more than fits into one file" in said
    assert "`rapport export`" in said
    assert not files(selling, selling.rep)
    with selling.database.transaction("TA") as session:
        assert not session.scalars(select(ExportFile)).all()


def test_nothing_is_sent_where_nothing_matches(selling: Company) -> None:
    assert "No deals match" in selling.rep.types("/deal list amount>99k USD as:csv", channel="CGENERAL").text
    assert not files(selling, selling.rep)


def test_another_form_is_refused(selling: Company) -> None:
    assert "csv" in selling.rep.types("/deal list as:pdf", channel="CGENERAL").text


def test_a_file_that_is_forgotten_is_not_sent(selling: Company) -> None:
    selling.sandbox.control.fault("reset", method="files.getUploadURLExternal", count=1)
    selling.rep.types("/deal list as:csv", channel="CGENERAL")
    with selling.database.transaction("TA") as session:
        session.execute(delete(ExportFile))
    assert not files(selling, selling.rep)
