"""Show what happened to a record, and take back one's own last change."""

from bot.handlers.history.declaration import plugin

__all__ = ["plugin"]
