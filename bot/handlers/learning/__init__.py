"""Show what the workspace's model has learned, roll it back, and say which categories there are."""

from bot.handlers.learning.declaration import plugin

__all__ = ["plugin"]
