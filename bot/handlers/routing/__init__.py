"""Say which tickets go to which channel and people, and who is away."""

from bot.handlers.routing.declaration import plugin

__all__ = ["plugin"]
