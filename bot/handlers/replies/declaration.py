"""Hold the plugin on which the files of this folder declare."""

from bot.plugin import Plugin

plugin = Plugin("replies", contract=2, title="Saved replies", description="Ready-made answers for customers.")
