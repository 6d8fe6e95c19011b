"""Do for every noun what follows from its declaration."""

from bot.handlers.records.declaration import plugin

__all__ = ["plugin"]
