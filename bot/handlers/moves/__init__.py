"""Follow the records that move when a stage, a status or a tier goes out of use."""

from bot.handlers.moves.declaration import plugin

__all__ = ["plugin"]
