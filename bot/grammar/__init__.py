"""Turn what people type into arguments: words, keys, people, amounts and dates."""

from bot.grammar.amounts import parse_amount
from bot.grammar.arguments import Args, parse
from bot.grammar.calendar.dates import parse_date, parse_moment
from bot.grammar.calendar.hours import parse_hours, parse_weekdays
from bot.grammar.calendar.recurrence import next_time
from bot.grammar.calendar.recurring import When, parse_when, said
from bot.grammar.entities import unescape
from bot.grammar.filters import FilterValues
from bot.grammar.reading import Reading, Several, ValueType, Writer
from bot.grammar.usage import Usage
from bot.grammar.words import did_you_mean, split_text

__all__ = [
    "Args",
    "FilterValues",
    "Reading",
    "Several",
    "Usage",
    "ValueType",
    "When",
    "Writer",
    "did_you_mean",
    "next_time",
    "parse",
    "parse_amount",
    "parse_date",
    "parse_hours",
    "parse_moment",
    "parse_weekdays",
    "parse_when",
    "said",
    "split_text",
    "unescape",
]
