"""Read amounts of money as people write them in English, German, Chinese and by Indian counting.

An amount takes as many words as belong to it: `12 000`, `500 USD`, `1.5 million`, `CHF 500.-`, `2,5 Mio. €`. What its
separators leave open is decided so:

- Of two different separators the last is the decimal one: `12,000.50` and `12.000,50` are the same.
- Spaces and apostrophes only ever group, and only by three: of `12 2026` the amount is 12.
- One separator with exactly three digits behind it groups thousands, unless the number begins with 0, or it is the one
  that the writer's locale begins decimals with. That one begins decimals where there is room for three of them: in a
  currency that has three, or before a unit (`1.500k` is 1,500). Where there is none the writer is asked: in English
  `1.234` is neither 1,234 nor 1.23 for sure.
- One separator with any other number of digits behind it is the decimal one: `12,5`.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from functools import cache

from babel import Locale, UnknownLocaleError
from babel.numbers import get_territory_currencies

from bot.grammar.entities import Decoded, shown
from bot.grammar.numerals import NUMERALS, read_numerals
from bot.grammar.reading import Folded, Reading, Several, all_of, ends_value, is_rest
from storage.errors import Invalid
from storage.money import LARGEST, Money, currencies, exponent, is_currency

EXAMPLES = "12k, 1.5m, €12,000.50, 500 USD, 120万"

_UNITS = {
    "k": 3, "thousand": 3, "tsd": 3, "tausend": 3, "mil": 6, "m": 6, "mm": 6, "mn": 6, "mio": 6, "million": 6,
    "millions": 6, "millionen": 6, "bn": 9, "b": 9, "billion": 9, "billions": 9, "mrd": 9, "milliarde": 9,
    "milliarden": 9, "tn": 12, "trillion": 12, "w": 4, "lakh": 5, "lakhs": 5, "lac": 5, "crore": 7, "crores": 7,
    "cr": 7,
}  # fmt: skip

_SIGNS = {
    "€": "EUR", "£": "GBP", "₹": "INR", "₩": "KRW", "₽": "RUB", "₺": "TRY", "₫": "VND", "₪": "ILS", "₴": "UAH",
    "₱": "PHP", "฿": "THB", "₦": "NGN", "zł": "PLN", "kč": "CZK", "ft": "HUF", "r$": "BRL", "fr": "CHF", "sfr": "CHF",
    "us$": "USD", "$us": "USD", "a$": "AUD", "au$": "AUD", "c$": "CAD", "ca$": "CAD", "nz$": "NZD", "hk$": "HKD",
    "nt$": "TWD", "s$": "SGD", "mx$": "MXN", "cn¥": "CNY", "jp¥": "JPY", "rmb": "CNY", "人民币": "CNY", "块": "CNY",
    "円": "JPY", "日元": "JPY", "美元": "USD", "美金": "USD", "欧元": "EUR", "英镑": "GBP", "港币": "HKD",
    "港元": "HKD",
    "euro": "EUR", "euros": "EUR", "dollar": "USD", "dollars": "USD", "yuan": "CNY", "yen": "JPY", "pounds": "GBP",
    "franken": "CHF", "rupees": "INR",
}  # fmt: skip

# Signs that several currencies share mean the workspace's own if it is one of them. Elsewhere a bare dollar is the
# American one; another such sign is that of the writer's own country, and otherwise asked about.
_SHARED = {
    "$": ("USD", "CAD", "AUD", "NZD", "HKD", "SGD", "TWD", "MXN"),
    "¥": ("CNY", "JPY"),
    "元": ("CNY", "TWD"),
    "kr": ("SEK", "NOK", "DKK", "ISK"),
    "rs": ("INR", "PKR", "LKR"),
}

# Codes, signs and units that are words of their own: after a space they belong to an amount only if nothing follows.
_CODES = "all amd bob cad cop cup ft gel mad mop pen php ron rub sar sos top try vuv"
_WORDS = frozenset([*_CODES.split(), "b", "k", "m", "w", "cr"])

_OPEN = re.compile(r"(\( ?)?([-−–—] ?)?")
_SIGN = re.compile(r"[-−–—] ?")
_DIGITS = re.compile(r"\d{1,3}(?:[ ']\d{3})+(?!\d)(?:[.,]\d+)?|[.,]?\d(?:[\d.,']*\d)?")
_NUMERALS = re.compile(rf" ?([{NUMERALS}\d.]*[{NUMERALS}])")
_EVEN = re.compile(r"[.,][-−–—=]{1,2}(?!\d)")  # 500.- and 500,-- have no cents
_UNIT = re.compile("|".join(sorted(_UNITS, key=len, reverse=True)))
_GROUPED = re.compile(r"\d{1,3}([., '])\d{3}(?:\1\d{3})*")
_LAKHS = re.compile(r"\d{1,2}(?:,\d{2})+,\d{3}")


@dataclass(slots=True)
class _Parts:
    """Hold what an amount is made of, and where it ends."""

    digits: str = ""
    numerals: str = ""
    unit: int = 0
    names: list[str] = field(default_factory=list)
    below_zero: bool = False
    end: int = 0


def read_amount(text: Decoded, *, currency: str, locale: str) -> Reading[Money] | Several | None:
    """Read as much of a text as is an amount; `currency` is the workspace's, taken where the amount names none.

    Raises Invalid for a negative amount, one with more decimals than its currency has, one of more than 15 digits in
    minor units, separators that are none, and a sign such as ¥ that leaves the currency open.
    """
    folded = Folded(text.mask)
    parts = _scan(folded.text)
    if parts is None:
        return None
    end = folded.end(parts.end)
    try:
        found = _meant(parts, _currency(parts.names, currency, locale), locale)
        if parts.below_zero:
            raise Invalid("An amount cannot be negative: {amount}")
    except Invalid as error:
        error.params.setdefault("amount", shown(text.text[:end]))
        raise
    return Reading(found, end) if isinstance(found, Money) else Several(found, end)


def parse_amount(text: str, *, currency: str, locale: str = "en-US", field: str | None = "amount") -> Money:
    """Return the amount that all of a text is, as `read_amount` reads it; raise Invalid for anything else."""
    return all_of(
        Decoded(text, text), lambda bare: read_amount(bare, currency=currency, locale=locale), unreadable, field=field
    )


def unreadable(typed: str) -> Invalid:
    """Return the error for what is no amount."""
    return Invalid(
        "{amount} is not an amount I understand.",
        hint="Write for example {examples}.",
        amount=shown(typed),
        examples=EXAMPLES,
    )


def _scan(text: str) -> _Parts | None:
    """Take the longest amount at the beginning of a text apart."""
    parts = _Parts()
    opened = _OPEN.match(text)
    assert opened is not None
    before, at = _name(text, opened.end())
    if before and text[at : at + 1] == ".":
        at += 1
    at += text[at : at + 1] == " "
    if sign := _SIGN.match(text, at):
        at = sign.end()
    parts.below_zero = bool(opened[0].strip() or sign)
    if opened[0].strip() and sign:
        return None
    digits = _DIGITS.match(text, at)
    at = digits.end() if digits else at
    numerals = _NUMERALS.match(text, at)
    at = numerals.end() if numerals else at
    if not digits and not numerals:
        return None
    parts.digits, parts.numerals = digits[0] if digits else "", numerals[1] if numerals else ""
    if even := _EVEN.match(text, at):
        at = even.end()
    parts.unit, at = _unit(text, at)
    behind, at = _name_behind(text, at)
    parts.names = [name for name in (before, behind) if name]
    if opened[1]:
        closing = re.compile(r" ?\)").match(text, at)
        if closing is None:
            return None
        at = closing.end()
    parts.end = at
    return parts if ends_value(text, at) else None


def _unit(text: str, at: int) -> tuple[int, int]:
    """Return the power of ten of the unit that stands at a place, and where it ends: `kr` is a currency, no `k`."""
    spaced = text[at : at + 1] == " "
    found = _UNIT.match(text, at + spaced)
    if found is None:
        return 0, at
    after = text[found.end() :]
    name = _name(text, found.end())[0]
    if after[:1].isalpha() and not name:
        return 0, at
    if spaced and found[0] in _WORDS and not (name or is_rest(after) or _name_behind(text, found.end())[0]):
        return 0, at
    return _UNITS[found[0]], found.end() + (text[found.end() : found.end() + 1] == ".")


def _name_behind(text: str, at: int) -> tuple[str, int]:
    spaced = text[at : at + 1] == " "
    name, end = _name(text, at + spaced)
    if not name or (spaced and name in _WORDS and not is_rest(text[end:])):
        return "", at
    return name, end


def _name(text: str, at: int) -> tuple[str, int]:
    """Return the sign, code or name of a currency that stands at a place, and where it ends."""
    found = _names().match(text, at)
    return (found[0], found.end()) if found else ("", at)


@cache
def _names() -> re.Pattern[str]:
    names = sorted([*_signs(), *_SHARED, *(code.lower() for code in currencies())], key=len, reverse=True)
    return re.compile(
        "|".join(re.escape(name) + ("(?![a-z])" if name[-1].isalpha() and name < "\x7f" else "") for name in names)
    )


def _meant(parts: _Parts, currency: str, locale: str) -> Money | tuple[str, ...]:
    """Return the amount, or the texts to type where it may be one of two."""
    room = bool(parts.unit or parts.numerals) or exponent(currency) == 3
    number = _number(parts.digits, room=room, point=_decimal_mark(locale)) if parts.digits else None
    if isinstance(number, tuple):
        return tuple(" ".join([one, *parts.names]) for one in number)
    if parts.numerals:
        number = read_numerals(f"{number or ''}{parts.numerals}")
    if number is None:
        raise _unreadable()
    with localcontext(prec=120):
        minor = number.scaleb(parts.unit + exponent(currency))
        if minor > LARGEST:
            raise Invalid("{amount} is more than can be kept: the most is 15 digits.")
        if minor != minor.to_integral_value():
            raise Invalid(
                "{amount} has more decimals than {currency}, which has {decimals}.",
                currency=currency,
                decimals=exponent(currency),
            )
        return Money(int(minor), currency)


@cache
def _signs() -> dict[str, str]:
    """Return all signs and words for currencies, also those in which amounts are shown in the languages we read."""
    shown_as: dict[str, set[str]] = {}
    for language in ("en", "de", "fr", "es", "zh"):
        for code, sign in Locale(language).currency_symbols.items():
            if code in currencies() and any(unicodedata.category(one) == "Sc" for one in sign):
                shown_as.setdefault(sign.casefold(), set()).add(code)
    return {sign: codes.pop() for sign, codes in shown_as.items() if len(codes) == 1} | _SIGNS


def _meanings(name: str) -> tuple[str, ...]:
    """Return the currencies a sign, code or word may stand for."""
    if is_currency(name.upper()):
        return (name.upper(),)
    return _SHARED.get(name) or ((_signs()[name],) if name in _signs() else ())


def _currency(names: list[str], workspace: str, locale: str) -> str:
    """Return the currency that all names agree on (`$500 CAD`), the workspace's where there is none."""
    if not names:
        return workspace
    meanings = [code for code in _meanings(names[0]) if all(code in _meanings(name) for name in names)]
    if not meanings:
        raise _unreadable()
    if workspace in meanings:
        return workspace
    if len(meanings) == 1 or "USD" in meanings:
        return meanings[0]
    territory = locale.replace("_", "-").rpartition("-")[2]
    for code in get_territory_currencies(territory) if territory.isupper() else ():
        if code in meanings:
            return code
    raise Invalid(
        "{sign} can mean {currencies}.",
        hint="Say which, for example 500 {first}.",
        sign=names[0],
        currencies=" or ".join(meanings),
        first=meanings[0],
    )


def _number(written: str, *, room: bool, point: str) -> Decimal | tuple[str, ...]:
    """Return the number that digits and separators stand for, or the two texts that say which is meant.

    Raises Invalid where they are not grouped by three.
    """
    mark = _mark(written, room=room, point=point)
    if mark == "?":
        whole, fraction = re.split("[.,]", written)
        return f"{whole}{fraction}", f"{whole}{point}{fraction[:2]}"
    whole, _, fraction = written.partition(mark) if mark else (written, "", "0")
    if not fraction.isdigit() or not (
        whole.isdigit() or not whole or _GROUPED.fullmatch(whole) or _LAKHS.fullmatch(whole)
    ):
        raise _unreadable()
    return Decimal(f"{re.sub('[^0-9]', '', whole) or 0}.{fraction}")


def _mark(written: str, *, room: bool, point: str) -> str:
    """Return the separator that begins the decimals by the rules above, nothing for none, `?` if there are two ways."""
    last = max(written.rfind("."), written.rfind(","))
    if last < 0:
        return ""
    mark, head, tail = written[last], written[:last], written[last + 1 :]
    if mark in head:
        return ""
    groups = head.isdigit() and len(tail) == 3 and len(head) <= 3 and not head.startswith("0")
    if not groups or (mark == point and room):
        return mark
    return "?" if mark == point else ""


@cache
def _decimal_mark(locale: str) -> str:
    """Return what begins the decimals in a locale; a point in one that is unknown."""
    try:
        return str(Locale.parse(locale.replace("-", "_")).number_symbols["latn"]["decimal"])
    except (UnknownLocaleError, ValueError, KeyError):
        return "."


def _unreadable() -> Invalid:
    return Invalid("{amount} is not an amount I understand.", hint="Write for example {examples}.", examples=EXAMPLES)
