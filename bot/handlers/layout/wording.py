"""Say what can be shown at each place, and read what somebody wants there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from slack_sdk.models.blocks import ActionsBlock
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.kit import cards, records
from bot.kit.format import Reader
from bot.plugin import Catalogue, DeclaredNoun, Member
from storage.errors import NotFound
from storage.names import name_key, short
from storage.records.named import Named
from storage.records.schema import layout_definitions, of
from storage.records.schema.layout_definitions import BUTTONS, CARD, FORM, HOME, LINE

if TYPE_CHECKING:
    from bot.registry import Registry

PLACES = (CARD, LINE, FORM, BUTTONS)
"""What is laid out of a noun's records."""
USUAL = frozenset({"usual", "all", "default", "-"})
TITLES: Mapping[str, str] = {CARD: "Card", LINE: "Line of a list", FORM: "Form", BUTTONS: "Buttons", HOME: "Home"}


def noun_called(catalogue: Catalogue, typed: str) -> DeclaredNoun:
    """Return the noun that was meant, by its word, name or plural; raise NotFound naming all."""
    wanted = name_key(typed)
    for noun in records.kinds(catalogue).values():
        declared = noun.declaration
        if wanted in {declared.key, name_key(declared.label), name_key(declared.plural)}:
            return noun
    names = ", ".join([*records.kinds(catalogue), HOME])
    raise NotFound(
        "There are no records called {name}.", field="noun", hint="There are {names}.", name=short(typed), names=names
    )


def fresh(session: Session, noun: DeclaredNoun) -> DeclaredNoun:
    """Return a noun as it is laid out now, after this request has changed that."""
    declaration = of(session).extend(replace(noun.declaration, layout={}))
    return DeclaredNoun(declaration, noun.card, noun.line)


def read_keys(typed: str) -> Sequence[str] | None:
    """Return the keys of a text, None for all that there is again."""
    keys = [part for part in re.split(r"[\s,，、;]+", typed.strip()) if part]
    return None if len(keys) == 1 and keys[0].casefold() in USUAL else keys


def newest(session: Session, noun: DeclaredNoun) -> Named | None:
    """Return the record that was added last, of those that are not over if there is one, for a preview."""
    model, over = noun.declaration.model, noun.declaration.over
    live = select(model).where(model.merged_into_id.is_(None), model.archived_at.is_(None)).order_by(model.id.desc())
    # What is over has fewer buttons.
    looks = [live.where(over.at.is_(None)), live] if over else [live]
    return next((found for look in looks if (found := session.scalars(look.limit(1)).first())), None)


def known(session: Session, noun: DeclaredNoun, reader: Reader, actor: Member) -> Mapping[str, Sequence[str]]:
    """Return what can be shown at each place of a noun, in the usual order."""
    fields = [field.key for field in noun.declaration.entered[1:]]
    return {CARD: fields, LINE: fields, FORM: fields, BUTTONS: _buttons(session, noun, reader, actor)}


def _buttons(session: Session, noun: DeclaredNoun, reader: Reader, actor: Member) -> Sequence[str]:
    """Return every button of the newest record's card, those laid out already, and those of all cards."""
    usual = ["note", "followup", "edit"]
    record = newest(session, noun)
    shown = records.card(session, noun, record, reader, actor, every=True).blocks if record is not None else []
    elements = [one for block in shown if isinstance(block, ActionsBlock) for one in block.elements]
    found = [key for one in elements if (key := cards.button_key(one)) not in {"more", ""}]
    kept = noun.declaration.layout.get(BUTTONS, ())
    return list(dict.fromkeys([*found, *kept, *usual]))


def sections(catalogue: Registry) -> Mapping[str, str]:
    """Return the parts of the Home by their keys."""
    return {one.id: one.title for one in catalogue.sections}


def lay_out(session: Session, noun: DeclaredNoun, place: str, typed: str, there: Mapping[str, Sequence[str]]) -> None:
    """Show what was typed at a place; raise Invalid for what cannot be."""
    keys = read_keys(typed)
    if place == FORM and keys is not None:
        layout_definitions.check_form(noun.declaration, keys)
    layout_definitions.lay_out(session, noun.declaration.key, place, keys, there[place])
