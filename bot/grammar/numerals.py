"""Read numbers written with Chinese numerals: 三百二十, 3.5万, 1亿2千万, 二〇二七."""

import re
from collections.abc import Sequence
from decimal import Decimal

_DIGITS = dict(zip("零〇一二两兩三四五六七八九", (0, 0, 1, 2, 2, 2, 3, 4, 5, 6, 7, 8, 9), strict=True))
_UNITS = {"兆": 10**12, "亿": 10**8, "億": 10**8, "万": 10**4, "萬": 10**4, "千": 1_000, "百": 100, "十": 10}
_COUNTED = frozenset("兆亿億万萬")
_PART = re.compile(r"\d+(?:\.\d+)?|.")

NUMERALS = "".join([*_DIGITS, *_UNITS])
"""The characters that numbers are made of."""


def read_numerals(text: str) -> Decimal | None:
    """Return the number that numerals and figures stand for, or None.

    Numerals without a unit are digits one by one. A last numeral alone counts tenths of the unit before it: 三万五 is
    35,000 and 三万零五 is 30,005.
    """
    return _value(_PART.findall(text))


def _value(parts: Sequence[str]) -> Decimal | None:
    for unit, size in _UNITS.items():
        if unit in parts:
            at = len(parts) - 1 - parts[::-1].index(unit)
            return _counted(parts[:at], parts[at + 1 :], unit, size)
    if len(parts) == 1 and parts[0][0].isdigit():
        return Decimal(parts[0])
    if parts and all(part in _DIGITS for part in parts):
        return Decimal("".join(str(_DIGITS[part]) for part in parts))
    return None


def _counted(before: Sequence[str], after: Sequence[str], unit: str, size: int) -> Decimal | None:
    count = _value(before) if before else None if unit in _COUNTED else Decimal(1)
    if count is None:
        return None
    if not after:
        return count * size
    rest = _value(after)
    if rest is None or rest >= size:
        return None
    shorthand = len(after) == 1 and rest < 10 and after[0] not in "零〇"
    return count * size + (rest * size / 10 if shorthand else rest)
