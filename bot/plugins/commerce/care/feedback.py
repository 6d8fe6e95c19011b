"""Show reviews, answer them, and have their owners look after those of few stars."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from slack_sdk.models.blocks import Block
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.kit import blocks as b
from bot.kit import cards, categories
from bot.kit.format import Reader, paragraphs
from bot.kit.replies import Message, Modal
from bot.plugin import Declaration, Member, Role, _
from bot.plugins.commerce import plugin, products, reviews
from bot.plugins.commerce.care.owners import follow_up, owner_of
from bot.plugins.commerce.nouns import CONTACT, CUSTOMER
from bot.plugins.commerce.products import Product
from bot.plugins.commerce.reviews import MOST_STARS, Review, ReviewAdded, ReviewWorded
from bot.plugins.commerce.settings import STARS
from storage.records import named
from storage.records.declaration import declared
from storage.records.fields import LinkField, LongTextField, NumberField, TextField
from storage.workspace.workspaces import Workspace

SHOWN = 3
REVIEW = Declaration(
    model=Review,
    order=Review.created_at,
    newest_first=True,
    label="Review",
    plural="Reviews",
    change=Role.REP,
    fields=(
        TextField(key="name", label="Title", by="name_key", required=True, example="Broke"),
        NumberField(key="stars", label="Stars", by="stars", required=True, least=1, most=MOST_STARS, example="2"),
        LongTextField(key="words", label="Words", example="it broke on the first day"),
        LinkField(
            key="product",
            label="Product",
            at="product_id",
            by="product_id",
            to=Product,
            resolve=products.resolve,
            example="MUG-1",
        ),
        CUSTOMER,
        CONTACT,
        TextField(key="about", label="About", at="category", by="category", entered=False),
        LongTextField(key="answer", label="Answer", entered=False),
        TextField(key="source", label="Source", by="source", entered=False),
        TextField(key="number", label="Number there", at="outside_id", by="outside_id", entered=False),
    ),
    twins=lambda _session, _values: [],
    add=reviews.add,
    words={"all": "", "low": "stars<3"},
)


def review_card(session: Session, review: Any, reader: Reader, _actor: Member | None, **how: Any) -> Message:
    """Draw a review with its answer, and whether that is sent; `how` is as in `bot.kit.cards.card`."""
    about = categories.names(session).get(review.category or "")
    sure = _("{about} ({percent} % sure)")
    facts = {
        _("Stars"): stars(review.stars),
        _("About"): sure.format(about=about, percent=review.confidence) if about else None,
    }
    controls = [b.button(_("Answer"), plugin.id("answer"), cards.control(review))]
    parts: list[Block] = []
    if review.answer is not None:
        by = b.person(review.answered_by) if review.answered_by else _("somebody")
        parts = paragraphs([b.markup(_("*Answer* by {who}: {words}"), who=by, words=review.answer), _sent(review)])
        if not review.told:
            controls.append(b.button(_("Send"), plugin.id("send"), cards.control(review)))
    noun = declared()[Review.__noun__]
    return cards.card(session, noun, review, reader, facts=facts, parts=parts, controls=controls, **how)


def review_line(_session: Session, _reader: Reader) -> Callable[[Review], b.Text]:
    """Return what a list tells of a review below its title."""
    return lambda one: b.join([stars(one.stars), b.cut(one.words or "", 150)], "  ")


def stars(count: int) -> str:
    """Return stars as people draw them."""
    return "★" * count + "☆" * (MOST_STARS - count)


plugin.noun(REVIEW, card=review_card, line=review_line)


@plugin.command("review answer", usage="<review> <words>", role=Role.REP, example="RV-1 a new one is on its way")
def answer(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Answer a review; the answer goes to the shop by webhook."""
    review = named.resolve(session, Review, args["review"])
    reviews.answer(session, review, args["words"], actor.id)
    return review_card(session, review, reader, actor, notice=_("Answered."), undo=True)


@plugin.action("send", role=Role.REP)
def send(control: b.Control, session: Session, actor: Member, reader: Reader) -> Message:
    """Send the answer to the card's review, now that a webhook takes it."""
    review = named.resolve(session, Review, control.record)
    notice = _("It is on its way.") if reviews.send(session, review) else _("There is still no webhook that takes it.")
    return review_card(session, review, reader, actor, notice=notice, replace=True)


@plugin.view("answering", title="Answer", role=Role.REP)
def answering(control: b.Control, session: Session) -> Modal:
    """Ask for the answer to a review."""
    review = named.resolve(session, Review, control.record)
    said = b.markup("{stars}  {words}", stars=stars(review.stars), words=review.words or "")
    # One that a program wrote may be longer than a form takes: it is written anew, and never saved cut.
    known = review.answer if review.answer and len(review.answer) <= b.ENTRY_LIMIT else ""
    fields = [
        b.section(cards.headline(review)),
        b.section(said),
        b.text_input("answer", _("Answer"), initial=known, multiline=True),
    ]
    return Modal(_("Answer"), fields, submit=_("Send"), state={"record": review.reference})


@answering.submit
def answered(
    values: Mapping[str, str], state: Mapping[str, str], session: Session, actor: Member, reader: Reader
) -> Message:
    """Keep the answer and send it."""
    review = named.resolve(session, Review, state.get("record", ""))
    reviews.answer(session, review, values["answer"], actor.id)
    return review_card(session, review, reader, actor, notice=_("Answered."), undo=True)


plugin.button_opens("answer", answering)


@plugin.on(ReviewWorded)
def read(fact: ReviewWorded, session: Session, model: Any) -> None:
    """Keep what the model says a review is about, where it is sure."""
    review: Review = fact.record
    verdict = model.classify(review.words)
    if verdict.category is not None and not verdict.abstained and not verdict.chatter:
        review.category, review.confidence = verdict.category, round(verdict.confidence * 100)
        session.flush()


@plugin.on(ReviewAdded)
def came_in(fact: ReviewAdded, session: Session, workspace: Workspace, now: datetime) -> None:
    """Have the owner look after a review of few stars."""
    review: Review = fact.record
    owner = owner_of(session, review.customer_id)
    if review.stars <= STARS.of(session) and owner is not None:
        text = _("Look after {stars} {name}").format(stars=stars(review.stars), name=review.name)
        follow_up(session, owner, text, review, workspace, now)


@plugin.card("product", "Reviews")
def said_of(record: Product, session: Session) -> list[Block]:
    """Show on a product's card what was last said of it."""
    found = select(Review).where(Review.product_id == record.id, Review.archived_at.is_(None))
    newest = session.scalars(found.order_by(Review.id.desc()).limit(SHOWN))
    return paragraphs(b.markup("• {stars}  {one}", stars=stars(one.stars), one=cards.headline(one)) for one in newest)


def _sent(review: Review) -> b.Text:
    if review.told:
        return _("It goes to the shop by webhook.")
    return b.markup(
        _("⚠ Unsent: no webhook takes `review.answered`. An admin adds one: {how}"),
        how=b.markup("`/crm webhook add https://example.com events:review.answered`"),
    )
