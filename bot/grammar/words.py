"""Find the words, quoted values and `key:value` pairs in a text."""

import difflib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from bot.grammar.entities import INVISIBLE, Decoded, decode, shown, visible
from bot.grammar.usage import Usage
from storage.errors import Invalid
from storage.query import MOST_FILTERS, too_many_filters

# Telephones and word processors change one kind of quote into another, often only one of a pair, so every quote of a
# family opens and closes for every other.
_DOUBLE = '"“”„‟＂«»'
_SINGLE = "'‘’‚‛＇"
_CORNERS = {"「": "」", "『": "』", "《": "》"}

_BLANK = re.compile(rf"[\s{INVISIBLE}]*")
_MARKS = re.compile(rf"[{INVISIBLE}]+\Z")
_SPACE = re.compile(r"\s*")
_WORD = re.compile(r"\S+")
_NAMED = re.compile(r"([^\W\d_][\w-]{0,40})([:：])")
_FILTER = re.compile(r"([^\W\d_][\w-]{0,40})(<=|>=|!=|[:：=<>≤≥≠＝＜＞])(?!//)")
_OPERATORS = {"：": ":", "≤": "<=", "≥": ">=", "≠": "!=", "＝": "=", "＜": "<", "＞": ">"}
_LINE_SPACE = re.compile(r"[^\S\n]*")

_NEAR_KEY = 0.75
_LONGEST_GUESS = 40


@dataclass(frozen=True)
class Pair:
    """Hold one `key:value` or filter of a text and where it ends."""

    key: str
    operator: str
    value: Decoded
    end: int


@dataclass(frozen=True)
class Words:
    """Hold a text taken apart: its pairs by key, its filters, and what is left as text."""

    pairs: dict[str, Decoded]
    filters: tuple[Pair, ...]
    rest: Decoded


def take_apart(text: str, usage: Usage) -> Words:
    """Separate the declared keys and filters of a text from its free words.

    Raises Invalid for a key given twice, misspelt or without a value, a quote never closed, and more than 50 filters.
    """
    whole = decode(text)
    pairs: dict[str, Decoded] = {}
    filters: list[Pair] = []
    spans: list[tuple[int, int]] = []
    hopeless: set[str] = set()
    position = 0
    while position < len(whole.mask):
        start = _end(_BLANK, whole.mask, position)
        pair = _pair_at(whole, start, usage)
        if pair is None:
            position = _end_of_word(whole.mask, start, hopeless)
            continue
        if pair.key in usage.keys:
            if pair.key in pairs:
                raise Invalid("{key}: is given twice.", field=pair.key, typed=text, key=pair.key)
            pairs[pair.key] = pair.value
        else:
            filters.append(pair)
            if len(filters) > MOST_FILTERS:
                raise too_many_filters(text)
        marks = _MARKS.search(whole.mask[position:start])
        spans.append(_span_with_space(whole.mask, position + marks.start() if marks else start, pair.end))
        position = pair.end
    return Words(pairs, tuple(filters), whole.without(_apart(spans)).strip())


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


def fold(text: str) -> str:
    """Return the form by which keys and fixed words are compared: half width, case folded, nothing invisible."""
    return re.sub(f"[{INVISIBLE}]", "", unicodedata.normalize("NFKC", text)).casefold().strip()


def _pair_at(text: Decoded, start: int, usage: Usage) -> Pair | None:
    named = _NAMED.match(text.mask, start)
    if named and fold(named[1]) in usage.keys:
        key = fold(named[1])
        value, end = _value(text, named.end(), key, key + ":")
        return Pair(key, ":", value, end)
    found = _FILTER.match(text.mask, start) if usage.filters else None
    if found:
        key, operator = fold(found[1]), _OPERATORS.get(found[2], found[2])
        value, end = _value(text, found.end(), key, key + operator)
        return Pair(key, operator, value, end)
    if named and _BLANK.fullmatch(text.mask[named.end() : named.end() + 1]) is None:
        _refuse_misspelt(named[1], usage, text.text)
    return None


def _refuse_misspelt(word: str, usage: Usage, typed: str) -> None:
    near = did_you_mean(word, usage.keys, cutoff=_NEAR_KEY)
    if near:
        raise Invalid(
            "I do not know {word}: here.",
            hint="Did you mean {near}:? Put it in quotes if it is part of the text.",
            typed=typed,
            word=shown(word),
            near=near,
        )


def _value(text: Decoded, start: int, key: str, written: str) -> tuple[Decoded, int]:
    """Return the value that begins at a place, without quotes, and where it ends."""
    after = re.compile(f"[{INVISIBLE}]*").match(text.mask, start)
    begin = after.end() if after else start
    quoted = _quoted(text, begin, key)
    value, end = quoted or (text.part(begin, _end(_WORD, text.mask, begin)), _end(_WORD, text.mask, begin))
    if visible(value.text):
        return value if quoted else _trimmed(value), end
    following = visible(text.text[end : _end(_WORD, text.mask, _end(_SPACE, text.mask, end))])
    raise Invalid(
        "{written} has no value.",
        field=key,
        hint="Write {written}{following}, without a space." if following and not quoted else None,
        typed=text.text,
        written=written,
        following=shown(following),
    )


def _trimmed(text: Decoded) -> Decoded:
    start = text.text.find(visible(text.text))
    return text.part(start, start + len(visible(text.text)))


def _quoted(text: Decoded, start: int, key: str | None = None) -> tuple[Decoded, int] | None:
    """Return what stands in the quotes that open at a place, and where they end; None if none open there."""
    opener = text.mask[start : start + 1]
    end = _closing(text.mask, start, at_boundary=opener in _SINGLE)
    if end is not None:
        return text.part(start + 1, end - 1), end
    if (opener and opener in _DOUBLE) or opener in _CORNERS:
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
    return next((family for family in (_DOUBLE, _SINGLE) if opener in family), _CORNERS.get(opener, ""))


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
