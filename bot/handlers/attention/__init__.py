"""Leave people and channels alone when they wish, and show what waits meanwhile."""

from bot.handlers.attention.declaration import plugin

__all__ = ["plugin"]
