"""Hold the plugin on which the files of this folder declare."""

from bot.plugin import Plugin

plugin = Plugin("replies", title="Saved replies", description="Answers a team has ready for its customers.")
