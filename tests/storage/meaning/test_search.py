"""Show that what was written is found by its vector, in one workspace, and forgotten with it."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from ml.text.meaning import cosines, packed, signs
from storage.crm import customers, notes
from storage.database.engine import Database
from storage.meaning import search, vectors
from storage.meaning.vectors import MeaningRow, Unencoded
from storage.support import messages, tickets
from tests.support.received_messages import received


def unit(seed: int) -> np.ndarray:
    vector = np.random.default_rng(seed).normal(size=512)
    return vector / np.linalg.norm(vector)


def keep(session: Session, found: list[tuple[Unencoded, np.ndarray]]) -> None:
    vectors.keep(session, [(one, *packed(vector[None])[0]) for one, vector in found])


def test_what_was_written_and_has_no_vector_is_missing_until_it_has_one(session: Session) -> None:
    message = received(session, text="parcel?")
    customer = customers.add(session, name="Acme")
    note = notes.add(session, customer, "They move in May")
    ticket = tickets.add(session, name="Printer on fire")
    missing = vectors.missing(session, since=None, limit=10)
    assert {one.text for one in missing} == {"parcel?", "They move in May", "Printer on fire"}
    assert {(one.message_id, one.note_id, one.ticket_id) for one in missing} == {
        (message.id, None, None),
        (None, note.id, None),
        (None, None, ticket.id),
    }
    assert {one.text for one in vectors.missing(session, since=message.at, limit=2)} == {"parcel?"}
    keep(session, [(one, unit(i)) for i, one in enumerate(missing)])
    assert vectors.missing(session, since=None, limit=10) == []


def test_a_vector_goes_with_what_it_is_of_and_when_that_is_written_anew(session: Session) -> None:
    message = received(session, text="parcel?")
    keep(session, [(one, unit(1)) for one in vectors.missing(session, since=None, limit=10)])
    assert list(vectors.of_messages(session, [message.id])) == [message.id]
    messages.edited(session, message, "invoice?", message.at)
    assert vectors.of_messages(session, [message.id]) == {}
    (again,) = vectors.missing(session, since=None, limit=10)
    assert again.text == "invoice?"
    keep(session, [(again, unit(2))])
    session.execute(text("DELETE FROM message WHERE id = :id"), {"id": message.id})
    assert session.scalars(select(MeaningRow.id)).all() == []


def test_the_nearest_come_first_and_show_what_was_written(session: Session) -> None:
    received(session, text="far")
    received(session, "1893492001.000100", text="near")
    customer = customers.add(session, name="Acme")
    notes.add(session, customer, "nearer")
    asked = unit(0)
    like = {"far": unit(9), "near": asked + 0.8 * unit(1), "nearer": asked + 0.2 * unit(2)}
    keep(session, [(one, like[one.text]) for one in vectors.missing(session, since=None, limit=9)])
    near = search.candidates(session, signs(asked[None])[0], most=2)
    alike = cosines(asked, [one.vector for one in near])
    assert alike[0] > alike[1] > 0.7
    shown = search.passages(session, [one.id for one in near])
    assert [shown[one.id].text for one in near] == ["nearer", "near"]
    assert shown[near[0].id].about == ("customer", customer.id)


def test_another_workspace_finds_nothing(session: Session, database: Database) -> None:
    received(session, text="near")
    keep(session, [(one, unit(0)) for one in vectors.missing(session, since=None, limit=9)])
    session.commit()
    with database.transaction("T2") as other:
        assert search.candidates(other, signs(unit(0)[None])[0]) == []
        assert vectors.missing(other, since=None, limit=9) == []


@pytest.mark.parametrize("spread", [0.6, 1.0])
def test_ranking_by_signs_first_finds_nine_of_the_ten_that_are_nearest(spread: float) -> None:
    random = np.random.default_rng(3)
    # Messages about two hundred matters, as vectors of sentences lie: in a cone, near others of their matter.
    matters = random.normal(size=(200, 512)) + 0.5
    every = np.repeat(matters, 100, axis=0) + spread * random.normal(size=(20_000, 512))
    every /= np.linalg.norm(every, axis=1, keepdims=True)
    asked = every[::997] + 0.02 * random.normal(size=(21, 512))
    bits = every > 0
    hits = 0
    for one in asked:
        exact = set(np.argsort(-(every @ one))[:10])
        first = np.argsort(np.count_nonzero(bits != (one > 0), axis=1), kind="stable")[: search.CANDIDATES]
        hits += len(exact & set(first[np.argsort(-(every[first] @ one))[:10]]))
    assert hits >= 0.9 * 10 * len(asked)


def test_a_ticket_has_the_vector_of_what_it_began_with_or_else_of_its_name(
    session: Session, database: Database
) -> None:
    first, later = received(session, text="parcel?"), received(session, "1893492001.000100", text="any news?")
    ticket = tickets.add(session, name="parcel?")
    first.ticket_id = later.ticket_id = ticket.id
    called = tickets.add(session, name="Printer on fire")
    session.flush()
    like = {"parcel?": unit(1), "any news?": unit(2), "Printer on fire": unit(3)}
    keep(session, [(one, like[one.text]) for one in vectors.missing(session, since=None, limit=9)])
    found = vectors.of_tickets(session, [ticket.id, called.id, 99])
    assert found == {ticket.id: packed(unit(1)[None])[0][0], called.id: packed(unit(3)[None])[0][0]}
    session.commit()
    with database.transaction("T2") as other:
        assert vectors.of_tickets(other, [ticket.id, called.id]) == {}
