"""Let an admin have other programs told what happens."""

from bot.handlers.webhooks.declaration import plugin

__all__ = ["plugin"]
