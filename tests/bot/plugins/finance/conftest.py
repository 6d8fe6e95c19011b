"""Give tests a desk of advisers: people who are known, a client, a portfolio with money, and what can be bought."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from storage.database.engine import current_workspace
from storage.records import history
from storage.workspace.members import Member, MemberKind, Role

ADVISERS = {"UAREP": Role.REP, "UAMANAGER": Role.MANAGER, "UAADMIN": Role.ADMIN}


@pytest.fixture
def desk(session: Session) -> Iterator[Session]:
    """Return a transaction in which the rep acts, and which is recorded, as the bot's are."""
    for member_id, role in ADVISERS.items():
        if session.get(Member, (current_workspace(session), member_id)) is None:
            session.add(
                Member(
                    workspace_id=current_workspace(session),
                    id=member_id,
                    name=member_id.title(),
                    kind=MemberKind.STAFF,
                    roles=[role.value],
                )
            )
    session.flush()
    with history.recording(session, actor_id="UAREP", source="test"):
        yield session
