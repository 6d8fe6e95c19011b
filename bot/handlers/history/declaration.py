"""Name the plugin that the parts of this folder declare on."""

from bot.plugin import Plugin

plugin = Plugin("history", title="History", description="Who changed what, and undo.")
