"""Serve service levels: promise them, count them in the hours a team works, and tell who can still keep them."""

from bot.handlers.sla.declaration import plugin

__all__ = ["plugin"]
