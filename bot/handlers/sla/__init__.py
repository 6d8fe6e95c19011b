"""Serve service levels: promise them, count them in the hours a team works, and tell who can still keep them."""

from bot.handlers.sla import actions, alerts, clocks, commands, hours, late
from bot.handlers.sla.declaration import plugin

__all__ = ["actions", "alerts", "clocks", "commands", "hours", "late", "plugin"]
