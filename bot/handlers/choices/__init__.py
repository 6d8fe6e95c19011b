"""Let a team call statuses, priorities and tiers as it does, and add its own."""

from bot.handlers.choices.declaration import plugin

__all__ = ["plugin"]
