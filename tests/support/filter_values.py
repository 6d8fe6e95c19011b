"""Read what filters say as the tests write it: `10k` dollars, ISO dates, members by role."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from storage.errors import Invalid
from storage.money import Money


class Said:
    """Turn a filter's text into values, like the bot's grammar does for people."""

    def amounts(self, text: str) -> tuple[Money, Money]:
        """Return dollars; `k` is a thousand."""
        amount = Money(int(text.removesuffix("k")) * (1000 if text.endswith("k") else 1) * 100, "USD")
        return amount, amount

    def days(self, text: str, *, past: bool) -> tuple[date, date]:
        """Return an ISO date."""
        try:
            return date.fromisoformat(text), date.fromisoformat(text)
        except ValueError:
            raise Invalid("no date: {text} {past}", text=text, past=past) from None

    def span(self, text: str, *, past: bool) -> tuple[datetime, datetime]:
        """Return when a day begins and ends in UTC."""
        begins = datetime.combine(self.days(text, past=past)[0], time(), tzinfo=UTC)
        return begins, begins + timedelta(1)

    def member(self, text: str) -> str:
        """Return the id of the member with a role."""
        return f"U{text.upper()}"
