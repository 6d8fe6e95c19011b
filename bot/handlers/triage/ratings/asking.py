"""Ask a customer in their thread how they were served, once their ticket is resolved."""

from __future__ import annotations

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.handlers.triage.declaration import plugin
from bot.kit import blocks as b
from bot.kit.format import undo_hint
from bot.kit.replies import Message
from bot.kit.tickets import score_words
from bot.plugin import Role, _
from storage.errors import Invalid
from storage.events import TicketChanged
from storage.queues.outbox import POST, Delivery
from storage.support import ratings
from storage.support.ratings import SCORES, Rating
from storage.support.tickets import Ticket

RENDERER = "rating"
YES, NO = ("on", "yes"), ("off", "no")


@plugin.command("ratings", usage="[on_or_off]", role=Role.ADMIN, example="on")
def setting(args: Args, session: Session) -> Message:
    """Show or decide whether customers are asked how they were served, once their ticket is resolved."""
    word, changed = args.text.casefold(), False
    if word:
        if word not in YES + NO:
            raise Invalid("Are customers to be asked?", field="on_or_off", typed=args.text, hint="Write on or off.")
        changed = ratings.decide(session, asked=word in YES)
    asked = ratings.are_asked(session)
    text = (
        _(
            "*Customers are asked.* A minute after a ticket is resolved, who wrote it finds a question with five"
            " answers in their thread, at most once a month. You see the answer on the card and in digests."
        )
        if asked
        else _("*Customers are not asked how they were served.* Begin: `/crm ratings on`")
    )
    hint = [b.context(_("Stop: `/crm ratings off`"))] if asked else []
    return Message(b.Markup(text), [b.section(b.Markup(text)), *hint, *([undo_hint()] if changed else [])])


@plugin.on(TicketChanged)
def on_ticket_changed(fact: TicketChanged, session: Session) -> None:
    """Ask who wrote a ticket that was just resolved; ask nobody about one that is open again."""
    ticket: Ticket = fact.record
    ratings.take_back(session, ticket)
    ratings.ask(session, ticket, renderer=plugin.id(RENDERER))


@plugin.renderer(RENDERER, kind=None, outside=True)
def draw(delivery: Delivery, session: Session) -> Message | None:
    """Draw the question, or thanks for the answer; None where the ticket is not resolved any more."""
    rating = ratings.get(session, int(delivery.payload["rating"]))
    if delivery.kind == POST and not ratings.is_wanted(session, rating):
        return None
    who = b.person(rating.person_id)
    if rating.score is None:
        text = b.markup(_("{who}, how did we do? Only you can answer."), who=who)
        return Message(text, [b.section(text), _scores(rating)])
    text = b.markup(_("Thank you for your answer, {who}."), who=who)
    more = b.button(_("Add a word or change it"), plugin.id("rating_words"), control(rating))
    return Message(text, [b.section(text, accessory=more)])


def _scores(rating: Rating) -> Block:
    # What follows the colon only tells the buttons of a row apart.
    buttons = [
        b.button(score_words(score).capitalize(), f"{plugin.id('rate')}:{score}", control(rating, score))
        for score in SCORES
    ]
    return b.actions(*buttons)


def control(rating: Rating, score: int | None = None) -> b.Control:
    """Return what a button of a question carries: no reference, as the customer's channel can read it."""
    return b.Control(version=rating.version, detail=f"{rating.id}" if score is None else f"{rating.id} {score}")
