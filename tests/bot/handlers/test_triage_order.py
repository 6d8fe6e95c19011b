"""Whatever the order in which Slack's events arrive, and however often, they come to the same tickets."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml.classify.classifier import MessageClassifier
from storage.database.engine import Database
from storage.support.channels import Grouping
from tests.support.intake_driver import AGENT, CUSTOMERS, Channel, changed, deleted, ts_at, unfurled, wrote
from tests.support.support_desk import BROKEN, INVOICE, THANKS

TEXTS = (BROKEN, INVOICE, THANKS, "👍", "Hi!")
MINUTE = 60
Events = list[dict[str, Any]]

FEW = settings(
    max_examples=30,
    deadline=None,
    # The database is emptied by nothing: every example has a workspace of its own.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@st.composite
def histories(draw: st.DrawFn) -> Events:
    """Draw what two customers and an agent write, change and delete, in the order in which it happens."""
    told: Events = []
    written: Events = []
    for number in range(draw(st.integers(2, 6))):
        at = number * 6 * MINUTE + draw(st.integers(0, 5)) * MINUTE
        act = draw(st.sampled_from(["write", "write", "reply", "answer", "edit", "unfurl", "delete"]))
        if act == "write" or not written:
            written.append(wrote(ts_at(at), draw(st.sampled_from(TEXTS)), draw(st.sampled_from(CUSTOMERS))))
            told.append(written[-1])
            continue
        which = draw(st.integers(0, len(written) - 1))
        about = written[which]
        inner = about.get("message", about)
        if act in {"reply", "answer"}:
            who = AGENT if act == "answer" else draw(st.sampled_from(CUSTOMERS))
            reply = wrote(ts_at(at), draw(st.sampled_from(TEXTS)), who, thread=inner.get("thread_ts") or inner["ts"])
            told.append(reply)
            if act == "reply":
                written.append(reply)
        elif act == "delete":
            told.append(deleted(about, ts_at(at)))
            del written[which]
        elif act == "edit":
            written[which] = changed(about, draw(st.sampled_from(TEXTS)), ts_at(at))
            told.append(written[which])
        else:
            told.append(unfurled(about, ts_at(at)))
    return told


@given(
    told=histories(), data=st.data(), grouping=st.sampled_from([one for one in Grouping if one is not Grouping.MATTER])
)
@FEW
def test_any_order_ends_in_the_same_state(
    database: Database, model: MessageClassifier, told: Events, data: st.DataObject, grouping: Grouping
) -> None:
    in_order, shuffled = Channel(database, model, grouping), Channel(database, model, grouping)
    for event in told:
        in_order.tell(event)
    again = data.draw(st.lists(st.sampled_from(told), max_size=2))
    crashes = data.draw(st.sets(st.integers(0, len(told) + 1), max_size=2))
    for number, event in enumerate(data.draw(st.permutations([*told, *again]))):
        if number in crashes:
            shuffled.tell(event, crashes=True)
        shuffled.tell(event)
    assert shuffled.state() == in_order.state()
    assert len(set(shuffled.stored())) == len(shuffled.stored())


@given(told=histories())
@FEW
def test_whatever_is_written_is_kept_once_and_what_asks_for_something_has_a_ticket(
    database: Database, model: MessageClassifier, told: Events
) -> None:
    by_matter, by_window = Channel(database, model, Grouping.MATTER), Channel(database, model, Grouping.WINDOW)
    for event in told:
        by_matter.tell(event)
        by_window.tell(event)
    assert by_matter.stored() == by_window.stored()
    with_ticket = {ts for found in by_matter.live().values() for ts in found}
    assert with_ticket >= {ts for found in by_window.live().values() for ts in found} - _thanks(by_window)


def _thanks(channel: Channel) -> set[str]:
    said, _ = channel.state()
    return {ts for ts, _text, _edited, _deleted, category in said if category == "chatter"}
