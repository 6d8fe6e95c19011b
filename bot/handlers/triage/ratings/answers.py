"""Take a customer's answer: five buttons, then a form for a word or another answer; tell who had the ticket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from bot.handlers.triage.declaration import plugin
from bot.handlers.triage.events import refresh
from bot.handlers.triage.ratings.asking import RENDERER
from bot.kit import blocks as b
from bot.kit import cards
from bot.kit.replies import Message, Modal
from bot.kit.tickets import rating_line, score_words
from bot.plugin import Member, Notice, Role, _
from storage.errors import Invalid, NotFound
from storage.queues import outbox
from storage.queues.outbox import Delivery
from storage.support import ratings, tickets
from storage.support.ratings import BAD, SCORES, WORDS_LIMIT, Rating


@plugin.action("rate", role=Role.VIEWER, outside=True)
def rate(control: b.Control, session: Session, actor: Member) -> None:
    """Keep what the customer who was asked answers, and nobody else."""
    number, _space, score = control.detail.partition(" ")
    rating = ratings.for_person(session, b.Control(detail=number).number, actor.id, lock=True)
    _keep(session, rating, b.Control(detail=score).number)


@plugin.view("rating_words", title="Your answer", role=Role.VIEWER, outside=True)
def words(control: b.Control, session: Session, actor: Member) -> Modal:
    """Open the form in which the customer who was asked adds a word, or answers otherwise."""
    rating = ratings.for_person(session, control.number, actor.id)
    options = [b.Option(score_words(score).capitalize(), str(score)) for score in SCORES]
    return Modal(
        _("Your answer"),
        [
            b.choice_input("score", _("How did we do?"), options, initial=str(rating.score or "")),
            b.text_input(
                "words",
                _("In your words"),
                initial=rating.words or "",
                placeholder=_("What was good, what could be better?"),
                multiline=True,
                optional=True,
                max_length=WORDS_LIMIT,
            ),
        ],
        submit=_("Send"),
        state={"rating": str(rating.id)},
    )


plugin.button_opens("rating_words", words)


@words.submit
def said(values: Mapping[str, str], state: Mapping[str, str], session: Session, actor: Member) -> Message:
    """Keep what the customer wrote in the form."""
    number = b.Control(detail=state.get("rating", "")).number
    rating = ratings.for_person(session, number, actor.id, lock=True)
    _keep(session, rating, b.Control(detail=values["score"]).number, values["words"])
    return Message(_("Thank you."))


def _keep(session: Session, rating: Rating, score: int, words: str | None = None) -> None:
    if score not in SCORES:
        raise Invalid("This button no longer works.")
    if not ratings.answer(session, rating, score, words):
        return
    if rating.delivery_id is not None:
        outbox.enqueue(
            session,
            kind="update",
            edits=rating.delivery_id,
            renderer=plugin.id(RENDERER),
            record=None,
            payload={"rating": rating.id},
        )
    ticket = tickets.get(session, rating.ticket_id)
    if ticket.merged_into_id is not None:
        ticket = tickets.get(session, ticket.merged_into_id)
    refresh(session, ticket)
    who = ticket.assignee_id or rating.agent_id
    if score <= BAD and who is not None:
        _tell(session, rating, ticket.reference, who)


def _tell(session: Session, rating: Rating, reference: str, who: str) -> None:
    """Have whoever has the ticket told of a bad answer, in one message that grows with it."""
    about: dict[str, Any] = {"renderer": plugin.id("badly_rated"), "record": reference}
    about["payload"] = {"rating": rating.id}
    told = outbox.enqueue(session, target_user=who, dedupe_key=f"rated:{rating.id}:{who}", **about)
    if session.get_one(Delivery, (rating.workspace_id, told)).state == "sent":
        outbox.enqueue(session, kind="update", edits=told, **about)


@plugin.renderer("badly_rated", kind=Notice.YOURS)
def badly_rated(delivery: Delivery, session: Session) -> Message | None:
    """Say what a customer did not like; None where they have thought better of it before it was said."""
    rating = ratings.get(session, int(delivery.payload["rating"]))
    try:
        ticket = tickets.resolve(session, delivery.record or "")
    except NotFound:
        return None
    if rating.score is None or (rating.score > BAD and delivery.kind == outbox.POST):
        return None
    title = b.markup(_("A customer was not happy with {ref} *{name}*"), ref=ticket.reference, name=ticket.name)
    show = b.button(_("Show"), cards.SHOW, cards.control(ticket))
    return Message(title, [b.section(title, accessory=show), b.context(rating_line(session, rating))])
