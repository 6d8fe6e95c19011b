"""The words of days, times and recurrences, in one table for all languages: each is a token of a kind with a value.

English, German and Chinese are known whole; of French and Spanish the names of months and days, as dates are shown in
them, and which one of these is meant. Chinese characters are simplified ones.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from babel import Locale

Tokens = tuple[tuple[str, Any], ...]

LAST, THIS, NEXT = -1, 0, 1
COMING = "coming"

# One letter names a kind of token: `bot.grammar.phrases` writes its patterns in these letters.
_TABLE: Mapping[str, Mapping[Any, str]] = {
    # Days counted from today.
    "d": {
        0: "today, tod, heute, 今天, 今日, 今",
        1: "tomorrow, tmrw, tmr, tom, morgen, 明天, 明日, 明",
        2: "day after tomorrow, übermorgen, uebermorgen, 后天",
        3: "大后天",
        -1: "yesterday, gestern, 昨天, 昨日",
        -2: "day before yesterday, vorgestern, 前天",
        -3: "大前天",
    },
    # Which one of several: this week, next friday.
    "x": {
        THIS: "this, diese, diesen, dieser, dieses, diesem, 这个, 这, 本",
        NEXT: "next, nächste, nächsten, nächster, nächstes, nächstem, naechste, naechsten, naechster, naechstes,"
        " 下个, 下",
        LAST: "last, past, previous, letzte, letzten, letzter, letztes, letztem, vergangene, vergangenen, vergangener,"
        " vorige, vorigen, voriger, 上个, 上, 最后一个, 最后一, 最后",
        COMING: "coming, kommende, kommenden, kommender, kommendes",
        2: "下下个, 下下",
        -2: "上上个, 上上",
    },
    # The same in French and Spanish, where it may stand behind the day.
    "X": {
        COMING: "prochain, prochaine, próximo, próxima, proximo, proxima",
        LAST: "dernier, dernière, derniere, passé, passée, pasado, pasada",
    },
    # Units of the calendar, and how many days, weeks... one of them is.
    "u": {
        ("day", 1): "day, days, tag, tage, tagen, tages, 天, 日",
        ("week", 1): "week, weeks, woche, wochen, 周, 星期, 礼拜",
        ("week", 2): "fortnight, fortnights",
        ("month", 1): "month, months, monat, monate, monaten, monats, 月",
        ("quarter", 1): "quarter, quarters, quartal, quartale, quartalen, quartals, 季度",
        ("year", 1): "year, years, jahr, jahre, jahren, jahres, 年",
    },
    # Units of the clock, in minutes.
    "t": {
        1: "minute, minutes, min, mins, minuten, 分钟",
        60: "hour, hours, hr, hrs, stunde, stunden, std, 小时, 钟头",
    },
    "e": {0: "weekend, wochenende, 周末"},
    "k": {0: "weekday, workday, working day, business day, werktag, arbeitstag, 工作日"},
    "K": {0: "weekdays, workdays, working days, business days, werktags, an werktagen"},
    # Parts of a day, by the hour they stand for; 24 is the end of the day.
    "p": {
        0: "凌晨",
        7: "清晨",
        9: "morning, in the morning, first thing, morgens, früh, vormittag, vormittags, am morgen, am vormittag,"
        " 早上, 早晨, 早, 上午",
        12: "noon, midday, lunchtime, mittag, mittags, am mittag, 中午",
        14: "afternoon, in the afternoon, nachmittag, nachmittags, am nachmittag, 下午",
        17: "eod, cob, end of day, end of the day, close of business, feierabend",
        18: "evening, in the evening, abend, abends, am abend, 傍晚, 晚上, 晚",
        21: "night, at night, nachts, 夜里",
        24: "midnight, mitternacht, 半夜, 午夜",
    },
    # Minutes before or after the hour that is named next.
    "H": {
        30: "half past",
        15: "quarter past, viertel nach",
        -15: "quarter to, viertel vor",
        -30: "halb",
    },
    "n": {
        1: "a, an, one, ein, eine, einer, einem, einen",
        2: "a couple of, two, zwei",
        3: "three, drei",
        4: "four, vier",
        5: "five, fünf, fuenf",
        6: "six, sechs",
        7: "seven, sieben",
        8: "eight, acht",
        9: "nine, neun",
        10: "ten, zehn",
        11: "eleven, elf",
        12: "twelve, zwölf, zwoelf",
        0.5: "half an, half a, half, einer halben, eine halbe, halbe, halben, 半个, 半",
        1.5: "one and a half, anderthalb, eineinhalb",
    },
    "o": {
        1: "first, erste, ersten, erster, erstes",
        2: "second, zweite, zweiten, zweiter, zweites",
        3: "third, dritte, dritten, dritter, drittes",
        4: "fourth, vierte, vierten, vierter, viertes",
    },
    "E": {0: "end of, ende des, ende der, ende"},
    "S": {0: "start of, beginning of, anfang des, anfang der, anfang"},
    "Z": {0: "end, 底, 末"},
    "i": {0: "in, +"},
    "g": {0: "vor"},
    "f": {0: "from now, from today, later, 之后, 以后, 后", 1: "from tomorrow"},
    "b": {0: "ago, 之前, 以前, 前"},
    "v": {0: "every, each, jede, jeden, jeder, jedes, alle, 每个, 每", 1: "每隔"},
    "O": {0: "other"},
    "A": {
        ("day", 1): "daily, täglich, taeglich",
        ("week", 1): "weekly, wöchentlich, woechentlich",
        ("week", 2): "biweekly, fortnightly, zweiwöchentlich",
        ("month", 1): "monthly, monatlich",
        ("quarter", 1): "quarterly, vierteljährlich, quartalsweise",
        ("year", 1): "yearly, annually, jährlich, jaehrlich",
    },
    "@": {0: "at, @, um"},
    "/": {0: "of, des, im, de, del, 的"},
    ",": {0: "and, und, et, y, 和, 及, &, 、"},
    # Words that only join others.
    " ": {0: "the, on, by, due, until, till, am, den, dem, der, die, das, zum, bis, le, el, 个"},
}

# Words that are two tokens.
_COMPOUND: Mapping[str, Tokens] = {
    "tonight": (("d", 0), ("p", 18)),
    "heute morgen": (("d", 0), ("p", 9)),
    "eow": (("E", 0), ("u", ("week", 1))),
    "eom": (("E", 0), ("u", ("month", 1))),
    "eoq": (("E", 0), ("u", ("quarter", 1))),
    "eoy": (("E", 0), ("u", ("year", 1))),
    "monatsende": (("u", ("month", 1)), ("Z", 0)),
    "quartalsende": (("u", ("quarter", 1)), ("Z", 0)),
    "jahresende": (("u", ("year", 1)), ("Z", 0)),
    "今年": (("x", THIS), ("u", ("year", 1))),
    "明年": (("x", NEXT), ("u", ("year", 1))),
    "后年": (("x", 2), ("u", ("year", 1))),
    "去年": (("x", LAST), ("u", ("year", 1))),
}

_ENGLISH_DAYS = (
    "mon, monday", "tue, tues, tuesday", "wed, weds, wednesday", "thu, thur, thurs, thursday", "fri, friday",
    "sat, saturday", "sun, sunday",
)  # fmt: skip
_GERMAN_DAYS = ("montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag")
_CHINESE_DAYS = "一二三四五六日"
_CHINESE_WEEKS = ("周", "星期", "礼拜")
_ACCENTS = str.maketrans("áéíóúûàèä", "aeiouuaea")


def _words(listed: str) -> list[str]:
    return [word.strip() for word in listed.split(",") if word.strip()]


def _weekdays() -> dict[str, Tokens]:
    found: dict[str, Tokens] = {}
    for number in range(7):
        names = [*_words(_ENGLISH_DAYS[number]), _GERMAN_DAYS[number]]
        names += [week + _CHINESE_DAYS[number] for week in _CHINESE_WEEKS]
        if number == 6:
            names += [week + "天" for week in _CHINESE_WEEKS]
        for language in ("fr", "es"):
            known = Locale(language).days["format"]
            names += [known[width][number] for width in ("wide", "abbreviated")]
        found |= dict.fromkeys(_spellings(names), (("w", number),))
        plural = [f"{name}s" for name in (_words(_ENGLISH_DAYS[number])[-1], _GERMAN_DAYS[number])]
        found |= dict.fromkeys(plural, (("W", number),))
    found["sonnabend"] = (("w", 5),)
    return found


def _months() -> dict[str, Tokens]:
    found: dict[str, Tokens] = {}
    for language in ("es", "fr", "de", "de_AT", "en"):
        for context in ("format", "stand-alone"):
            known = Locale.parse(language).months[context]
            for number in range(1, 13):
                names = [known[width][number] for width in ("wide", "abbreviated")]
                found |= dict.fromkeys(_spellings(names), (("m", number),))
    return found | {"maerz": (("m", 3),), "mrz": (("m", 3),), "sept": (("m", 9),), "set": (("m", 9),)}


def _spellings(names: Iterable[str]) -> list[str]:
    folded = [name.casefold().rstrip(".") for name in names]
    return [*folded, *(name.translate(_ACCENTS) for name in folded)]


WORDS: Mapping[str, Tokens] = {
    **_weekdays(),
    **_months(),
    **{
        word: ((kind, value),)
        for kind, row in _TABLE.items()
        for value, listed in row.items()
        for word in _words(listed)
    },
    **_COMPOUND,
}
"""Every word and phrase with the tokens it is."""


EDGE = r"(?![^\W\u3000-\uffff])"
"""Where a word of letters or a figure may end, in a pattern."""

_LETTERS = re.compile(r"[^\W\d_\u3000-\uffff]+")
_MOST_WORDS = 4
_MOST_CHARACTERS = max(len(word) for word in WORDS if word >= "\u3000")


def word_at(text: str, at: int) -> tuple[Tokens, int]:
    """Return the tokens of the longest word or phrase at a place, and where it ends; nothing and the place for none."""
    first = _LETTERS.match(text, at)
    if first is None:
        ends = list(range(at + 1, min(at + _MOST_CHARACTERS, len(text)) + 1))
    else:
        ends = [first.end()]
        while len(ends) < _MOST_WORDS and (next_word := _LETTERS.match(text, ends[-1] + 1)) and text[ends[-1]] == " ":
            ends.append(next_word.end())
    for end in reversed(ends):
        tokens = WORDS.get(text[at:end])
        if tokens:
            return tokens, end
    return (), at
