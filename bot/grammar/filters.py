"""Read the values of filters as their writer means them."""

import re
from datetime import date, datetime, timedelta
from functools import partial

from bot.grammar.amounts import parse_amount
from bot.grammar.calendar.dates import no_date, period_in
from bot.grammar.calendar.zones import place, zone_of
from bot.grammar.entities import Decoded, shown
from bot.grammar.reading import Reading, Writer, all_of, fold
from bot.grammar.types import is_me
from storage.errors import Invalid
from storage.money import Money
from storage.records.comparisons import Fields

NOW = "now"
_MENTION = re.compile(r"<@([A-Za-z0-9]+)>")


class FilterValues(Writer):
    """Read the values of `storage.records.query` for one person."""

    def amounts(self, text: str) -> tuple[Money, Money]:
        """Return the least and the most of two amounts with `..` between them, or one amount twice.

        One that names no currency is in that of the other, or else the workspace's. Raises Invalid for anything else,
        and for amounts in two currencies.
        """
        begins, _, ends = text.partition("..")
        read = partial(parse_amount, locale=self.locale, field=None)
        last = read(ends if ".." in text else begins, currency=self.currency)
        first = read(begins, currency=last.currency)
        if first.currency != last.currency:
            last = read(ends, currency=first.currency)
        if first.currency != last.currency:
            raise Invalid("{amount} is in two currencies.", hint="Write both in one currency.", amount=shown(text))
        low, high = sorted((first, last), key=lambda amount: amount.minor)
        return low, high

    def days(self, text: str, *, past: bool) -> tuple[date, date]:
        """Return the first and the last day of a day, a week, month, quarter or year, or of two with `..` between them.

        Raises Invalid for anything else; `past` prefers the last such days to the next.
        """
        first, _, last = text.partition("..")
        found = [self._period(part, past) for part in (first, last or first)]
        return found[0][0], found[1][1]

    def span(self, text: str, *, past: bool) -> tuple[datetime, datetime]:
        """Return when such days begin and end in the person's zone, in UTC; `now` is this moment."""
        if text == NOW:
            return self.now, self.now
        first, last = self.days(text, past=past)
        zone = zone_of(self.zone)
        return place(first, 0, zone), place(last + timedelta(1), 0, zone)

    def _period(self, text: str, past: bool) -> tuple[date, date]:
        return all_of(Decoded(text, text), lambda bare: period_in(bare, self, past=past), no_date, field=None)

    def member(self, text: str) -> str:
        """Return the id of the person a mention in `Args.filters` or "me" means; raise Invalid for anything else."""
        if is_me(text):
            return self.me
        mention = _MENTION.fullmatch(text)
        if mention:
            return mention[1]
        raise Invalid(
            "{value} is not a person I can see.", hint="Write @ and pick a name.", typed=text, value=shown(text)
        )


_TOP = re.compile(r"(?:top|biggest|largest|größte)(?:\s+\d{1,3})?(?:\s+|$)", re.IGNORECASE)
_BY = re.compile(
    r"(?:(?:sorted|ordered|sort|order|sortiert)\s+)?(?:by|nach)\s+(\w+)(?:\s+(asc|desc)(?:ending)?)?(?=[\s,;，；、.]|$)",
    re.IGNORECASE,
)


def order_in(text: Decoded, fields: Fields) -> Reading[list[str]] | None:
    """Read "by amount" and "top 5" as an order: by money the most first, by anything else as it counts up."""
    top = _TOP.match(text.mask)
    by = _BY.match(text.mask, top.end() if top else 0)
    money = [name for name, on in fields.by_name.items() if on.kind == "money"]
    name = fold(by[1]) if by else money[0] if top and len(money) == 1 else ""
    ends = by or top
    if ends is None or name not in fields.by_name:
        return None
    way = fold(by[2]) if by and by[2] else "desc" if top or name in money else "asc"
    return Reading([f"sort:{'-' if way == 'desc' else ''}{name}"], ends.end())
