"""Serve follow-ups in Slack: promise, list, be reminded, snooze and finish."""

from bot.handlers.followups.declaration import plugin

__all__ = ["plugin"]
