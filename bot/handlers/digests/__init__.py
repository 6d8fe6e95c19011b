"""Serve digests in Slack: set one up, see it now, ask what is behind a number, stop it."""

from bot.handlers.digests.declaration import plugin

__all__ = ["plugin"]
