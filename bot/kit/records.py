"""Do with a record of any noun what commands, forms and buttons share: draw it, add it, ask first where it must be."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import InteractiveElement
from sqlalchemy.orm import Session

from bot.grammar.choices import ChoiceType
from bot.grammar.entities import Decoded
from bot.i18n import _
from bot.kit import blocks as b
from bot.kit import cards, fields
from bot.kit.faces import Hand
from bot.kit.format import Reader
from bot.kit.replies import Message, Modal
from bot.plugin import Catalogue, DeclaredNoun
from storage.errors import Doubtful
from storage.records import history, lifecycle, named
from storage.records.declaration import Declaration, declared
from storage.records.fields import DateField, PersonField
from storage.records.named import Named
from storage.records.rows import KEPT
from storage.workspace.members import Member

FORM = ChoiceType("form", ("csv", "xlsx"), called=(("excel", "xlsx"),))
AS_FILE = "[as:csv]"
AS_FILE_KEYS: Mapping[str, Any] = {"as": FORM}
"""How the key is read, in the commands that take it."""


def kinds(catalogue: Catalogue) -> Mapping[str, DeclaredNoun]:
    """Return the nouns whose records people work with, without settings, by their keys."""
    return {key: noun for key, noun in catalogue.nouns.items() if not noun.declaration.is_setting}


def card(session: Session, noun: DeclaredNoun, record: Named, reader: Reader, actor: Member, **how: Any) -> Message:
    """Draw a record, by the noun's own card if it has one; `how` are notice and flags as in `bot.kit.cards.card`."""
    if noun.card is None:
        return cards.card(session, noun.declaration, record, reader, **how)
    drawn: Message = noun.card(session, record, reader, actor, **how)
    return drawn


def lines(
    session: Session, noun: DeclaredNoun, found: Sequence[Named], reader: Reader, *, action: str = cards.SHOW
) -> list[Block]:
    """Draw records in two lines each, with what the noun tells of them there, and a button that shows all."""
    own = noun.line if "line" not in noun.declaration.layout else None
    tell = own(session, reader) if own else partial(fields.particulars, noun.declaration, session, reader)
    return [cards.line(record, tell(record), action=action) for record in found]


def added(noun: DeclaredNoun, name: Decoded, given: Mapping[str, Any], hand: Hand) -> Message:
    """Add a record of given values and of those among the words of its name; ask first where others are like it.

    Raises CrmError naming the field for what is missing or cannot be stored.
    """
    declaration = noun.declaration
    gathered = fields.gather(declaration, name, given)
    values = declaration.check(
        hand.session,
        {**beginning(declaration, hand.session, hand.actor), "name": gathered.name, **gathered.values, **given},
    )
    alike = lifecycle.twins(hand.session, declaration, values)
    if alike:
        return cards.twins(hand.session, declaration, values, lines(hand.session, noun, alike, hand.reader))
    return _stored(noun, values, hand)


def submitted(noun: DeclaredNoun, entered: Mapping[str, Any], state: Mapping[str, str], hand: Hand) -> Message | Modal:
    """Add the record of a form, unless others are like it that `state` does not name as seen: then ask again."""
    values = noun.declaration.check(hand.session, fields.from_form(noun.declaration, entered, hand))
    seen = state.get("seen", "").split()
    alike = lifecycle.twins(hand.session, noun.declaration, values)
    unseen = [twin for twin in alike if twin.reference not in seen]
    if not unseen:
        return _stored(noun, values, hand)
    named = [b.markup("• {record}", record=cards.headline(twin)) for twin in unseen]
    question = b.join([_("This may be here already, so nothing has been added yet:"), *named])
    shown = " ".join([*seen, *(twin.reference for twin in unseen)])
    state = {"noun": noun.declaration.key, "seen": shown}
    return form(
        noun.declaration, values, hand.session, submit=_("Add anyway"), state=state, above=[b.section(question)]
    )


def form(
    noun: Declaration,
    values: Mapping[str, Any],
    session: Session,
    *,
    submit: str,
    state: Mapping[str, str],
    above: Sequence[Any] = (),
    only: Collection[str] | None = None,
) -> Modal:
    """Draw the form of a record with the values there are, for all of its fields or for some `only`."""
    title = _("Edit {noun}") if "record" in state else _("New {noun}")
    entries = fields.entries(noun, values, session, only)
    return Modal(title.format(noun=_(noun.label).casefold()), [*above, *entries], submit=submit, state=state)


def edited(noun: Declaration, record: Named, session: Session, **changed: Any) -> Modal:
    """Draw the form that changes a record; `changed` are what somebody typed otherwise, with `above` and `only`."""
    known = {field.key: field.of(record) for field in noun.entered}
    state = {
        "noun": noun.key,
        "record": record.reference,
        "version": str(record.version),
        "began": " ".join(sorted(fields.prints(noun, known).values())),
    }
    typed = changed.pop("typed", {})
    return form(noun, {**known, **typed}, session, submit=_("Save"), state=state, **changed)


def saved(
    noun: DeclaredNoun, record: Named, entered: Mapping[str, Any], state: Mapping[str, str], hand: Hand
) -> Message | Modal:
    """Save a record's form: what nobody else has changed meanwhile to another value at once, of the rest ask again.

    Raises CrmError naming the field for what cannot be stored.
    """
    declaration, session = noun.declaration, hand.session
    given = declaration.check(session, fields.from_form(declaration, entered, hand))
    began = set(state.get("began", "").split())
    mine = {key for key, found in fields.prints(declaration, given).items() if found not in began}
    now = {field.key: field.of(record) for field in declaration.entered}
    others = not named.is_current(session, record, int(state.get("version", "0")))
    theirs = {key for key, found in fields.prints(declaration, now).items() if others and found not in began}
    both = [key for key in given if key in mine & theirs and given[key] != now[key]]
    rest = {key: given[key] for key in given if key in mine and key not in both}
    who = history.last_actor(session, record.__noun__, record.id) if theirs else ""
    oneself = bool(theirs) and history.is_last_actor(session, record.__noun__, record.id)
    cancelled = lifecycle.change(session, declaration, record, rest)
    if not both:
        beside = (
            _("Saved, beside what you have changed meanwhile.")
            if oneself
            else _("Saved, beside what {who} has changed meanwhile.")
        )
        also = b.markup(beside, who=who) if theirs else _("Saved.")
        notice = cards.cancelling(also, cancelled)
        return card(session, noun, record, hand.reader, hand.actor, notice=notice, undo=True)
    told = [
        b.markup(
            _("*{field}*: you wrote {value}") if oneself else _("*{field}*: {who} wrote {value}"),
            field=_(declaration.field(key).label),
            who=who,
            value=value,
        )
        for key in both
        for value in [fields.shown(declaration, key, record, hand.reader, session)]
    ]
    kept = _("The rest is saved.") if rest else _("Nothing is saved yet.")
    mine_twice = _("You have changed this elsewhere. {kept} Below is what you wrote here: save it, or close this.")
    asked = _("{who} was quicker. {kept} Below is what you wrote: save it, or close this to keep theirs.")
    above = [b.section(b.join([b.markup(mine_twice if oneself else asked, who=who, kept=kept), *told]))]
    return edited(declaration, record, session, typed={key: given[key] for key in both}, only=both, above=above)


def beginning(noun: Declaration, session: Session, actor: Member) -> dict[str, Any]:
    """Return what a record begins with that somebody adds: it is theirs."""
    mine = {field.key: actor.id for field in noun.fields if isinstance(field, PersonField) and field.mine}
    return {**noun.beginning(session), **mine}


def doubted(doubt: Doubtful) -> b.Markup:
    """Say what speaks against a merge, and ask."""
    said = b.markup(_(doubt.template), **doubt.params)
    return b.markup(_("{doubt} Nothing is merged yet. Are they one all the same?"), doubt=said)


def merge_question(gone: Named, kept: Named, doubt: Doubtful) -> Message:
    """Ask whether two records are to be one although something speaks against it, with a button that says so."""
    text = doubted(doubt)
    control = b.Control(gone.reference, gone.version, kept.reference)
    anyway = b.button(_("Merge anyway"), cards.MERGE, control, style="danger")
    return Message(text, [b.section(text), b.actions(anyway)])


def show_button(noun: str, reference: str) -> InteractiveElement:
    """Draw the button that shows a record of any noun."""
    action = f"{noun}s.show" if noun in KEPT.keys() - declared().keys() else cards.SHOW
    return b.button(_("Show"), action, b.Control(reference))


def _stored(noun: DeclaredNoun, values: Mapping[str, Any], hand: Hand) -> Message:
    record = lifecycle.add(hand.session, noun.declaration, values)
    notice = passing(noun.declaration, values, hand.reader, _("Added."))
    return card(hand.session, noun, record, hand.reader, hand.actor, notice=notice, undo=True)


def passing(noun: Declaration, values: Mapping[str, Any], reader: Reader, notice: b.Text) -> b.Text:
    """Say beside a notice that a day was given which has passed, where a record is late by it."""
    late = noun.words.get("overdue", "").split()
    passed = [
        value
        for field in noun.fields
        if isinstance(field, DateField) and f"{field.key}<today" in late
        for value in [values.get(field.key)]
        if value and value < reader.today
    ]
    said = [b.markup(_("{day} has passed already."), day=reader.day(day)) for day in passed]
    return b.join([notice, *said], " ") if said else notice


def on_its_way(nouns: str, count: int) -> Message:
    """Say that so many records of a kind are sent as a file."""
    said = _("{count} {nouns} are on their way to you, as a file in a direct message. Admins are told.")
    text = b.markup(said, count=f"{count:,}", nouns=nouns)
    return Message(text, [b.section(text)])
