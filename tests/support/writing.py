"""Somebody who writes: on a Wednesday morning in Berlin, in English, in a workspace that counts in euros."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.grammar import Args, Usage, Writer
from bot.grammar import parse as parse_for

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 25, 11, 0, tzinfo=BERLIN)
WRITER = Writer("UME", "EUR", BERLIN, NOW)


def parse(text: str, usage: Usage, *, raw: str | None = None, locale: str = "en-US", currency: str = "EUR") -> Args:
    """Read what follows a command."""
    return parse_for(text, usage, replace(WRITER, locale=locale, currency=currency), raw=raw)
