"""Hold the plugin on which the files of this folder declare."""

from bot.plugin import Plugin

plugin = Plugin("settings", contract=2, title="Settings", description="What admins decide about plugins.")
