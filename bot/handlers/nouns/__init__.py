"""Let a team make kinds of records of its own."""

from bot.handlers.nouns.declaration import plugin

__all__ = ["plugin"]
