"""Hold the plugin on which the files of this folder declare."""

from bot.plugin import Plugin

plugin = Plugin(
    "records", contract=2, title="Records", description="What every noun has: add, show, find, list, edit and more."
)
