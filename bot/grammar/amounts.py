"""Read amounts of money as people write them in English, German and Chinese.

What is ambiguous is decided by shape alone, so that an amount means the same whoever writes it:

- Of two different separators the last is the decimal one: `12,000.50` and `12.000,50` are the same.
- One separator with exactly three digits behind it groups thousands: `12.000` is twelve thousand, unless the number
  begins with 0, or it is a point and the currency has three decimals or a unit follows (`1.500k` is 1,500).
- One separator with any other number of digits behind it is the decimal one: `12,5`.
- Spaces and apostrophes only ever group.
"""

import re
import unicodedata
from decimal import Decimal, localcontext

from bot.grammar.entities import INVISIBLE, shown
from storage.errors import Invalid
from storage.money import LARGEST, Money, exponent, is_currency

EXAMPLES = "12k, 1.5m, €12,000.50, 500 USD, 120万"

_UNITS = {
    "k": 3, "thousand": 3, "tsd": 3, "千": 3,
    "万": 4, "萬": 4, "w": 4,
    "m": 6, "mm": 6, "mn": 6, "mio": 6, "mil": 6, "million": 6, "millions": 6, "百万": 6, "百萬": 6,
    "千万": 7, "千萬": 7,
    "亿": 8, "億": 8,
    "bn": 9, "b": 9, "billion": 9, "billions": 9, "mrd": 9, "十亿": 9,
    "tn": 12, "trillion": 12, "万亿": 12, "萬億": 12, "兆": 12,
}  # fmt: skip

_SIGNS = {
    "€": "EUR", "£": "GBP", "₹": "INR", "₩": "KRW", "₽": "RUB", "₺": "TRY", "₫": "VND", "₪": "ILS", "₴": "UAH",
    "₱": "PHP", "฿": "THB", "₦": "NGN", "zł": "PLN", "kč": "CZK", "ft": "HUF", "r$": "BRL", "fr": "CHF", "sfr": "CHF",
    "us$": "USD", "a$": "AUD", "au$": "AUD", "c$": "CAD", "ca$": "CAD", "nz$": "NZD", "hk$": "HKD", "nt$": "TWD",
    "s$": "SGD", "mx$": "MXN", "cn¥": "CNY", "jp¥": "JPY", "rmb": "CNY", "人民币": "CNY", "块": "CNY", "円": "JPY",
    "日元": "JPY", "美元": "USD", "美金": "USD", "欧元": "EUR", "英镑": "GBP", "港币": "HKD", "港元": "HKD",
    "euro": "EUR", "euros": "EUR", "dollar": "USD", "dollars": "USD", "yuan": "CNY", "yen": "JPY", "pounds": "GBP",
}  # fmt: skip

# Signs that several currencies share mean the workspace's own if it is one of them. Elsewhere a bare dollar is the
# American one, and whoever writes another such sign is asked.
_SHARED = {
    "$": ("USD", "CAD", "AUD", "NZD", "HKD", "SGD", "TWD", "MXN"),
    "¥": ("CNY", "JPY"),
    "元": ("CNY", "TWD"),
    "kr": ("SEK", "NOK", "DKK", "ISK"),
    "rs": ("INR", "PKR", "LKR"),
}

_LONGEST = 60
_WHOLE = re.compile(r"([^0-9]*?)([.,]?[0-9](?:[0-9.,' ]*[0-9])?)([^0-9]*)")
_GROUPED = re.compile(r"[0-9]{1,3}([.,' ])[0-9]{3}(?:\1[0-9]{3})*")
_LAKHS = re.compile(r"[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}")
_BELOW_ZERO = re.compile(r"([^0-9]*)[-−–—(] *([^0-9]*[0-9].*?)\)?")
# NFKC makes an ordinary space of most of its kin; these are left.
_ALIKE = str.maketrans({"’": "'", "‘": "'", "′": "'", "٬": ",", "٫": "."})


def parse_amount(text: str, *, currency: str, field: str | None = "amount") -> Money:
    """Return the amount a person wrote; `currency` is the workspace's, taken where the amount names none.

    Raises Invalid for what is no amount, a negative one, one with more decimals than its currency has, one of more than
    15 digits in minor units, and a sign such as ¥ that leaves the currency open.
    """
    plain = _plain(text)
    below_zero = _BELOW_ZERO.fullmatch(plain[:_LONGEST])
    try:
        if below_zero:
            _read(below_zero[1] + below_zero[2], currency)
            raise Invalid("An amount can not be negative: {amount}")
        return _read(plain, currency)
    except Invalid as error:
        error.typed = text
        error.params.setdefault("amount", shown(text))
        error.field = field
        raise


def _read(plain: str, currency: str) -> Money:
    match = _WHOLE.fullmatch(plain)
    if match and len(plain) > _LONGEST:
        raise _too_large()
    if match is None:
        raise _unreadable()
    unit, behind = _unit(match[3].strip().rstrip("."))
    code = _currency([name for name in (match[1].strip().rstrip("."), behind) if name], currency)
    number = _number(match[2], point_is_decimal=bool(unit) or exponent(code) == 3)
    with localcontext(prec=2 * _LONGEST):
        minor = number.scaleb(unit + exponent(code))
        if minor > LARGEST:
            raise _too_large()
        if minor != minor.to_integral_value():
            raise Invalid(
                "{amount} has more decimals than {currency}, which has {decimals}.",
                currency=code,
                decimals=exponent(code),
            )
        return Money(int(minor), code)


def _plain(text: str) -> str:
    """Return a text in half width and lower case, with ASCII digits and single spaces."""
    folded = unicodedata.normalize("NFKC", re.sub(f"[{INVISIBLE}]", "", text)).casefold().translate(_ALIKE)
    digits = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in folded)
    return " ".join(digits.split()).rstrip(",;、")


def _unit(behind: str) -> tuple[int, str]:
    """Return the power of ten of the unit a text begins with, and what follows: `kr` is a currency, no `k`."""
    for unit in sorted(_UNITS, key=len, reverse=True):
        following = behind.removeprefix(unit).strip()
        if behind.startswith(unit) and (not following or _meanings(following)):
            return _UNITS[unit], following
    return 0, behind


def _meanings(name: str) -> tuple[str, ...]:
    """Return the currencies a sign, code or word may stand for."""
    if is_currency(name.upper()):
        return (name.upper(),)
    return _SHARED.get(name) or ((_SIGNS[name],) if name in _SIGNS else ())


def _currency(names: list[str], workspace: str) -> str:
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
    raise Invalid(
        "{sign} can mean {currencies}.",
        hint="Say which, for example 500 {first}.",
        sign=names[0],
        currencies=" or ".join(meanings),
        first=meanings[0],
    )


def _number(written: str, *, point_is_decimal: bool) -> Decimal:
    """Return the number that digits and separators stand for; raise Invalid where they are not grouped by three."""
    decimal_mark = _decimal_mark(written, point_is_decimal=point_is_decimal)
    whole, _, fraction = written.partition(decimal_mark) if decimal_mark else (written, "", "")
    if not (whole.isdigit() or not whole or _GROUPED.fullmatch(whole) or _LAKHS.fullmatch(whole)):
        raise _unreadable()
    if fraction and not fraction.isdigit():
        raise _unreadable()
    return Decimal(f"{re.sub('[^0-9]', '', whole) or 0}.{fraction or 0}")


def _decimal_mark(written: str, *, point_is_decimal: bool) -> str | None:
    """Return the separator that begins the decimals, by the rules above, or None."""
    last = max(written.rfind("."), written.rfind(","))
    if last < 0:
        return None
    mark, head, tail = written[last], written[:last], written[last + 1 :]
    if mark in head:
        return None
    alone = head.isdigit()
    groups = alone and len(tail) == 3 and len(head) <= 3 and not head.startswith("0")
    return None if groups and not (mark == "." and point_is_decimal) else mark


def _unreadable() -> Invalid:
    return Invalid("{amount} is not an amount I understand.", hint="Write for example {examples}.", examples=EXAMPLES)


def _too_large() -> Invalid:
    return Invalid("{amount} is more than can be kept: the most is 15 digits.")
