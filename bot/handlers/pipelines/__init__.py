"""Let a team set up its pipelines and their stages."""

from bot.handlers.pipelines.declaration import plugin

__all__ = ["plugin"]
