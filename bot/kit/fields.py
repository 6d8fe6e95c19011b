"""Read and draw the fields of a noun together: in a command, in a form, on a card."""

from __future__ import annotations

import json
import re
import zlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.grammar.choices import ChoiceType
from bot.grammar.entities import Decoded, EntityKind
from bot.grammar.reading import PUNCTUATION, ValueType, Writer, read_whole, trimmed
from bot.grammar.types import WORD, OrNothing
from bot.i18n import _
from bot.kit import blocks as b
from bot.kit.faces import Hand, face
from bot.kit.format import Reader
from storage.errors import CrmError
from storage.names import name_key
from storage.records.declaration import Declaration
from storage.records.fields import (
    ChoiceField,
    DateField,
    LinkField,
    NumberField,
    PersonField,
    RecordField,
    SettingField,
    YesNoField,
)
from storage.records.fields.settings import Setting
from storage.records.named import Named
from storage.records.schema import extended

NOTHING = frozenset({"none", "nobody", "-", "无"})
"""The words by which an edit takes a value away."""
_EXAMPLES = {PersonField: "@x", NumberField: "5", DateField: "friday", YesNoField: "yes"}
"""What a usage line shows for a field that comes without an example."""
_SET_APART = re.compile(r"\s+([,;，；、])")


def keys(declaration: Declaration) -> str:
    """Return the part of a usage line that names every field but the name, each with its example."""
    return " ".join(f"[{field.key}:{_example(field)}]" for field in declaration.entered[1:])


def key_types(declaration: Declaration) -> dict[str, ValueType[Any]]:
    """Return how the values of the keys of `keys` are read."""
    own = {field.key: face(field).reads(field) for field in declaration.entered[1:]}
    return {key: words if words is WORD else OrNothing(words, NOTHING) for key, words in own.items()}


def with_whole_names(declaration: Declaration, args: Args, session: Session) -> Args:
    """Return a command's words with names of several words as the values of links: `customer:Harbor Freight`.

    Words behind a value belong to it where they are a record's whole name with it, or are more of the name of the one
    that the value means, or of one where the value alone means none.
    """
    for field in declaration.entered[1:]:
        behind = args.after.get(field.key, ())
        said = args.get(field.key)
        if not isinstance(field, LinkField | SettingField) or not behind or said is None or said.casefold() in NOTHING:
            continue
        alone = _meant(field, session, said)
        for words in range(len(behind), 0, -1):
            name = " ".join((said, *behind[:words])).rstrip(PUNCTUATION)
            meant = _meant(field, session, name)
            if meant and (name_key(meant.name) == name_key(name) or alone is None or alone.id == meant.id):
                args = args.longer(field.key, words)
                break
    return args


def _meant(field: LinkField | SettingField, session: Session, said: str) -> Setting | None:
    try:
        return field.resolve(session, said)
    except CrmError:
        return None


def from_words(declaration: Declaration, args: Args, hand: Hand, but: Sequence[str] = ()) -> dict[str, Any]:
    """Return the values that a command gives by their keys, all `but` some; a word for nothing takes one away.

    Raises CrmError naming the field for what cannot be found.
    """
    values: dict[str, Any] = {}
    for field in declaration.entered[1:]:
        if field.key not in but and args.usage.declares(field.key) and field.key in args:
            empty = (args.get(field.key) or "").casefold() in NOTHING
            read = None if empty else args.read[field.key]
            values[field.key] = None if empty else face(field).from_words(field, read, hand)
    return values


def from_form(declaration: Declaration, entered: Mapping[str, Any], hand: Hand) -> dict[str, Any]:
    """Return the values that a form gives; raise CrmError naming the field for what is none."""
    named = {declaration.aliases.get(key, key): typed for key, typed in entered.items()}
    return {
        field.key: face(field).from_form(field, named[field.key], hand)
        for field in declaration.entered
        if field.key in named
    }


def entries(
    declaration: Declaration, values: Mapping[str, Any], session: Session, only: Collection[str] | None = None
) -> list[Block]:
    """Draw a form with a place for every field, or for some only, and the values there are."""
    return [
        face(field).entry(field, values.get(field.key), not field.required, session)
        for field in (declaration.entered[:1] + declaration.laid_out("form") if only is None else declaration.entered)
        if (only is None or field.key in only) and not _is_settled(field, session)
    ]


def _is_settled(field: RecordField, session: Session) -> bool:
    """Tell whether nobody has to be asked, as there is only one to choose."""
    return isinstance(field, SettingField) and len(field.among(session)) == 1


def shown(declaration: Declaration, key: str, record: Named, reader: Reader, session: Session) -> b.Text:
    """Return the value that a record has in one field as it is read, a dash for none."""
    field = declaration.field(key)
    return face(field).shown(field, record, reader, session) or "–"


def called(session: Session, declaration: Declaration, key: str, value: str, otherwise: str = "") -> str:
    """Return what the workspace calls a choice; where it gave it no name, `otherwise`, or the choice's own word."""
    field = extended(session, declaration).field(key)
    named = field.names.get(value) if isinstance(field, ChoiceField) else None
    return named or otherwise or _(value)


def choice_type(session: Session, declaration: Declaration, key: str) -> ValueType[Any]:
    """Return how a choice is read from words, by what the workspace calls it and by the words it came with."""
    field = extended(session, declaration).field(key)
    return face(field).reads(field)


def prints(declaration: Declaration, values: Mapping[str, Any]) -> dict[str, str]:
    """Return a short print of each value by its key, by which a form tells later whether it is another."""
    return {
        key: f"{zlib.crc32(json.dumps([key, value], ensure_ascii=False).encode()):08x}"
        for key, value in declaration.to_json(values).items()
    }


def facts(
    declaration: Declaration,
    record: Named,
    reader: Reader,
    session: Session,
    others: Mapping[str, b.Text | None] | None = None,
) -> list[b.Markup]:
    """Return label and value of every field but the name that a record has, and of `others` beside or instead."""
    laid = declaration.laid_out("card")
    called = Counter(map(_label, laid))
    # A field that came back may be called as another is by now.
    labels = {one.key: f"{_label(one)} ({one.key})" if called[_label(one)] > 1 else _label(one) for one in laid}
    own = {labels[field.key]: face(field).shown(field, record, reader, session) for field in laid}
    left_out = {_label(field) for field in declaration.entered if field not in laid}
    known = {**own, **{label: value for label, value in (others or {}).items() if label not in left_out}}
    return [b.markup("*{label}*\n{value}", label=label, value=value) for label, value in known.items() if value]


def _label(field: RecordField) -> str:
    """Return what a field is called, with a lock where it is not for everybody."""
    return f"{_(field.label)} 🔒" if field.seen_by else _(field.label)


def particulars(declaration: Declaration, session: Session, reader: Reader, record: Named) -> b.Markup:
    """Return the values of every field but the name in one line."""
    shown = (face(field).shown(field, record, reader, session) for field in declaration.laid_out("line"))
    return b.join([value for value in shown if value], " · ")


def readings(declaration: Declaration, said: Decoded, hand: Hand) -> list[RecordField]:
    """Return the fields of which all of a text is a value that a record may have; text fits any field of text."""
    return [field for field in declaration.entered[1:] if _is_value(field, trimmed(said), hand)]


def _is_value(field: RecordField, said: Decoded, hand: Hand) -> bool:
    kind, reader = face(field).reads(field), hand.reader
    try:
        if kind is WORD:
            return _is_called(field, said.text, hand.session)
        if isinstance(kind, ChoiceType):
            # One letter of a choice says too little where the field is not named.
            kind = replace(kind, whole=True)
        writer = Writer(hand.actor.id, hand.workspace.currency, reader.zone, reader.now, reader.locale)
        read = read_whole(kind, said, writer, field=field.key)
        field.check(hand.session, face(field).from_words(field, read, hand))
    except CrmError:
        return False
    return True


def _is_called(field: RecordField, said: str, session: Session) -> bool:
    """Tell whether a text is the value of a field that is written as a word; raise CrmError where it is none."""
    if isinstance(field, LinkField):
        return name_key(field.resolve(session, said).name) == name_key(said)
    if isinstance(field, SettingField):
        return name_key(field.resolve(session, said).name).startswith(name_key(said))
    if isinstance(field, ChoiceField | NumberField):
        return field.check(session, said) is not None
    return bool(field.written and field.written.fullmatch(said))


def keyed(declaration: Declaration, said: str) -> str | None:
    """Return `owner:tom` of `owner tom`, which names a field before its value; None for anything else."""
    word, _space, value = said.partition(" ")
    key = declaration.aliases.get(word.casefold(), word.casefold())
    named = any(field.key == key for field in declaration.entered[1:])
    return f"{key}:{quoted(value.strip())}" if named and value.strip() and '"' not in value else None


def quoted(value: str) -> str:
    """Return a value as it is typed behind a key: in quotes where it has several words and mentions nobody."""
    return f'"{value}"' if " " in value and "<" not in value else value


@dataclass(frozen=True, slots=True)
class Gathered:
    """Hold what is left of words as a name, and the values that were found among them."""

    name: str
    values: dict[str, Any]


def gather(declaration: Declaration, words: Decoded, given: Mapping[str, Any]) -> Gathered:
    """Take addresses, numbers and mentioned people out of words, for fields of those types that have no value yet.

    Whoever is mentioned and named by no other word is called as in Slack.
    """
    found: dict[str, Any] = {}
    spans: list[tuple[int, int]] = []
    called = ""
    for field in declaration.entered[1:]:
        span = _span(field, words) if field.key not in given else None
        if span is None:
            continue
        start, end, value = span
        spans.append((start, end))
        found[field.key] = value
        if isinstance(field, PersonField):
            called = words.text[start:end].removeprefix("@")
    rest = "".join(" " if any(a <= at < z for a, z in spans) else one for at, one in enumerate(words.text))
    # What stood around a value is no part of the name; a name that is alone is as it was typed.
    name = _SET_APART.sub(r"\1", " ".join(rest.split())).strip(" ,;<>()") if spans else words.text
    return Gathered(name or called, found)


def _span(field: RecordField, words: Decoded) -> tuple[int, int, str] | None:
    """Return where in the words a value of the field's type stands, and the value; None where there is none."""
    if isinstance(field, PersonField) and field.role is None:
        user = next((one for one in words.entities if one.kind is EntityKind.USER), None)
        return (user.start, user.end, user.id) if user else None
    found = field.written.search(words.text) if field.written else None
    return (found.start(), found.end(), found[0].rstrip(".,;")) if found else None


def _example(field: RecordField) -> str:
    example = field.example or next((shown for kind, shown in _EXAMPLES.items() if isinstance(field, kind)), field.key)
    if isinstance(field, ChoiceField) and not field.example:
        example = next(iter(field.choices), field.key)
    return f'"{example}"' if " " in example else example
