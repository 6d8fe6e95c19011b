"""Read what filters say as tests of fields write it: `6 EUR`, ISO dates, members by id."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from storage.money import Money


class PlainValues:
    """Turn a filter's text into values without any grammar."""

    def amounts(self, text: str) -> tuple[Money, Money]:
        """Return so many minor units of a currency."""
        number, currency = text.split()
        return Money(int(number), currency), Money(int(number), currency)

    def days(self, text: str, *, past: bool) -> tuple[date, date]:
        """Return an ISO date."""
        day = date.fromisoformat(text)
        return day, day

    def span(self, text: str, *, past: bool) -> tuple[datetime, datetime]:
        """Return when a day begins and ends in UTC."""
        first = datetime.fromisoformat(text).replace(tzinfo=UTC)
        return first, first + timedelta(1)

    def member(self, text: str) -> str:
        """Return the id as it was written."""
        return text
