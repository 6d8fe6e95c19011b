"""Let a team give its records fields of its own."""

from bot.handlers.fields.declaration import plugin

__all__ = ["plugin"]
