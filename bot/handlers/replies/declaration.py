"""Hold the plugin on which the files of this folder declare."""

from bot.plugin import Plugin

plugin = Plugin("replies", title="Saved replies", description="Ready-made answers for customers.")
