"""Keep what customers answer, and let only who was asked answer, and change it for a while."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from storage.database.engine import current_workspace
from storage.errors import Invalid, NotFound, Refused
from storage.names import check_text
from storage.records import history
from storage.records.named import moment
from storage.support.ratings.model import RATED, SCORES, WORDS_LIMIT, Rating
from storage.support.tickets import Ticket
from storage.workspace import members

CHANGED_WITHIN = timedelta(days=7)
"""For so long after it was given an answer can be changed."""


def get(session: Session, rating_id: int, *, lock: bool = False) -> Rating:
    """Return a question by its number; raise NotFound where there is none."""
    found = session.get(Rating, (current_workspace(session), rating_id), with_for_update=lock or None)
    if found is None:
        raise NotFound("This question is no longer there.")
    return found


def for_person(session: Session, rating_id: int, person_id: str, *, lock: bool = False) -> Rating:
    """Return a question for who may answer it, or answer otherwise; raise Refused for anybody else and when too late.

    `lock` keeps others from answering until the transaction ends.
    """
    found = get(session, rating_id, lock=lock)
    if found.person_id != person_id:
        raise Refused("Only who was asked can answer this.")
    if found.answered_at is not None and moment() - found.answered_at > CHANGED_WITHIN:
        raise Refused("This answer can no longer be changed: it was given more than a week ago.")
    return found


def answer(session: Session, rating: Rating, score: int, words: str | None = None) -> bool:
    """Keep a customer's answer, 1 to 5, with their own words unless these are None; return whether it says more.

    The first answer's time is kept: an answer counts when it was given. Raises Invalid for another score and for words
    that are too long.
    """
    if score not in SCORES:
        raise Invalid("An answer is 1 to 5.", field="score")
    said = rating.words if words is None else check_text(words, field="words").strip() or None
    if said is not None and len(said) > WORDS_LIMIT:
        raise Invalid("Up to {limit} characters, please.", field="words", limit=WORDS_LIMIT)
    if (rating.score, rating.words) == (score, said):
        return False
    rating.score, rating.words = score, said
    rating.answered_at = rating.answered_at or moment()
    rating.version += 1
    session.flush()
    history.record(session, Ticket.__noun__, rating.ticket_id, RATED, after={"score": score, "text": said})
    return True


def of_ticket(session: Session, ticket_id: int) -> Sequence[Rating]:
    """Return what customers answered about a ticket and those that were merged into it, newest first."""
    merged = select(Ticket.id).where(Ticket.merged_into_id == ticket_id)
    mine = or_(Rating.ticket_id == ticket_id, Rating.ticket_id.in_(merged))
    answered = select(Rating).where(mine, Rating.score.is_not(None)).order_by(Rating.answered_at.desc())
    return session.scalars(answered).all()


def called(session: Session, rating: Rating) -> str:
    """Return the name of who was asked."""
    person = members.get(session, rating.person_id)
    return person.name if person is not None else rating.person_id
