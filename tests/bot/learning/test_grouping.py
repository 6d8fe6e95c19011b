"""Show that what people merge and split teaches which messages are one ticket, and only for the better."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy.orm import Session

from bot.handlers.learning.wording import grouping as said_of
from bot.handlers.triage.intake.placing import placer
from bot.learning.models import Models
from bot.learning.trainer import Learning
from ml.learn.train import starter_model
from ml.matters.conversations import NOBODYS, Line, read_conversations
from ml.matters.learning import Settled, learn
from ml.matters.placing import placer as shipped
from storage.database.engine import Database
from storage.records.history import recording, undo
from storage.support import channels, messages, tickets
from storage.support.messages import IncomingMessage
from storage.support.tickets import Ticket, TicketStatus, conversations

SIXTY = read_conversations((Path(__file__).parents[2] / "ml" / "evaluate" / "conversations.txt").read_text("utf-8"))
WROTE, NUMBERS = 1_790_000_000, itertools.count()
SINCE = datetime.fromtimestamp(WROTE, UTC) - timedelta(days=1)


def all_one(lines: list[Line]) -> list[Line]:
    """Return what a team makes of a conversation that has one ticket for all that a writer says."""
    return [Line(one.author, one.minute, one.ticket if one.ticket == NOBODYS else "1", one.text) for one in lines]


def test_a_habit_that_is_not_ours_is_learned_and_ours_is_not_learned_anew() -> None:
    other = [Settled(all_one(one), moved=len({line.ticket for line in one}) > 1) for one in SIXTY]
    ours = [Settled(one, moved=True) for one in SIXTY]
    candidate, found = learn(other, shipped(meaning=False))
    assert found.better and found.lost <= 2
    assert not learn(ours, shipped(meaning=False))[1].better
    kept = candidate.kept()
    taught = shipped(meaning=False).taught(kept)
    assert (taught.right(SIXTY[:9]) == candidate.right(SIXTY[:9])).all()
    with pytest.raises(ValueError, match="other observations"):
        taught.taught({**kept, "weights": {"of the release before": 1.0}})
    with pytest.raises(ValueError, match="nobody moved"):
        learn([Settled(SIXTY[0], moved=False)], shipped(meaning=False))


def test_no_conversation_is_judged_by_what_learned_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[int] = []

    class Honest:
        def fit(self, learned: list[Any]) -> Honest:
            self.learned = {id(one) for one in learned}
            return self

        def right(self, conversations: list[Any]) -> np.ndarray:
            judged.extend(id(one) for one in conversations if not self.learned & {id(one)})
            return np.ones(len(conversations), dtype=bool)

    monkeypatch.setattr("ml.matters.learning.clone", lambda _shipped: Honest())
    shipped_one: Any = Honest().fit([])
    learn([Settled(one, moved=number < 40) for number, one in enumerate(SIXTY)], shipped_one)
    assert all(judged.count(id(one)) == 2 for one in SIXTY), "once by what ships and once by a candidate"


@pytest.fixture
def days() -> list[int]:
    return [30]


@pytest.fixture
def learning(admin_url: str, days: list[int]) -> Iterator[Learning]:
    learning = Learning(admin_url, Models(starter_model), now=lambda: SINCE + timedelta(days=days[-1]))
    yield learning
    learning.close()


def write(session: Session, lines: list[Line], author: str, channel_id: str = "C1") -> list[int]:
    """Store a conversation of one writer with the tickets it has, and return their numbers."""
    made: dict[str, Ticket] = {}
    for line in lines:
        ts = f"{WROTE + 60 * line.minute + next(NUMBERS) / 10_000:.6f}"
        message = messages.receive(session, channel_id=channel_id, ts=ts, text=line.text, author_id=author)
        assert message is not None
        if line.ticket not in made:
            made[line.ticket] = tickets.add(session, name=line.text[:50], channel_id=channel_id, thread_ts=ts)
            session.flush()
        message.ticket_id = made[line.ticket].id
    session.flush()
    return [ticket.id for ticket in made.values()]


def resolve(session: Session, made: list[int]) -> None:
    for ticket in [tickets.get(session, number) for number in made]:
        if ticket.merged_into_id is None:
            tickets.set_status(session, ticket, TicketStatus.RESOLVED)


def found(database: Database, workspace: str) -> dict[str, tuple[int, bool]]:
    """Return of each writer's conversation how many tickets it has, and whether people moved any of it."""
    with database.transaction(workspace) as session:
        return {
            one.written[0].author_id: (len({put.ticket_id for put in one.written}), one.moved)
            for one in conversations.settled(session, since=SINCE, limit=1_000)
        }


def test_only_what_people_moved_and_did_not_move_back_counts_as_moved(database: Database, workspace: str) -> None:
    two = [Line("A", 0, "a", "the app is down"), Line("A", 1, "b", "and an invoice please")]
    with database.transaction(workspace) as session:
        for channel_id, by in (("C1", "matter"), ("C2", "message")):
            channels.seen(session, channel_id, name=channel_id.lower())
            channels.group_by(session, channels.make_inbox(session, channel_id), by)
        made = {author: write(session, two, author) for author in ("ULEFT", "UMERGED", "UBYITSELF", "UUNDONE", "UOPEN")}
        made["UELSEWHERE"] = write(session, two, "UELSEWHERE", "C2")
        made["USPLIT"] = write(session, [two[0], Line("A", 1, "a", "and an invoice please")], "USPLIT")
        write(session, two[:1], "UONCE")
        # Who comes back after three days begins another conversation, of one message here.
        made["UPAUSED"] = write(session, [two[0], Line("A", 4_400, "b", "and an invoice please")], "UPAUSED")
    for author, actor, source in (
        ("UMERGED", "UAGENT", "slash"),
        ("UBYITSELF", "UBYITSELF", "message"),
        ("UUNDONE", "UAGENT", "slash"),
    ):
        with database.transaction(workspace) as session, recording(session, actor_id=actor, source=source):
            one, other = (tickets.get(session, number) for number in made[author])
            tickets.merge(session, other, one)
    with database.transaction(workspace) as session, recording(session, actor_id="UAGENT", source="undo"):
        undo(session, "UAGENT")
    with database.transaction(workspace) as session, recording(session, actor_id="UAGENT", source="slash"):
        own = tickets.split(session, messages.of_ticket(session, made["USPLIT"][0])[1])
        made["USPLIT"].append(own.id)
    with database.transaction(workspace) as session:
        for author in made.keys() - {"UOPEN"}:
            resolve(session, made[author])
    assert found(database, workspace) == {
        "ULEFT": (2, False),
        "UMERGED": (1, True),
        "UBYITSELF": (1, False),
        "UUNDONE": (2, False),
        "USPLIT": (2, True),
    }


def test_a_workspace_learns_once_from_enough_merges_and_its_next_messages_go_by_it(
    database: Database, workspace: str, learning: Learning, days: list[int]
) -> None:
    assert learning.learn_grouping(workspace, anyway=True) is None
    with database.transaction(workspace) as session:
        channels.seen(session, "C1", name="c1")
        channels.group_by(session, channels.make_inbox(session, "C1"), "matter")
    for number, lines in enumerate(SIXTY):
        of_one = [line for line in lines if line.author == "A" and line.ticket != NOBODYS]
        with database.transaction(workspace) as session, recording(session, actor_id="UAGENT", source="slash"):
            first, *others = (tickets.get(session, one) for one in write(session, of_one, f"U{number}"))
            for ticket in others:
                tickets.merge(session, ticket, first)
            resolve(session, [first.id])
    assert learning.learn_grouping(workspace) is None, "it waits for the night"
    days.append(31)
    learned = learning.learn_grouping(workspace)
    assert learned is not None and learned["better"] and learned["kept"]
    assert learning.learn_grouping(workspace, anyway=True) is None, "nothing was moved since"
    with database.transaction(workspace) as session:
        kept = conversations.taught(session)
        assert kept == learned
        assert str(kept["moved"]) in str(said_of(kept)) and "Learned from" in str(said_of(kept))
        down = IncomingMessage(text="the app is down", at=SINCE)
        other = IncomingMessage(text="btw where do I find last year's invoices?", at=SINCE + timedelta(minutes=1))
        whatever = {**kept, "kept": {**kept["kept"], "intercept": 99.0}}
        conversations.teach(session, whatever)
        assert placer(session)(other, [[down]]).into == 0
        conversations.teach(session, {**kept, "kept": None})
        assert placer(session)(other, [[down]]).into is None
        assert "nothing surely better" in str(said_of({**kept, "kept": None}))
