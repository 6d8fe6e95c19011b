"""Read the values of filters as their writer means them."""

import re
from datetime import date, datetime

from bot.grammar.amounts import parse_amount
from bot.grammar.calendar.dates import parse_date
from bot.grammar.calendar.zones import place, zone_of
from bot.grammar.entities import shown
from bot.grammar.reading import Writer
from bot.grammar.types import is_me
from storage.errors import Invalid
from storage.money import Money

_MENTION = re.compile(r"<@([A-Za-z0-9]+)>")


class FilterValues(Writer):
    """Read the values of `storage.records.query` for one person."""

    def midnight(self, day: date) -> datetime:
        """Return the moment, in UTC, at which a day begins in the person's zone."""
        return place(day, 0, zone_of(self.zone))

    def amount(self, text: str) -> Money:
        """Return an amount, in the workspace's currency if it names none; raise Invalid for anything else."""
        return parse_amount(text, currency=self.currency, locale=self.locale, field=None)

    def date(self, text: str, *, past: bool) -> date:
        """Return a day, or raise Invalid; `past` prefers the last such day to the next."""
        return parse_date(text, zone=self.zone, now=self.now, locale=self.locale, field=None, past=past)

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
