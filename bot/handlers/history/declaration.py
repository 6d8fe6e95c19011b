"""Name the plugin that the parts of this folder declare on."""

from bot.plugin import Plugin

plugin = Plugin("history", contract=2, title="History", description="Who changed what, and undo.")
