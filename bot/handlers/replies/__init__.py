"""Keep the answers a team has ready: list, add, change and delete them."""

from bot.handlers.replies.declaration import plugin

__all__ = ["plugin"]
