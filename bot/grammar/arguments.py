"""Read the words after a command into typed arguments."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, TypeVar

from bot.grammar.calendar.recurring import When
from bot.grammar.entities import Decoded, shown, unescape, visible
from bot.grammar.reading import Several, ValueType, Writer, ambiguous, at_fault, read_whole
from bot.grammar.types import AMOUNT, CHANNEL, DAY, FLAG, MOMENT, PERSON, WHEN, WORD
from bot.grammar.unkeyed import take_unkeyed
from bot.grammar.usage import Positional, Usage
from bot.grammar.words import BETWEEN, NONE, Pair, did_you_mean, split_first, take_apart, unquote
from storage.errors import Invalid
from storage.money import Money

V = TypeVar("V")
_TOWARDS = re.compile(r"(?:\s+(?:to|for|auf|à|a|para|-+>)|\s*[→到至])\s*\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Args:
    """Hold the arguments of one command.

    `raw` is what Slack sent, `text` the free words, `record` the first of two places, `filters` the comparisons, to be
    `understood`, `read` the values as the types of their keys and places have read them. `after` are the words behind
    the one word of a key, `taken` how many of them it has, `sent` is what they were read from.
    """

    raw: str
    text: str
    record: str
    filters: tuple[Pair, ...]
    usage: Usage
    values: Mapping[str, Decoded]
    read: Mapping[str, Any]
    writer: Writer
    sent: str = ""
    after: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    taken: Mapping[str, int] = field(default_factory=dict)

    def __contains__(self, key: str) -> bool:
        return self._value(key) is not None

    def __getitem__(self, key: str) -> str:
        value = self.get(key)
        if value is None:
            raise _missing(key, self.usage, self.raw)
        return value

    def get(self, key: str) -> str | None:
        """Return the value of a key or place as typed, or None where it was left out."""
        value = self._value(key)
        return value.text if value else None

    def user(self, key: str) -> str | None:
        """Return the Slack id of the person a value mentions or means by "me"; raise Invalid for anybody else."""
        return self.typed(key, PERSON)

    def channel(self, key: str) -> str | None:
        """Return the Slack id of the channel a value mentions; raise Invalid for anything else."""
        return self.typed(key, CHANNEL)

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return a yes or no, in the languages people answer in; raise Invalid for anything else."""
        said = self.typed(key, FLAG)
        return default if said is None else said

    def amount(self, key: str) -> Money | None:
        """Return an amount of money; raise Invalid for anything else."""
        return self.typed(key, AMOUNT)

    def date(self, key: str) -> date | None:
        """Return a day; raise Invalid for anything else."""
        return self.typed(key, DAY)

    def moment(self, key: str) -> datetime | None:
        """Return a moment to come in UTC; raise Invalid for anything else."""
        return self.typed(key, MOMENT)

    def when(self, key: str) -> When | None:
        """Return a moment to come or what recurs; raise Invalid for anything else."""
        return self.typed(key, WHEN)

    def typed(self, key: str, kind: ValueType[V]) -> V | None:
        """Return the value of a key or place as a type reads it, or None where it was left out.

        Raises Invalid for anything else; one that was declared with this type has been read already.
        """
        value = self._value(key)
        if value is None:
            return None
        if self.usage.type_of(key) == kind:
            found: V = self.read[key]
            return found
        return read_whole(kind, value, self.writer, field=key)

    def place_of(self, typed: str) -> tuple[str, str] | None:
        """Return the key, place or filter whose value is a text, or begins with it, and what follows; None if none."""
        for key, value in self.values.items():
            if value.text == typed and self.usage.type_of(key) in {None, WORD}:
                return key, ""
        found = (pair for pair in self.filters if pair.key and typed and pair.value.text.startswith(typed))
        return next(((pair.key, pair.value.text.removeprefix(typed)) for pair in found), None)

    def having(self, key: str, text: str) -> "Args":
        """Return the same arguments with another text for a key, a place or a filter."""
        value = Decoded(text, text)
        if self.usage.type_of(key) not in {None, WORD}:
            raise Invalid("{text} cannot be chosen for {name}.", field=key, typed=self.raw, text=shown(text), name=key)
        if not self.usage.declares(key):
            filters = (replace(pair, value=value) if pair.key == key else pair for pair in self.filters)
            return replace(self, filters=tuple(filters))
        changed = replace(self, values={**self.values, key: value}, read={**self.read, key: text})
        places = [place.name for place in self.usage.positionals]
        if len(places) == 2 and key == places[0]:
            return replace(changed, record=text)
        return replace(changed, text=text) if key in places else changed

    def longer(self, key: str, words: int) -> "Args":
        """Return the same arguments with so many of the words behind the value of a key as a part of it."""
        return parse(self.sent, self.usage, self.writer, raw=self.raw, longer={**self.taken, key: words})

    def _value(self, key: str) -> Decoded | None:
        if not self.usage.declares(key):
            raise KeyError(f"{key!r} is not declared by the usage {self.usage.line!r}")
        return self.values.get(key)


def parse(text: str, usage: Usage, writer: Writer, *, raw: str | None = None, longer: Mapping[str, int] = NONE) -> Args:
    """Read what follows a command, as Slack sent it; `raw` is the whole line if `text` is a part of it.

    A key that takes one word has so many words `longer`.

    Words that belong to no declared key are the text, wherever they stand; a time that is required needs no key at the
    end of them, or directly behind the first place. Raises Invalid, naming what was not understood, for a key given
    twice or without a value, a value its type cannot read, a quote never closed, a word or key that has no place, and a
    place or key left empty that is required.
    """
    words = take_apart(text, usage, writer, longer)
    values = {key: pair.value for key, pair in words.pairs.items()}
    read = {key: pair.read for key, pair in words.pairs.items()}
    free = words.rest
    record = ""
    filters = words.filters
    for key in usage.keys.values():
        if key.required and key.type is WHEN and key.name not in values and usage.positionals:
            free = free.strip()
            begin = len(free.text) - len(split_first(free)[1].text)
            if taken := take_unkeyed(free, begin, key, writer):
                values[key.name], free, read[key.name] = taken
                # "F-12 to friday" names F-12; where there is a place for words, "talk to" may be what is to be done.
                free = free.part(0, len(_TOWARDS.sub("", free.text))) if len(usage.positionals) == 1 else free
    if len(usage.positionals) == 2 and visible(free.text):
        first, free = _first_place(free, usage.positionals[0], writer, read)
        values[usage.positionals[0].name] = first
        record = first.text
    elif usage.positionals:
        free = unquote(free)
    elif visible(free.text) and usage.filters:
        filters = (*filters, Pair("", "", free, len(free.text)))
    elif visible(free.text):
        _refuse_words(free.text, usage)
    if usage.positionals and visible(free.text):
        place = usage.positionals[-1]
        values[place.name] = free
        if place.type:
            read[place.name] = read_whole(place.type, free, writer, field=place.name)
    for name in usage.required:
        if name not in values or not visible(values[name].text):
            raise _missing(name, usage, unescape(text))
    shown = free.text if visible(free.text) else ""
    after = {key: pair.after for key, pair in words.pairs.items() if pair.after}
    return Args(text if raw is None else raw, shown, record, filters, usage, values, read, writer, text, after, longer)


def _first_place(free: Decoded, place: Positional, writer: Writer, read: dict[str, Any]) -> tuple[Decoded, Decoded]:
    """Return what the first of two places takes, as many words as its type can read, and the rest."""
    if place.type is None:
        return split_first(free)
    free = free.strip()
    try:
        found = place.type.read(free, writer)
        if found is None:
            raise place.type.refusal(split_first(free)[0].text)
    except Invalid as error:
        raise at_fault(error, free.text, place.name) from None
    if isinstance(found, Several):
        raise ambiguous(free.text, found, None)
    read[place.name] = found.value
    rest = free.part(found.end, len(free.text))
    return free.part(0, found.end), rest.part(len(rest.text) - len(rest.text.lstrip(BETWEEN)), len(rest.text))


def _refuse_words(text: str, usage: Usage) -> None:
    near = did_you_mean(text.split(maxsplit=1)[0], usage.keys)
    raise Invalid(
        "I do not understand {text} here.",
        hint="Did you mean {example}?" if near else None,
        typed=text,
        text=shown(text),
        example=usage.keys[near].written if near else None,
    )


def _missing(name: str, usage: Usage, typed: str) -> Invalid:
    key = usage.keys.get(name)
    if key is None:
        return Invalid("The {name} is missing.", field=name, typed=typed, name=name)
    return Invalid(
        "{name}: is missing. Write for example {example}.", field=name, typed=typed, name=name, example=key.written
    )
