"""Read what a list is asked for: filters whose values have as many words as their fields can read, and bare words.

    /deal list mine overdue
    /deal list customer:Harbor Freight stage:proposal, negotiation close:next week owner:Mara Lindt

What is understood is put in words that `storage.records.query` reads and a person can check: days by their dates,
people by mentions, records by their names. A bare word is what the noun's fields say it asks for, or a value of the one
field that can read it; where several can, the writer is asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from bot.grammar.amounts import read_amount
from bot.grammar.calendar.dates import no_date, period_in
from bot.grammar.choices import ChoiceType
from bot.grammar.entities import Decoded, shown
from bot.grammar.filters import NOW, FilterValues, order_in
from bot.grammar.reading import Reading, Several, ValueType, ambiguous, fold, is_rest, read_range, trimmed
from bot.grammar.types import AMOUNT, PERSON, WORD
from bot.grammar.words import Pair
from storage.errors import Ambiguous, CrmError, Invalid, NotFound
from storage.money import Money
from storage.names import name_key
from storage.records.comparisons import Field, Fields
from storage.references import parse_reference
from storage.workspace import members

_NOBODY = ChoiceType("value", ("unassigned",), (("-", "unassigned"),), whole=True)
_AT_ONCE = ChoiceType("time", (NOW,), whole=True)
_NAMES = frozenset({"member", "record", "keys"})
_ALSO = re.compile(r"\s*(?:[,;，；、|]|\b(?:and|or|und|oder|et|ou)\b|或者?|和)\s*")
_COMMA = re.compile("[,;，；、|]")
_SORT = re.compile(r"-?[\w-]+(?:\s*[,，、]\s*-?[\w-]+)*")
_ENDS = re.compile(r"[\s,;，；、]+|\Z")
_FILLING = re.compile(
    r"(?:[\s,;，；、]|\b(?:and|und|et|the|deals?|tickets?|customers?|follow-?ups?|tasks?|kunden|aufgaben|clients"
    r"|clientes|tratos|negocios|closing|closes)\b|的|商机|客户|工单|跟进|任务)+",
    re.IGNORECASE,
)
"""What people write around bare words that asks for nothing."""
_SIGNS = {
    ">": frozenset({"over", "above", "more than", "über", "mehr als"}),
    "<": frozenset({"under", "below", "less than", "unter", "weniger als"}),
    ">=": frozenset({"≥", "at least", "ab", "mindestens"}),
    "<=": frozenset({"≤", "at most", "up to", "bis", "höchstens"}),
}
_THAN = re.compile(
    rf"([<>]=?|[＜＞]|{'|'.join(sorted((word for words in _SIGNS.values() for word in words), key=len, reverse=True))})"
    r"(?![^\W\d_])\s*",
    re.IGNORECASE,
)
_LONGEST = 8
"""So many words at most are tried as a name."""


def understood(asked: Sequence[Pair], session: Session, fields: Fields, values: FilterValues) -> tuple[str, ...]:
    """Return what is asked for as filters in words, one each, for `parse_filters`.

    Raises Invalid, NotFound or Ambiguous, naming the field at fault, for a field there is not, a value it cannot read,
    and a word that means nothing here or more than one thing.
    """
    return _Asked(session, fields, values).read(asked)


class _Asked:
    def __init__(self, session: Session, fields: Fields, values: FilterValues) -> None:
        self._session = session
        self._fields = fields
        self._values = values
        self._day = fields.day

    def read(self, asked: Sequence[Pair]) -> tuple[str, ...]:
        words = self._read(asked)
        if self._fields.day_over and self._asks_what_is_over(words):
            # Who asks what was won this quarter means when it was won, not when it was to be.
            self._day = self._fields.day_over
            words = self._read(asked)
        return words

    def _asks_what_is_over(self, words: Sequence[str]) -> bool:
        statuses = [set(word.removeprefix("status:").split(",")) for word in words if word.startswith("status:")]
        return bool(statuses) and all(asked <= self._fields.over for asked in statuses)

    def _read(self, asked: Sequence[Pair]) -> tuple[str, ...]:
        words: list[str] = []
        for pair in asked:
            if not pair.key:
                words += self._bare(pair.value)
                continue
            try:
                found = self._filter(pair)
            except CrmError as error:
                raise error.on_field(pair.key) from None
            words.append(f"{pair.key}{pair.operator}{found.value}")
            words += self._bare(pair.value.part(found.end, len(pair.value.text)))
        return tuple(dict.fromkeys(words))

    def _filter(self, pair: Pair) -> Reading[str]:
        text = pair.value
        if pair.key == "sort":
            order = _SORT.match(text.text)
            return Reading(re.sub(r"\s+", "", order[0]), order.end()) if order else Reading(text.text, len(text.text))
        on = self._fields.named(pair.key)
        empty = _NOBODY.read(text, self._values) if on.kind != "name" and pair.operator in {":", "=", "!="} else None
        found = Reading("none", empty.end) if empty else self._value(pair.key, on, text)
        if found is None or (pair.quoted and not is_rest(text.text[found.end :])):
            error = self._refusal(pair.key, on, text)
            error.typed = text.text
            raise error
        if isinstance(found, Several):
            raise ambiguous(text.text, found, pair.key)
        return found

    def _value(self, name: str, on: Field, text: Decoded) -> Reading[str] | Several | None:
        match on.kind:
            case "money":
                amount = read_range(text, self._amount) or self._amount(text)
                return Reading(text.text[: amount.end], amount.end) if isinstance(amount, Reading) else amount
            case "date" | "moment":
                return self._days(on, text)
            case "number":
                return WORD.read(text, self._values)
            case "name":
                return Reading(text.text, len(text.text))
            case "choice":
                return _several(text, self._choice(name, on, whole=False))
            case "member" | "record" | "keys":
                return _several(text, partial(self._named, on))

    def _choice(self, name: str, on: Field, *, whole: bool) -> Callable[[Decoded], Reading[str] | None]:
        kind = ChoiceType(name, tuple(on.choices), whole=whole)

        def read(text: Decoded) -> Reading[str] | None:
            # "won,lost" are two; a choice may have a comma in its own name.
            comma = _COMMA.search(text.mask)
            alone = text.part(0, comma.start()) if comma else text
            return kind.read(text, self._values) or kind.read(alone, self._values)

        return read

    def _days(self, on: Field, text: Decoded) -> Reading[str] | None:
        now = _AT_ONCE.read(text, self._values) if on.kind == "moment" else None
        if now:
            return now
        read = partial(period_in, writer=self._values, past=on.past)
        ends = read_range(text, read)
        if isinstance(ends, Reading):
            (first, _), (_, last) = ends.value
            return Reading("..".join(dict.fromkeys((first.isoformat(), last.isoformat()))), ends.end)
        found = read(text)
        return Reading("..".join(dict.fromkeys(day.isoformat() for day in found.value)), found.end) if found else None

    def _amount(self, text: Decoded) -> Reading[Money] | Several | None:
        return read_amount(text, currency=self._values.currency, locale=self._values.locale)

    def _named(self, on: Field, text: Decoded) -> Reading[str] | None:
        """Return the longest name that a text begins with of somebody or something there is."""
        first = _ENDS.search(text.mask)
        alone = text.part(0, first.start() if first else len(text.text))
        if on.kind == "member" and (person := PERSON.read(text, self._values) or PERSON.read(alone, self._values)):
            return Reading(f"<@{person.value}>", person.end)
        for end, said in _beginnings(text):
            try:
                return Reading(self._called(on, said), end)
            except (NotFound, Invalid):
                continue
        return None

    def _called(self, on: Field, said: str) -> str:
        """Return how somebody or something is named so that it is found again; raise NotFound or Ambiguous."""
        if on.kind == "member":
            return f"<@{members.called(self._session, said).id}>"
        assert on.resolve is not None
        found = on.resolve(self._session, said)
        if on.kind == "keys":
            return on.called(self._session, said) if on.called else said
        return _name_of(found, said, lambda name: on.resolve(self._session, name) if on.resolve else None)

    def _refusal(self, name: str, on: Field, text: Decoded) -> CrmError:
        """Return why nothing was read, naming the words that are no value: those before what can be read by itself."""
        if on.kind in _NAMES:
            ends = (said for end, said in reversed(_beginnings(text)) if self._can_follow(text, end))
            try:
                self._called(on, next(ends, text.text))
            except CrmError as error:
                return error
        kinds: dict[str, ValueType[Any]] = {
            "money": AMOUNT,
            "choice": ChoiceType(name.replace("_", " "), tuple(on.choices) or ("",)),
        }
        kind = kinds.get(on.kind)
        return kind.refusal(text.text) if kind else no_date(text.text)

    def _can_follow(self, text: Decoded, end: int) -> bool:
        try:
            self._bare(text.part(end, len(text.text)))
        except CrmError:
            return False
        return True

    def _bare(self, text: Decoded) -> list[str]:
        words: list[str] = []
        while True:
            filling = _FILLING.match(text.mask)
            text = text.part(filling.end() if filling else 0, len(text.text))
            if is_rest(text.text):
                return words
            found = order_in(text, self._fields) or self._word(text)
            words += found.value
            text = text.part(found.end, len(text.text))

    def _word(self, text: Decoded) -> Reading[list[str]]:
        """Return the filters that the words at the beginning of a text are, and where these words end."""
        meaning = tuple(self._fields.words) and ChoiceType("word", tuple(self._fields.words), whole=True).read(
            text, self._values
        )
        if meaning:
            # Whoever turns the page may be somebody else.
            asked = re.sub(r"(?<=:)me\b", f"<@{self._values.me}>", self._fields.words[meaning.value])
            return Reading(asked.split(), meaning.end)
        by_name = self._fields.by_name
        readers: list[tuple[str, Callable[[Decoded], Reading[str] | None]]] = [
            (name, partial(_several, read=self._choice(name, on, whole=True)))
            for name, on in by_name.items()
            if on.kind == "choice"
        ]
        person = next((name for name, on in by_name.items() if on.kind == "member"), None)
        if person and (PERSON.read(text, self._values) or self._is_first_name(text)):
            readers.append((person, partial(_several, read=partial(self._named, by_name[person]))))
        if self._day:
            readers.append((self._day, partial(self._days, by_name[self._day])))
        if compared := self._compared(text):
            return compared
        for name, read in readers:
            found = read(text)
            if found:
                return Reading([f"{name}:{found.value}"], found.end)
        return self._name(text)

    def _is_first_name(self, text: Decoded) -> bool:
        """Tell whether a text begins with a colleague's name, which may be short for a day: "tom", "may"."""
        word = WORD.read(text, self._values)
        if word is None or not (self._day and self._days(self._fields.by_name[self._day], text)):
            return False
        try:
            return name_key(word.value) in name_key(members.called(self._session, word.value).name).split()
        except CrmError:
            return False

    def _compared(self, text: Decoded) -> Reading[list[str]] | None:
        """Read `> 50k` and "over 50k" as a filter of the one field that is money; None for anything else."""
        money = [name for name, on in self._fields.by_name.items() if on.kind == "money"]
        than = _THAN.match(text.mask)
        if than is None or len(money) != 1:
            return None
        rest = text.part(than.end(), len(text.text))
        amount = read_amount(rest, currency=self._values.currency, locale=self._values.locale)
        if not isinstance(amount, Reading):
            return None
        operator = next((sign for sign, words in _SIGNS.items() if fold(than[1]) in words), fold(than[1]))
        return Reading([f"{money[0]}{operator}{rest.text[: amount.end]}"], than.end() + amount.end)

    def _name(self, text: Decoded) -> Reading[list[str]]:
        """Return the one field of which the longest name that a text begins with is a value."""
        named: dict[Any, tuple[str, Field]] = {}
        for name, on in self._fields.by_name.items():
            if on.kind in _NAMES:
                # Another name for a field is none of its own; two fields may be about one column.
                named.setdefault((on.column, on.resolve), (name, on))
        for end, said in _beginnings(text):
            found: list[str] = []
            unclear: Ambiguous | None = None
            for name, on in named.values():
                try:
                    found.append(f"{name}:{self._called(on, said)}")
                except (NotFound, Invalid):
                    continue
                except Ambiguous as error:
                    unclear = unclear or error.on_field(name)
            if len(found) > 1:
                raise Invalid(
                    "{value} can be read in more than one way.",
                    hint="Write {texts}.",
                    typed=text.text,
                    value=shown(said),
                    texts=" or ".join(found),
                )
            if found:
                return Reading(found, end)
            if unclear:
                raise unclear
        raise Invalid(
            "I do not understand {text} here.",
            hint="Filter by {names}." if not self._fields.words else "Write {words}, or filter by {names}.",
            typed=text.text,
            text=shown(text.text),
            words=", ".join(self._fields.words),
            names=", ".join(self._fields.shown),
        )


def _several(text: Decoded, read: Callable[[Decoded], Reading[str] | None]) -> Reading[str] | None:
    """Return as many values as stand at the beginning of a text with commas or "or" between them."""
    found: list[str] = []
    end, next_at = 0, 0
    while (one := read(text.part(next_at, len(text.text)))) is not None:
        found.append(one.value)
        end = next_at + one.end
        also = _ALSO.match(text.mask, end)
        if also is None or also.end() == len(text.mask):
            break
        next_at = also.end()
    return Reading(",".join(dict.fromkeys(found)), end) if found else None


def _beginnings(text: Decoded) -> list[tuple[int, str]]:
    """Return the words that a text begins with, the most first, each with where they end."""
    ends = [match.start() for match in _ENDS.finditer(text.mask) if match.start()][:_LONGEST]
    found = {trimmed(text.part(0, end)).text: end for end in reversed(ends)}
    return [(end, said) for said, end in found.items() if said]


def _name_of(record: Any, said: str, resolve: Callable[[str], Any]) -> str:
    """Return a record's name, or its reference where that was said or the name means another or several."""
    name, reference = str(record.name), getattr(record, "reference", None)
    if reference is None:
        return name
    if parse_reference(said) is not None or re.search("[,，、]", name):
        return str(reference)
    try:
        same = name_key(name) == name_key(said) or resolve(name) is record
    except CrmError:
        same = False
    return name if same else str(reference)
