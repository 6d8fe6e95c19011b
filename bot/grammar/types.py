"""Name the types that the keys and places of a command can have.

`WORD` is what a key has that names none: one word, or several in quotes.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from bot.grammar.amounts import read_amount, unreadable
from bot.grammar.calendar.dates import date_in, moment_in, no_date, no_moment
from bot.grammar.calendar.recurring import When, no_when, when_in
from bot.grammar.entities import OPAQUE, Decoded, Entity, EntityKind, shown
from bot.grammar.reading import DOUBLE_QUOTES, Folded, Reading, Several, ValueType, Writer, ends_value, fold, trimmed
from storage.errors import Invalid
from storage.money import Money

_YES = frozenset({"yes", "y", "true", "on", "1", "ok", "ja", "j", "oui", "sí", "是", "是的", "对", "好", "要"})
_NO = frozenset({"no", "n", "false", "off", "0", "nein", "non", "否", "不", "不是", "不要"})
_ME = frozenset(["me", "myself", "i", "ich", "mich", "moi", "yo", "eu", "我", "自己", "本人", "私"])
_WORD = re.compile(rf"(?:(?:\A|(?<=[,，、;；]))[{DOUBLE_QUOTES}][^{DOUBLE_QUOTES}\n]*[{DOUBLE_QUOTES}]|\S)+")
_QUOTED = rf"[{DOUBLE_QUOTES}]([^{DOUBLE_QUOTES}\n]*)[{DOUBLE_QUOTES}]"
_NAME = re.compile(rf"(?:\A|(?<=[,，、;\n]))\s*{_QUOTED}\s*(?=[,，、;\n]|\Z)|[^,，、;\n]+")
_PHONE = re.compile(
    r"\+?\(?\d[\d()/.\u2010-\u2015-]*(?:[ \u00a0\u3000]?[(/-]?[ ]?\d[\d()/.\u2010-\u2015-]*)*(?<=\d)"
    r"(?: ?(?:x|ext\.?|Durchwahl|分机) ?\d{1,6})?(?![^\s,;，；、])",
    re.IGNORECASE,
)
_SPAN = re.compile(
    r"(?:(?P<hours>\d{1,4}(?:[.,]\d{1,2})?) ?(?:hours?|heures?|horas?|hrs?|h|stunden?|std|个?小时|个?钟头))?"
    r"(?:,? ?(?:(?:and|und|et|y) )?(?P<minutes>\d{1,6}) ?(?:minut(?:en|es|os|e|o)|mins?|m|分钟?))?"
)
_JOINT = re.compile(r"[\s,;&+、，；和]*(?:\b(?:and|und)\b)?[\s,;&+、，；和]*")


@dataclass(frozen=True)
class WordType:
    """Read one word, without the punctuation of the sentence around it; several words stand in quotes.

    So do those of one of several names between commas: `North,"Far East"` is one value.
    """

    spaced = False
    lax = False

    def read(self, text: Decoded, writer: Writer) -> Reading[str] | None:
        """Read the first word."""
        found = _WORD.match(text.mask)
        word = trimmed(text.part(0, found.end())) if found else text.part(0, 0)
        if not word.text:
            return None
        return Reading(word.text, text.text.index(word.text) + len(word.text))

    def refusal(self, typed: str) -> Invalid:
        """Return the error for no word at all."""
        return Invalid("I do not understand {text} here.", text=shown(typed))


@dataclass(frozen=True)
class PhoneType:
    """Read a telephone number as people write it, with spaces, brackets and an extension; else a word with a digit."""

    spaced = True
    lax = False

    def read(self, text: Decoded, writer: Writer) -> Reading[str] | None:
        """Read all groups of digits that stand together."""
        found = _PHONE.match(text.mask)
        if found:
            return Reading(text.text[: found.end()], found.end())
        word = WORD.read(text, writer)
        return word if word and any(one.isdigit() for one in word.value) else None

    def refusal(self, typed: str) -> Invalid:
        """Return the error for what is no number."""
        return Invalid("This does not look like a telephone number: {phone}", phone=shown(typed))


@dataclass(frozen=True)
class AmountType:
    """Read an amount of money, in the workspace's currency where it names none."""

    spaced = True
    lax = False

    def read(self, text: Decoded, writer: Writer) -> Reading[Money] | Several | None:
        """Read as many words as belong to an amount."""
        return read_amount(text, currency=writer.currency, locale=writer.locale)

    def refusal(self, typed: str) -> Invalid:
        """Return the error for what is no amount."""
        return unreadable(typed)


@dataclass(frozen=True)
class DayType:
    """Read a day; `past` prefers the last such day to the next, for what can only have happened."""

    past: bool = False
    spaced = True
    lax = False

    def read(self, text: Decoded, writer: Writer) -> Reading[date] | None:
        """Read as many words as belong to a day."""
        return date_in(text, writer, past=self.past)

    def refusal(self, typed: str) -> Invalid:
        """Return the error for what is no day."""
        return no_date(typed)


@dataclass(frozen=True)
class MomentType:
    """Read a moment to come, in UTC."""

    spaced = True
    lax = False

    def read(self, text: Decoded, writer: Writer) -> Reading[datetime] | Several | None:
        """Read as many words as belong to a moment; raise Invalid for one that has passed."""
        return moment_in(text, writer)

    def refusal(self, typed: str) -> Invalid:
        """Return the error for what is no moment."""
        return no_moment(typed)


@dataclass(frozen=True)
class RecurrenceType:
    """Read a moment to come, or what recurs with its first moment."""

    spaced = True
    lax = False

    def read(self, text: Decoded, writer: Writer) -> Reading[When] | Several | None:
        """Read as many words as belong to it; raise Invalid for a moment that has passed."""
        return when_in(text, writer)

    def refusal(self, typed: str) -> Invalid:
        """Return the error for what is no time."""
        return no_when(typed)


@dataclass(frozen=True)
class OrNothing:
    """Read what another type reads, or one of some words for nothing as None."""

    kind: ValueType[Any]
    words: frozenset[str]

    @property
    def spaced(self) -> bool:
        """Tell what the other type tells."""
        return self.kind.spaced

    @property
    def lax(self) -> bool:
        """Tell what the other type tells."""
        return self.kind.lax

    def read(self, text: Decoded, writer: Writer) -> Reading[Any] | Several | None:
        """Read a word for nothing, or as the other type does."""
        word = WORD.read(text, writer)
        return Reading(None, word.end) if word and fold(word.value) in self.words else self.kind.read(text, writer)

    def refusal(self, typed: str) -> Invalid:
        """Return the other type's error."""
        return self.kind.refusal(typed)


@dataclass(frozen=True)
class PersonType:
    """Read the Slack id of a person who is mentioned, or of the writer for "me"."""

    spaced = True
    lax = False

    def read(self, text: Decoded, writer: Writer) -> Reading[str] | None:
        """Read one mention."""
        entity = _first(text, EntityKind.USER)
        if entity:
            return Reading(entity.id, entity.end)
        word = WORD.read(text, writer)
        return Reading(writer.me, word.end) if word and is_me(word.value) else None

    def refusal(self, typed: str) -> Invalid:
        """Return the error for what is no person."""
        return Invalid("{value} is not a person I can see. Write @ and pick a name.", value=shown(typed))


@dataclass(frozen=True)
class Called:
    """Hold the name by which somebody was called who was not mentioned."""

    name: str


@dataclass(frozen=True)
class ColleagueType:
    """Read the Slack id of a person who is mentioned, or the name of one: all words up to the next key."""

    spaced = True
    lax = False

    def read(self, text: Decoded, writer: Writer) -> Reading[str | Called] | None:
        """Read one mention, or a name."""
        name = trimmed(text)
        found = PERSON.read(text, writer)
        return found or (Reading(Called(name.text), len(text.text)) if name.text and not name.entities else None)

    def refusal(self, typed: str) -> Invalid:
        """Return the error for what is no person."""
        return PERSON.refusal(typed)


@dataclass(frozen=True)
class PeopleType:
    """Read the ids of one person or more, in the order they are mentioned."""

    spaced = True
    lax = False

    def read(self, text: Decoded, writer: Writer) -> Reading[tuple[str, ...]] | None:
        """Read as many mentions as there are, with commas, "and" or nothing between them."""
        found: list[str] = []
        end, joint = 0, ""
        while (person := PERSON.read(text.part(end + len(joint), len(text.text)), writer)) is not None:
            if joint.isspace() and text.mask[end + len(joint)] != OPAQUE:
                break
            found.append(person.value)
            end += len(joint) + person.end
            between = _JOINT.match(text.mask, end)
            joint = between[0] if between else ""
        return Reading(tuple(dict.fromkeys(found)), end) if found else None

    def refusal(self, typed: str) -> Invalid:
        """Return the error for what is nobody."""
        return PERSON.refusal(typed)


@dataclass(frozen=True)
class ChannelType:
    """Read the Slack id of a channel that is mentioned."""

    spaced = True
    lax = False

    def read(self, text: Decoded, writer: Writer) -> Reading[str] | None:
        """Read one channel."""
        entity = _first(text, EntityKind.CHANNEL)
        return Reading(entity.id, entity.end) if entity else None

    def refusal(self, typed: str) -> Invalid:
        """Return the error for what is no channel."""
        return Invalid("{value} is not a channel I can see. Write # and pick one.", value=shown(typed))


@dataclass(frozen=True)
class FlagType:
    """Read a yes or no, in the languages people answer in."""

    spaced = False
    lax = True

    def read(self, text: Decoded, writer: Writer) -> Reading[bool] | None:
        """Read one word."""
        found = WORD.read(text, writer)
        word = fold(found.value) if found else ""
        return Reading(word in _YES, found.end) if found and word in _YES | _NO else None

    def refusal(self, typed: str) -> Invalid:
        """Return the error for anything else."""
        return Invalid("This is yes or no, and I cannot tell which {value} is.", value=shown(typed))


@dataclass(frozen=True)
class SpanType:
    """Read hours and minutes into minutes; `hint` says in an error how to write them."""

    hint: str = "Write hours or minutes, such as 90m, 1h30m or 8h."
    spaced = True
    lax = False

    def read(self, text: Decoded, writer: Writer) -> Reading[int] | None:
        """Read as many words as belong to a span."""
        folded = Folded(text.mask)
        found = _SPAN.match(folded.text)
        if found is None or not found[0] or not ends_value(folded.text, found.end()):
            return None
        hours = float((found["hours"] or "0").replace(",", "."))
        return Reading(round(hours * 60) + int(found["minutes"] or 0), folded.end(found.end()))

    def refusal(self, typed: str) -> Invalid:
        """Return the error for what is no span."""
        return Invalid("I do not understand {text} as a time.", hint=self.hint, text=shown(typed))


@dataclass(frozen=True)
class NamesType:
    """Read names with commas between them, all up to the next key."""

    spaced = False
    lax = False

    def read(self, text: Decoded, writer: Writer) -> Reading[tuple[str, ...]] | None:
        """Read the names in their order, without the spaces around them."""
        names = split_names(text.text)
        return Reading(names, len(text.text)) if names else None

    def refusal(self, typed: str) -> Invalid:
        """Return the error for no name at all."""
        return WORD.refusal(typed)


WORD = WordType()
NAMES = NamesType()
PHONE = PhoneType()
AMOUNT = AmountType()
DAY = DayType()
MOMENT = MomentType()
WHEN = RecurrenceType()
PERSON = PersonType()
COLLEAGUE = ColleagueType()
PEOPLE = PeopleType()
CHANNEL = ChannelType()
FLAG = FlagType()


def split_names(text: str) -> tuple[str, ...]:
    """Return the names of a text with commas or line ends between them, without spaces and quotes around them."""
    found = (match[1] if match[1] is not None else match[0] for match in _NAME.finditer(text))
    return tuple(part.strip() for part in found if part.strip())


def is_me(text: str) -> bool:
    """Tell whether a word means who writes it."""
    return fold(text).removeprefix("@") in _ME


def _first(text: Decoded, kind: EntityKind) -> Entity | None:
    return next((entity for entity in text.entities if entity.start == 0 and entity.kind is kind), None)
