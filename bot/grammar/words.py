"""Find the words, quoted values and `key:value` pairs in a text.

A word is a key where three things hold; else it is text, as is all that stands in quotes:

- The command declares it.
- It stands directly before its colon, and its value directly behind it. A space may follow the colon (`amount: 12k`)
  before what nobody writes by chance: an amount, a day, a time, a person or a channel.
- What follows can be read. Where it cannot, the writer is told, except for yes-or-no keys (`share:logs` is text).

A value takes as many words as its type can read. The punctuation of a sentence belongs to no value.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from bot.grammar.entities import INVISIBLE, Decoded, decode, shown, visible
from bot.grammar.reading import (
    CLOSERS,
    DOUBLE_QUOTES,
    PUNCTUATION,
    Reading,
    Several,
    Writer,
    ambiguous,
    at_fault,
    fold,
    read_whole,
    trimmed,
)
from bot.grammar.types import NAMES, PERSON, WORD, ColleagueType
from bot.grammar.usage import Key, Usage
from storage.errors import Invalid
from storage.records.query import MOST_FILTERS, too_many_filters

# Every quote of a family opens and closes for every other, as telephones change one kind into another.
_SINGLE = "'‘’‚‛＇"
_CORNERS = {"「": "」", "『": "』", "《": "》"}

_BLANK = re.compile(rf"[\s{INVISIBLE}]*")
_MARKS = re.compile(rf"[{INVISIBLE}]+\Z")
_UNSEEN = re.compile(rf"[{INVISIBLE}]*")
_SPACE = re.compile(r"\s*")
_WORD = re.compile(r"\S+")
_NAMED = re.compile(r"([^\W\d_][\w-]{0,40})([:：])")
_NEXT = re.compile(rf"(?<=[\s,;，；、]){_NAMED.pattern}")
_FILTER = re.compile(r"([^\W\d_][\w-]{0,40})(?:(?:[:：]|[^\S\n]*)[^\S\n]*(<=|>=|!=|[=<>≤≥≠＝＜＞])|([:：]))(?!//)")
_NEXT_FILTER = re.compile(rf"(?<=[\s,;，；、]){_FILTER.pattern}")
_OPERATORS = {"：": ":", "≤": "<=", "≥": ">=", "≠": "!=", "＝": "=", "＜": "<", "＞": ">"}
_PUNCTUATION = re.compile(rf"[{re.escape(PUNCTUATION)}{INVISIBLE}]*")
_COMMAS = " ,;，；、"
BETWEEN = " \t\n:,.：，、"
"""What may stand between the first of two places and the second."""
_BRACKETS = "([（【"
_GOES_ON = re.compile(r"[,，、;；][^\s,，、;；]")
_LINE_SPACE = re.compile(r"[^\S\n]*")

NONE: Mapping[str, int] = MappingProxyType({})
_AFTER = 4
"""So many words behind one are tried as the rest of a name."""
_NEAR_KEY = 0.75
_LONGEST_GUESS = 40


@dataclass(frozen=True)
class Pair:
    """Hold one `key:value` or filter of a text and where it ends.

    A filter has all words up to the next, of which its field takes as many as it can read; none if it is `quoted`. The
    words that belong to no filter are one without a key. The words `after` one word of a key may belong to it too.
    """

    key: str
    operator: str
    value: Decoded
    end: int
    read: Any = None
    quoted: bool = False
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Words:
    """Hold a text taken apart: its pairs by key, its filters, and what is left as text."""

    pairs: dict[str, Pair]
    filters: tuple[Pair, ...]
    rest: Decoded


def take_apart(text: str, usage: Usage, writer: Writer, longer: Mapping[str, int] = NONE) -> Words:
    """Separate the declared keys and filters of a text from its free words; keys may have so many words `longer`.

    Raises Invalid for a key given twice, misspelt, without a value or with one that cannot be read, a quote never
    closed, and more than 50 filters.
    """
    whole = decode(text)
    pairs: dict[str, Pair] = {}
    filters: list[Pair] = []
    spans: list[tuple[int, int]] = []
    hopeless: set[str] = set()
    opened: list[int] = []
    position = 0
    while position < len(whole.mask):
        start = _end(_BLANK, whole.mask, position)
        bracket = whole.mask[start : start + 1] in tuple(_BRACKETS)
        pair = _pair_at(whole, start + bracket, usage, writer, longer)
        if pair is None:
            position = _end_of_word(whole.mask, start, hopeless)
            continue
        if pair.key in usage.keys:
            if pair.key in pairs:
                raise Invalid("{key}: is given twice.", field=pair.key, typed=text, key=pair.key)
            pairs[pair.key] = pair
        else:
            filters.append(pair)
            if len(filters) > MOST_FILTERS:
                raise too_many_filters(text)
        marks = _MARKS.search(whole.mask[position:start])
        begin = position + marks.start() if marks and not bracket else start + bracket
        position = pair.end
        opened += [start] if bracket else []
        if opened and whole.mask[position : position + 1] in tuple(CLOSERS):
            # The brackets around pairs go with them.
            spans.append((opened[-1], opened.pop() + 1))
            position = _end(_PUNCTUATION, whole.mask, position + 1)
        spans.append(_span_with_space(whole.mask, begin, position))
    spans = _apart(sorted(spans))
    rest = whole.without(spans).strip()
    if spans and spans[-1][1] == len(whole.mask):
        # "Beta, amount:5k" names Beta.
        rest = rest.part(0, len(rest.text.rstrip(_COMMAS)))
    return Words(pairs, tuple(filters), rest)


def split_first(text: Decoded) -> tuple[Decoded, Decoded]:
    """Return the first word or quoted name of a text, and the rest with its inner spaces and lines as typed.

    Raises Invalid for a quote that is never closed.
    """
    start = _end(_BLANK, text.mask, 0)
    quoted = _quoted(text, start)
    if quoted:
        value, end = quoted
        return value, text.part(end, len(text.text)).strip()
    end = _end(_WORD, text.mask, start)
    word = text.part(start, end)
    rest = text.part(end, len(text.text)).strip()
    # "acme: asked for a quote" and "acme, asked for a quote" name the same customer.
    bare = len(word.text.rstrip(":,：，"))
    return (word.part(0, bare) if rest.text and bare else word), rest


def split_text(text: str) -> tuple[str, str]:
    """Return the first word or quoted name of a readable text, and the rest as typed."""
    first, rest = split_first(Decoded(text, text))
    return first.text, rest.text


def unquote(text: Decoded) -> Decoded:
    """Return a text without its quotes if it is one quoted whole; raise Invalid if its first quote never closes."""
    start = _end(_BLANK, text.mask, 0)
    quoted = _quoted(text, start)
    return quoted[0] if quoted and _end(_BLANK, text.mask, quoted[1]) == len(text.mask) else text


def did_you_mean(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """Return the known word nearest to a mistyped one, if one is near enough (difflib's ratio)."""
    folded = fold(word)
    if len(folded) > _LONGEST_GUESS:
        return None
    names = {fold(name): name for name in known}
    swapped = next((name for key, name in names.items() if sorted(key) == sorted(folded)), None)
    near = difflib.get_close_matches(folded, names, n=1, cutoff=cutoff)
    return names[near[0]] if near else swapped


def _pair_at(text: Decoded, start: int, usage: Usage, writer: Writer, longer: Mapping[str, int]) -> Pair | None:
    named = _NAMED.match(text.mask, start)
    if named and (key := usage.keys.get(fold(named[1]))):
        return _keyed(text, named.end(), key, usage, writer, longer.get(key.name, 0))
    found = _FILTER.match(text.mask, start) if usage.filters else None
    if found:
        return _filter(text, found, usage)
    if named and _BLANK.fullmatch(text.mask[named.end() : named.end() + 1]) is None:
        _refuse_misspelt(named[1], usage, text.part(named.end(), len(text.text)), writer, typed=text.text)
    return None


def _keyed(text: Decoded, colon: int, key: Key, usage: Usage, writer: Writer, longer: int) -> Pair | None:
    """Return the pair of a declared key whose colon ends at a place, or None where it is ordinary text.

    One word may be so many words `longer`.
    """
    begin = _end(_UNSEEN, text.mask, colon)
    start = _end(_LINE_SPACE, text.mask, begin)
    if not visible(text.text[start:]):
        raise _no_value(key.name, f"{key.name}:", text.text)
    apart = start > begin or text.mask[start : start + 1] == "\n"
    if apart and not key.type.spaced:
        return None
    quoted = _quoted(text, start, None if apart else key.name)
    # A quoted name may be the first of several.
    several = quoted and key.type in (WORD, NAMES) and _GOES_ON.match(text.mask, quoted[1])
    if quoted and not several:
        value, end = quoted
        if not visible(value.text):
            raise _no_value(key.name, f"{key.name}:", text.text)
        read = value.text if key.type is WORD else read_whole(key.type, value, writer, field=key.name)
        return Pair(key.name, ":", value, end, read)
    line = text.part(start, _limit(text.mask, start, usage))
    # A name may be anything, so behind a space it is the text that it was before it could be one.
    named = apart and isinstance(getattr(key.type, "kind", key.type), ColleagueType)
    try:
        found = (PERSON if named else key.type).read(line, writer)
        if found is None and not apart and not key.type.lax:
            word = line.part(0, _end(_WORD, line.mask, 0))
            raise key.type.refusal(trimmed(word).text or word.text)
    except Invalid as error:
        raise at_fault(error, text.text, key.name) from None
    if isinstance(found, Several):
        raise ambiguous(line.text, found, key.name)
    if found is None:
        return None
    if key.type is WORD:
        return _word(text, start, start + found.end, start + len(line.text), key, longer)
    end = start + found.end
    return Pair(key.name, ":", text.part(start, end), _end(_PUNCTUATION, text.mask, end), found.value)


def _word(text: Decoded, start: int, end: int, limit: int, key: Key, longer: int) -> Pair:
    """Return the pair of a word that ends at a place, so many words longer, and what is written after it."""
    for _more in range(longer):
        end = _end(_WORD, text.mask, _end(_BLANK, text.mask, end))
    value = trimmed(text.part(start, end))
    end = start + len(value.text)
    behind = _end(_PUNCTUATION, text.mask, end)
    # Behind a comma begins something else.
    after = () if behind > end else text.part(end, limit).text.split()[:_AFTER]
    return Pair(key.name, ":", value, behind, value.text, after=tuple(after))


def _filter(text: Decoded, found: re.Match[str], usage: Usage) -> Pair:
    key, written = fold(found[1]), found[2] or found[3]
    operator = _OPERATORS.get(written, written)
    begin = _end(_BLANK, text.mask, found.end())
    quoted = _quoted(text, begin, key)
    value, end = quoted or (text.part(begin, _limit(text.mask, begin, usage)), _limit(text.mask, begin, usage))
    if not visible(value.text):
        raise _no_value(key, key + operator, text.text)
    return Pair(key, operator, value if quoted else trimmed(value), end, quoted=quoted is not None)


def _limit(mask: str, start: int, usage: Usage) -> int:
    """Return where the value that begins at a place ends at the latest: at the next key or filter, or with its line."""
    line = mask.find("\n", start)
    end = len(mask) if line < 0 else line
    following = _NEXT_FILTER.search(mask, start, end) if usage.filters else None
    end = following.start() if following else end
    for named in _NEXT.finditer(mask, start, end):
        if fold(named[1]) in usage.keys:
            return named.start()
    return end


def _refuse_misspelt(word: str, usage: Usage, following: Decoded, writer: Writer, *, typed: str) -> None:
    near = did_you_mean(word, usage.keys, cutoff=_NEAR_KEY)
    kind = usage.keys[near].type if near else WORD
    if near and (kind is WORD or isinstance(kind.read(following, writer), Reading)):
        raise Invalid(
            "I do not know {word}: here.",
            hint="Did you mean {near}:? Put it in quotes if it is part of the text.",
            typed=typed,
            word=shown(word),
            near=near,
        )


def _no_value(key: str, written: str, typed: str) -> Invalid:
    return Invalid("{written} has no value.", field=key, typed=typed, written=written)


def _quoted(text: Decoded, start: int, key: str | None = None) -> tuple[Decoded, int] | None:
    """Return what stands in the quotes that open at a place, and where they end; None if none open there."""
    opener = text.mask[start : start + 1]
    end = _closing(text.mask, start, at_boundary=opener in _SINGLE)
    if end is not None:
        return text.part(start + 1, end - 1), end
    if (opener and opener in DOUBLE_QUOTES) or opener in _CORNERS:
        raise Invalid("The quote {quote} is opened and never closed.", field=key, typed=text.text, quote=opener)
    return None


def _closing(mask: str, start: int, *, at_boundary: bool) -> int | None:
    """Return the place after the quote that closes the one at `start`, or None."""
    closers = _closers(mask[start : start + 1])
    if not closers:
        return None
    boundary = rf"(?=[\s{INVISIBLE}]|\Z)" if at_boundary else ""
    match = re.compile(f"[{closers}]{boundary}").search(mask, start + 1)
    return match.end() if match else None


def _closers(opener: str) -> str:
    if not opener:
        return ""
    return next((family for family in (DOUBLE_QUOTES, _SINGLE) if opener in family), _CORNERS.get(opener, ""))


def _end_of_word(mask: str, start: int, hopeless: set[str]) -> int:
    """Return where the word at a place ends; what is quoted counts as one word, so that keys in it are text.

    `hopeless` remembers the quotes that nothing closes any more, so that a text full of them is not searched again.
    """
    opener = mask[start : start + 1]
    closers = _closers(opener)
    if closers and opener not in _SINGLE and closers not in hopeless:
        end = _closing(mask, start, at_boundary=True)
        if end is not None:
            return end
        hopeless.add(closers)
    return max(_end(_WORD, mask, start), start + 1)


def _end(pattern: re.Pattern[str], mask: str, start: int) -> int:
    match = pattern.match(mask, start)
    return match.end() if match else start


def _span_with_space(mask: str, start: int, end: int) -> tuple[int, int]:
    """Widen a pair's place by the space that only set it apart, so that taking it out leaves no hole."""
    after = _end(_LINE_SPACE, mask, end)
    if after < len(mask) and mask[after] != "\n":
        return start, after
    before = start - len(mask[:start]) + len(mask[:start].rstrip(" \t\u00a0\u3000"))
    alone = before == 0 or mask[before - 1] == "\n"
    return before, (after + 1 if alone and after < len(mask) else after)


def _apart(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans in order with those that touch or overlap trimmed to follow each other."""
    result: list[tuple[int, int]] = []
    for start, end in spans:
        previous = result[-1][1] if result else 0
        result.append((max(start, previous), max(end, previous)))
    return result
