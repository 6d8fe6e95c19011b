"""No writing, editing, deleting, repeating, delaying, crashing and working makes two tickets of one message.

Nor does any make none: what asked for something is in a ticket once all was heard of it.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule, run_state_machine_as_test

from ml.classify.classifier import MessageClassifier
from storage.database.engine import Database
from storage.records.history import recording
from storage.support import tickets
from storage.support.channels import Grouping
from storage.support.tickets import TicketStatus
from tests.support.intake_driver import AGENT, CUSTOMERS, Channel, changed, deleted, ts_at, wrote
from tests.support.support_desk import BROKEN, INVOICE, THANKS

TEXTS = st.sampled_from([BROKEN, INVOICE, THANKS, "👍"])
ASKING = frozenset({BROKEN, INVOICE})


class Intake(RuleBasedStateMachine):
    """Write to a channel whose events may be held back, come twice, or be handled by a process that dies."""

    database: Database
    model: MessageClassifier
    grouping: Grouping

    said = Bundle("said")

    def __init__(self) -> None:
        super().__init__()
        self.channel = Channel(self.database, self.model, self.grouping)
        self.now = 0.0
        self.late: list[dict[str, Any]] = []
        self.asked: set[str] = set()

    def _happens(self, event: dict[str, Any], *, late: bool, crashes: bool) -> None:
        if late:
            self.late.append(event)
            return
        if crashes:
            self.channel.tell(event, crashes=True)
        self.channel.tell(event)

    def _next(self, minutes: int) -> str:
        self.now += 60 * minutes + 1
        return ts_at(self.now)

    @rule(
        target=said,
        text=TEXTS,
        who=st.sampled_from(CUSTOMERS),
        minutes=st.integers(0, 15),
        late=st.booleans(),
        crashes=st.booleans(),
    )
    def writes(self, text: str, who: str, minutes: int, *, late: bool, crashes: bool) -> dict[str, Any]:
        event = wrote(self._next(minutes), text, who)
        self._asks(event)
        self._happens(event, late=late, crashes=crashes)
        return event

    @rule(target=said, about=said, text=TEXTS, who=st.sampled_from((*CUSTOMERS, AGENT)), late=st.booleans())
    def replies(self, about: dict[str, Any], text: str, who: str, *, late: bool) -> Any:
        root = about.get("message", about)
        event = wrote(self._next(1), text, who, thread=root.get("thread_ts") or root["ts"])
        self._happens(event, late=late, crashes=False)
        if who == AGENT:
            return multiple()
        self._asks(event)
        return event

    @rule(target=said, about=said, text=TEXTS, late=st.booleans(), crashes=st.booleans())
    def edits(self, about: dict[str, Any], text: str, *, late: bool, crashes: bool) -> dict[str, Any]:
        event = changed(about, text, self._next(1))
        self._asks(event["message"])
        self._happens(event, late=late, crashes=crashes)
        return event

    @rule(about=said, late=st.booleans())
    def deletes(self, about: dict[str, Any], *, late: bool) -> None:
        self._happens(deleted(about, self._next(1)), late=late, crashes=False)

    @rule(about=said)
    def comes_again(self, about: dict[str, Any]) -> None:
        self.channel.tell(about)

    @rule(which=st.integers(0, 9))
    def arrives(self, which: int) -> None:
        if self.late:
            self.channel.tell(self.late.pop(which % len(self.late)))

    @rule(which=st.integers(0, 9), does=st.sampled_from(["take", "resolve", "merge"]))
    def works(self, which: int, does: str) -> None:
        numbers = sorted(self.channel.live())
        if not numbers:
            return
        with (
            self.database.transaction(self.channel.workspace) as session,
            recording(session, actor_id=AGENT, source=f"triage.{does}"),
        ):
            ticket = tickets.get(session, numbers[which % len(numbers)])
            if does == "take":
                tickets.assign(session, ticket, AGENT)
            elif does == "resolve":
                tickets.set_status(session, ticket, TicketStatus.RESOLVED)
            elif len(numbers) > 1:
                tickets.merge(session, ticket, tickets.get(session, numbers[which % len(numbers) - 1]))

    @invariant()
    def each_message_is_stored_once_and_in_one_ticket_at_most(self) -> None:
        stored = self.channel.stored()
        assert len(stored) == len(set(stored))
        placed = [ts for held in self.channel.live().values() for ts in held]
        assert len(placed) == len(set(placed))

    def teardown(self) -> None:
        """Let all that was held back arrive, and look whether anything that asked was lost."""
        while self.late:
            self.channel.tell(self.late.pop())
        live = self.channel.live()
        assert self.asked <= {ts for held in live.values() for ts in held}
        assert all(live.values()), "a ticket without a message"

    def _asks(self, message: dict[str, Any]) -> None:
        if message["text"] in ASKING:
            self.asked.add(message["ts"])


@pytest.mark.parametrize("grouping", [Grouping.WINDOW, Grouping.THREAD, Grouping.MESSAGE])
def test_one_message_is_one_ticket_whatever_happens(
    database: Database, model: MessageClassifier, grouping: Grouping
) -> None:
    given = {"database": database, "model": model, "grouping": grouping}
    machine = type("Intake", (Intake,), given)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=8,
            stateful_step_count=16,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
