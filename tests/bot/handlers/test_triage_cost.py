"""How many statements a customer's message may cost from its event to its card: a count, the same on any machine."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from storage.support import channels
from storage.support.channels import Grouping
from tests.support.company import Company

HANDLED, SENT = 31, 19
"""One of handling keeps that a message came from where others read, one of sending asks how its writer was served."""


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Count the statements of this process by the kind of thread that runs them; claims are not a message's."""
    found: Counter[str] = Counter()

    def ran(*_given: Any) -> None:
        found[threading.current_thread().name.partition("_")[0]] += 1

    event.listen(Engine, "before_cursor_execute", ran)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", ran)


def test_a_message_and_its_card_cost_so_many_statements(support: Company) -> None:
    with support.database.transaction(support.workspace) as session:
        link = channels.link_of(session, "CSHARED")
        assert link is not None
        channels.group_by(session, link, Grouping.MESSAGE)
    support.settles()

    with counted() as statements:
        support.customer.posts("Where do I find the invoices of last year?", channel="CSHARED")
        support.agent.sees("T-2", channel="CSUPPORT")
        support.settles()

    assert 0 < statements["intake"] <= HANDLED
    assert 0 < statements["delivery"] <= SENT
