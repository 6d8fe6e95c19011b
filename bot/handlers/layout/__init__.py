"""Let a team say what cards, lines, forms and the Home show."""

from bot.handlers.layout.declaration import plugin

__all__ = ["plugin"]
