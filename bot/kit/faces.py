"""Say how people write and read the fields of nouns: in words, in forms and on cards, one face for each type.

What a value must be and how it is stored is the other face, in `storage.records.fields`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.grammar import parse_amount, parse_moment
from bot.grammar.choices import ChoiceType
from bot.grammar.reading import ValueType
from bot.grammar.types import AMOUNT, COLLEAGUE, DAY, FLAG, MOMENT, PERSON, PHONE, WORD, Called
from bot.i18n import _
from bot.kit import blocks as b
from bot.kit.format import Reader
from storage.errors import CrmError, NotFound
from storage.names import choice_key
from storage.records.fields import (
    AddressField,
    ChoiceField,
    DateField,
    EmailField,
    LinkField,
    LongTextField,
    MomentField,
    MoneyField,
    NumberField,
    PersonField,
    PhoneField,
    RecordField,
    SettingField,
    TextField,
    YesNoField,
)
from storage.records.named import Named
from storage.workspace import members
from storage.workspace.members import Member
from storage.workspace.workspaces import Workspace

PICK = "records.pick"
"""The menu that offers the records a field may be linked to."""
INPUT_LIMIT = 3_000


@dataclass(frozen=True, slots=True)
class Hand:
    """Hold who writes a value, and where: what an amount, a time or "me" means depends on it."""

    session: Session
    actor: Member
    reader: Reader
    workspace: Workspace


class Face:
    """Write and read one type of field; the plain one, for text, is the rule for those that do not differ."""

    words: ValueType[Any] = WORD

    def reads(self, field: Any) -> ValueType[Any]:
        """Return how a value of the field is read from words."""
        return self.words

    def from_words(self, field: Any, read: Any, hand: Hand) -> Any:
        """Return the value of what was read after the field's key."""
        return read

    def from_form(self, field: Any, typed: Any, hand: Hand) -> Any:
        """Return the value of what was entered in a form, None for nothing; raise CrmError for what is none."""
        return typed or None

    def shown(self, field: Any, record: Named, hand: Reader, session: Session) -> b.Text | None:
        """Return a record's value as its reader writes it, None for none."""
        value = field.of(record)
        return None if value is None else str(value)

    def entry(self, field: Any, value: Any, optional: bool, session: Session) -> Block:
        """Draw the place in a form where the value is entered, with the value it has."""
        return self.line(field, "" if value is None else str(value), optional)

    def line(self, field: RecordField, initial: str, optional: bool, *, long: bool = False) -> Block:
        """Draw a place for text."""
        most = min(getattr(field, "most", INPUT_LIMIT), INPUT_LIMIT)
        return b.text_input(
            field.key,
            _(field.label),
            initial=initial,
            placeholder=_(field.example),
            multiline=long,
            optional=optional,
            max_length=most,
            hint=_(field.hint) if field.hint else "",
        )


class LongTextFace(Face):
    """Enter text of many lines."""

    def entry(self, field: LongTextField, value: Any, optional: bool, session: Session) -> Block:
        """Draw a place of many lines; what is too long for a form of Slack's is not in it, so that it is not cut."""
        if value and len(value) > INPUT_LIMIT:
            said = _("*{label}* is too long for a form. Change it in a command, with `{key}:`.")
            return b.context(b.markup(said, label=_(field.label), key=field.key))
        return self.line(field, value or "", optional, long=True)


class PhoneFace(Face):
    """Write a telephone number with the spaces that people put into it."""

    words = PHONE


class MoneyFace(Face):
    """Write an amount in the workspace's currency, or with its own."""

    words = AMOUNT

    def from_form(self, field: MoneyField, typed: Any, hand: Hand) -> Any:
        """Read an amount as its writer means it."""
        if not typed:
            return None
        try:
            # A form has no keys, so no example is written with one.
            return parse_amount(typed, currency=hand.workspace.currency, locale=hand.reader.locale, field=None)
        except CrmError as error:
            raise error.on_field(field.key) from None

    def shown(self, field: MoneyField, record: Named, hand: Reader, session: Session) -> b.Text | None:
        """Show the amount in its own currency."""
        value = field.of(record)
        return None if value is None else hand.money(value)

    def entry(self, field: MoneyField, value: Any, optional: bool, session: Session) -> Block:
        """Draw a place with the amount and its currency, as both are read back."""
        typed = "" if value is None else f"{value.major} {value.currency}".replace(".00 ", " ")
        return self.line(field, typed, optional)


class DateFace(Face):
    """Write a day in words, enter it in a calendar."""

    words = DAY

    def shown(self, field: DateField, record: Named, hand: Reader, session: Session) -> b.Text | None:
        """Show the day, a near one by its weekday."""
        value = field.of(record)
        return None if value is None else hand.day(value)

    def entry(self, field: DateField, value: Any, optional: bool, session: Session) -> Block:
        """Draw a calendar."""
        return b.date_input(field.key, _(field.label), initial=value, optional=optional)


class MomentFace(Face):
    """Write a moment in words, also in a form."""

    words = MOMENT

    def from_form(self, field: MomentField, typed: Any, hand: Hand) -> Any:
        """Read a moment as its writer means it."""
        if not typed:
            return None
        reader = hand.reader
        return parse_moment(typed, zone=reader.zone, now=reader.now, locale=reader.locale, field=field.key)

    def shown(self, field: MomentField, record: Named, hand: Reader, session: Session) -> b.Text | None:
        """Show the moment where the reader is."""
        value = field.of(record)
        return None if value is None else hand.moment(value)

    def entry(self, field: MomentField, value: Any, optional: bool, session: Session) -> Block:
        """Draw a place with the moment as it is read back."""
        return self.line(field, f"{value.astimezone(UTC):%Y-%m-%d %H:%M UTC}" if value else "", optional)


class ChoiceFace(Face):
    """Choose one of a few values, by the words people use for it."""

    def reads(self, field: ChoiceField) -> ValueType[Any]:
        """Return how a choice is read; one of a workspace's own field by its name."""
        if not field.named:
            return WORD if field.names else ChoiceType(field.key, tuple(map(str, field.choices)))
        names = tuple(field.name_of(choice) for choice in field.choices)
        called = tuple((name, choice) for name, choice in zip(names, field.choices, strict=True) if name != choice)
        bare = tuple((choice_key(name), choice) for name, choice in called)
        return ChoiceType(field.key, tuple(map(str, field.choices)), (*bare, *called), listed=names if called else ())

    def shown(self, field: ChoiceField, record: Named, hand: Reader, session: Session) -> b.Text | None:
        """Show the choice in the reader's language."""
        value = field.of(record)
        return None if value is None else _(field.name_of(value))

    def entry(self, field: ChoiceField, value: Any, optional: bool, session: Session) -> Block:
        """Draw a menu of the choices."""
        # What a record has is offered to it, also where nobody else may choose it any more.
        offered = dict.fromkeys([*field.choices, *([value] if value else [])])
        options = [b.Option(_(field.name_of(choice)), choice) for choice in offered]
        return b.choice_input(field.key, _(field.label), options, initial=value or "", optional=optional)


class PersonFace(Face):
    """Mention a person, or choose one; one of our own may be named."""

    def reads(self, field: PersonField) -> ValueType[Any]:
        """Return how a person is read: anybody by a mention, one of our own also by name."""
        return PERSON if field.role is None else COLLEAGUE

    def from_words(self, field: PersonField, read: Any, hand: Hand) -> Any:
        """Return the id of the person who was mentioned or named."""
        if not isinstance(read, Called):
            return read
        try:
            return members.called(hand.session, read.name).id
        except CrmError as error:
            raise error.on_field(field.key) from None

    def shown(self, field: PersonField, record: Named, hand: Reader, session: Session) -> b.Text | None:
        """Mention the person."""
        value = field.of(record)
        return None if value is None else b.person(value)

    def entry(self, field: PersonField, value: Any, optional: bool, session: Session) -> Block:
        """Draw a menu of people."""
        return b.person_input(field.key, _(field.label), initial=value, optional=optional)


class YesNoFace(Face):
    """Say yes or no."""

    words = FLAG

    def from_form(self, field: YesNoField, typed: Any, hand: Hand) -> Any:
        """Return the value that was chosen."""
        return {"yes": True, "no": False}.get(typed)

    def shown(self, field: YesNoField, record: Named, hand: Reader, session: Session) -> b.Text | None:
        """Show yes or no."""
        value = field.of(record)
        return None if value is None else _("yes") if value else _("no")

    def entry(self, field: YesNoField, value: Any, optional: bool, session: Session) -> Block:
        """Draw a menu of both."""
        options = [b.Option(_("yes"), "yes"), b.Option(_("no"), "no")]
        initial = "" if value is None else "yes" if value else "no"
        return b.choice_input(field.key, _(field.label), options, initial=initial, optional=optional)


class AddressFace(Face):
    """Write a web address, read it as a link."""

    def shown(self, field: AddressField, record: Named, hand: Reader, session: Session) -> b.Text | None:
        """Link to the address."""
        value = field.of(record)
        return None if value is None else b.link(value, value.removeprefix("https://"))


class LinkFace(Face):
    """Name a record of another noun, or look for it while typing."""

    def from_words(self, field: LinkField, read: Any, hand: Hand) -> Any:
        """Return the number of the record that was named."""
        return _numbered(field, str(read), hand)

    def from_form(self, field: LinkField, typed: Any, hand: Hand) -> Any:
        """Return the number of the record that was chosen."""
        return _numbered(field, str(typed), hand) if typed else None

    def shown(self, field: LinkField, record: Named, hand: Reader, session: Session) -> b.Text | None:
        """Show the name and reference of what the record is linked to."""
        linked = field.linked(session, record)
        return b.markup("{name}  {ref}", name=linked.name, ref=linked.reference) if linked else None

    def entry(self, field: LinkField, value: Any, optional: bool, session: Session) -> Block:
        """Draw a menu that is filled while the person types."""
        linked = field.at_number(session, value)
        initial = b.record_option(linked.name, linked.reference) if linked else None
        return b.search_input(field.key, _(field.label), PICK, initial=initial, optional=optional)


class SettingFace(Face):
    """Name a setting of the workspace, or choose it from a menu by its name."""

    def from_words(self, field: SettingField, read: Any, hand: Hand) -> Any:
        """Return the number of the setting that was named."""
        return _numbered(field, str(read), hand)

    def from_form(self, field: SettingField, typed: Any, hand: Hand) -> Any:
        """Return the number of the setting that was chosen; forms of the release before name it."""
        if not typed:
            return None
        number = re.fullmatch(r"#([0-9]{1,18})", str(typed))
        return int(number[1]) if number else _numbered(field, str(typed), hand)

    def shown(self, field: SettingField, record: Named, hand: Reader, session: Session) -> b.Text | None:
        """Show its name."""
        linked = field.linked(session, field.of(record))
        return linked.name if linked else None

    def entry(self, field: SettingField, value: Any, optional: bool, session: Session) -> Block:
        """Draw a menu of the settings that are offered, and the one that is chosen already."""
        chosen = field.linked(session, value)
        among = {one.id: one.name for one in (*field.among(session), *([chosen] if chosen else []))}
        options = [b.Option(name, f"#{number}") for number, name in among.items()]
        initial = f"#{chosen.id}" if chosen else ""
        return b.choice_input(field.key, _(field.label), options, initial=initial, optional=optional)


FACES: Mapping[type[RecordField], Face] = {
    TextField: Face(),
    LongTextField: LongTextFace(),
    NumberField: Face(),
    MoneyField: MoneyFace(),
    DateField: DateFace(),
    MomentField: MomentFace(),
    ChoiceField: ChoiceFace(),
    PersonField: PersonFace(),
    YesNoField: YesNoFace(),
    EmailField: Face(),
    PhoneField: PhoneFace(),
    AddressField: AddressFace(),
    LinkField: LinkFace(),
    SettingField: SettingFace(),
}
"""How people write and read each type of field."""


def _numbered(field: LinkField | SettingField, typed: str, hand: Hand) -> int:
    try:
        return field.resolve(hand.session, typed).id
    except NotFound as error:
        if isinstance(field, LinkField) and not error.candidates and "noun" in error.params:
            error.hint = error.hint or "Add it with `/crm {noun} add`."
        raise error.on_field(field.key) from None
    except CrmError as error:
        raise error.on_field(field.key) from None


def face(field: RecordField) -> Face:
    """Return how people write and read a field."""
    return next(FACES[kind] for kind in type(field).__mro__ if kind in FACES)
