"""Show that a file is sent once, whatever became of the answer, and again where it never came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.delivery.calls import Rendered
from bot.delivery.sender import Sender
from bot.kit.replies import SentFile
from sandbox.server import Sandbox
from storage.database.engine import Database
from storage.queues import outbox
from tests.support.deliveries import OURS, ours, post, settled, slack, start

__all__ = ["ours", "slack", "start"]  # fixtures


def render(_session: Session, _row: outbox.Delivery) -> Rendered:
    return Rendered("2 rows", file=SentFile("deal.csv", b"a,b"))


def files(slack: Sandbox) -> list[str]:
    """Return the files that the channel shows."""
    messages = slack.core.world.workspace.messages.get("CSUPPORT", [])
    return [file["name"] for message in messages for file in message.body.get("files", ())]


@pytest.mark.parametrize(
    ("method", "fault"),
    [
        ("files.completeUploadExternal", {"kind": "reset_after"}),
        ("files.completeUploadExternal", {"kind": "server_error", "status": 503, "stored": True}),
        ("files.completeUploadExternal", {"kind": "reset"}),
        ("files.getUploadURLExternal", {"kind": "reset"}),
        ("files.getUploadURLExternal", {"kind": "rate_limit", "retry_after": 1}),
    ],
)
def test_a_file_comes_once(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender], method: str, fault: dict[str, Any]
) -> None:
    slack.control.fault(**fault, method=method, count=1)
    start(render=render)
    (row,) = settled(database, post(database))
    assert row.state == "sent"
    assert files(slack) == ["deal.csv"]


def test_a_file_that_was_uploaded_is_not_uploaded_again(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    slack.control.fault("rate_limit", method="files.completeUploadExternal", count=1, retry_after=1)
    start(render=render)
    settled(database, post(database))
    assert files(slack) == ["deal.csv"]
    assert len(slack.control.calls("files.getUploadURLExternal")) == 1


def test_without_the_scope_it_is_refused_for_good(
    database: Database, slack: Sandbox, ours: str, start: Callable[..., Sender]
) -> None:
    slack.control.admin("grants", app_id="A0RAPPORT", team=OURS, scopes=["chat:write"])
    start(render=render)
    (row,) = settled(database, post(database))
    assert (row.state, row.reason) == ("dead", "missing_scope")
