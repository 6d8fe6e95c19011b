"""Read the words after a command into typed arguments."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from bot.grammar.amounts import parse_amount
from bot.grammar.dates import parse_date, parse_moment
from bot.grammar.entities import Decoded, Kind, shown, unescape, visible
from bot.grammar.recurring import When, parse_when
from bot.grammar.usage import Usage
from bot.grammar.words import Words, did_you_mean, fold, split_first, take_apart, unquote
from storage.errors import Invalid
from storage.money import Money

_YES = frozenset({"yes", "y", "true", "on", "1", "ok", "ja", "j", "oui", "sí", "是", "是的", "对", "好", "要"})
_NO = frozenset({"no", "n", "false", "off", "0", "nein", "non", "否", "不", "不是", "不要"})
_ME = frozenset(["me", "myself", "i", "ich", "mich", "moi", "yo", "eu", "我", "自己", "本人", "私"])


@dataclass(frozen=True)
class Args:
    """Hold the arguments of one command.

    `raw` is what Slack sent, `text` the free words, `record` the first of two places, `filters` the comparisons as
    words (`amount>10k`; a mentioned person as `owner:<@U123>`).
    """

    raw: str
    text: str
    record: str
    filters: tuple[str, ...]
    usage: Usage
    values: Mapping[str, Decoded]

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

    def user(self, key: str, *, me: str) -> str | None:
        """Return the Slack id of the person a value mentions; `me` is the id of who writes.

        Raises Invalid for anything but a mention and "me".
        """
        value = self._value(key)
        if value is None:
            return None
        if value.entity is None and is_me(value.text):
            return me
        return self._mentioned(key, value, Kind.USER, "{value} is not a person I can see. Write @ and pick a name.")

    def channel(self, key: str) -> str | None:
        """Return the Slack id of the channel a value mentions; raise Invalid for anything else."""
        value = self._value(key)
        if value is None:
            return None
        return self._mentioned(key, value, Kind.CHANNEL, "{value} is not a channel I can see. Write # and pick one.")

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return a yes or no, in the languages people answer in; raise Invalid for anything else."""
        value = self.get(key)
        if value is None:
            return default
        word = fold(value)
        if word in _YES or word in _NO:
            return word in _YES
        raise Invalid(
            "{key}: is yes or no, and I can not tell which {value} is.",
            field=key,
            typed=value,
            key=key,
            value=shown(value),
        )

    def amount(self, key: str, *, currency: str) -> Money | None:
        """Return an amount of money; `currency` is the workspace's, for amounts that name none. Raises Invalid."""
        value = self.get(key)
        return None if value is None else parse_amount(value, currency=currency, field=key)

    def date(
        self, key: str, *, zone: str | tzinfo, now: datetime, locale: str = "en-US", past: bool = False
    ) -> date | None:
        """Return a day, read as `parse_date` reads it; raise Invalid for anything else."""
        value = self.get(key)
        return None if value is None else parse_date(value, zone=zone, now=now, locale=locale, field=key, past=past)

    def moment(self, key: str, *, zone: str | tzinfo, now: datetime, locale: str = "en-US") -> datetime | None:
        """Return a moment to come in UTC, read as `parse_moment` reads it; raise Invalid for anything else."""
        value = self.get(key)
        return None if value is None else parse_moment(value, zone=zone, now=now, locale=locale, field=key)

    def when(self, key: str, *, zone: str | tzinfo, now: datetime, locale: str = "en-US") -> When | None:
        """Return a moment to come or what recurs, read as `parse_when` reads it; raise Invalid for anything else."""
        value = self.get(key)
        return None if value is None else parse_when(value, zone=zone, now=now, locale=locale, field=key)

    def _value(self, key: str) -> Decoded | None:
        if not self.usage.declares(key):
            raise KeyError(f"{key!r} is not declared by the usage {self.usage.line!r}")
        return self.values.get(key)

    def _mentioned(self, key: str, value: Decoded, kind: Kind, sentence: str) -> str:
        if value.entity and value.entity.kind is kind:
            return value.entity.id
        raise Invalid(sentence, field=key, typed=value.text, key=key, value=shown(value.text))


def is_me(text: str) -> bool:
    """Tell whether a word means who writes it."""
    return fold(text).removeprefix("@") in _ME


def parse(text: str, usage: Usage, *, raw: str | None = None) -> Args:
    """Read what follows a command, as Slack sent it; `raw` is the whole line if `text` is a part of it.

    Words that belong to no declared key are the text, wherever they stand. Raises Invalid, naming what was not
    understood, for a key given twice or without a value, a quote never closed, a word or key that has no place, and a
    place or key left empty that is required.
    """
    words = take_apart(text, usage)
    values = dict(words.pairs)
    free = words.rest
    record = ""
    if len(usage.positionals) == 2 and visible(free.text):
        first, free = split_first(free)
        values[usage.positionals[0].name] = first
        record = first.text
    elif usage.positionals:
        free = unquote(free)
    elif visible(free.text):
        _refuse_words(free.text, usage)
    if usage.positionals and visible(free.text):
        values[usage.positionals[-1].name] = free
    for name in usage.required:
        if name not in values or not visible(values[name].text):
            raise _missing(name, usage, unescape(text))
    shown = free.text if visible(free.text) else ""
    return Args(text if raw is None else raw, shown, record, _filters(words), usage, values)


def _filters(words: Words) -> tuple[str, ...]:
    found = []
    for pair in words.filters:
        entity = pair.value.entity
        mention = f"<@{entity.id}>" if entity and entity.kind is Kind.USER else pair.value.text
        found.append(f"{pair.key}{pair.operator}{mention}")
    return tuple(found)


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
