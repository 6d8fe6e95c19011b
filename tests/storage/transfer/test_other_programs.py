"""Show that what fifteen more programs export comes in as somebody new would bring it in: drop it, look, confirm."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import update

from storage.transfer import running
from storage.workspace.members import Member
from tests.support import other_programs
from tests.support.other_programs.sent import Sent
from tests.support.tables import Desk


@pytest.mark.parametrize("write", other_programs.PROGRAMS, ids=lambda one: one.__name__)
def test_what_a_program_exports_comes_in_once_and_goes_again(desk: Desk, write: Callable[[], list[Sent]]) -> None:
    with desk.database.transaction(desk.workspace) as session:
        session.execute(update(Member).where(Member.id == "UREP").values(email="rep@ours.example"))
    brought = []
    for sent in write():
        path = desk.write(sent.content, sent.name)
        how = desk.understood(path)
        assert how.noun == sent.noun
        assert [one.name for one in how.columns if one.asks] == []
        assert desk.rehearse(path, how) == sent.counts
        run = desk.bring_in(path, how)
        assert running.as_numbers(run.counts) == sent.counts
        assert desk.told(sent.noun) == sent.records
        again = running.as_numbers(desk.bring_in(path, how).counts)
        assert (again["same"], again.get("refused")) == (sent.counts["added"], sent.counts.get("refused"))
        assert desk.told(sent.noun) == sent.records
        brought.append((sent.noun, run.id))
    for _noun, number in reversed(brought):
        assert desk.undo(number, 1) == []
    assert [desk.told(noun) for noun, _number in brought] == [[]] * len(brought)
