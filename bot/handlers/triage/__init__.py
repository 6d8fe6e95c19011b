"""Bring each customer message to support: as a ticket, classified, on a card that is handled where it stands."""

from bot.handlers.triage.plugin import plugin

from bot.handlers.triage import actions, card, incidents, intake, more, reactions, reply, rerouting, setup, shortcut  # isort: skip  # they declare

__all__ = [
    "actions",
    "card",
    "incidents",
    "intake",
    "more",
    "plugin",
    "reactions",
    "reply",
    "rerouting",
    "setup",
    "shortcut",
]
