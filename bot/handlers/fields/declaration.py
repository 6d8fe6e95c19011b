"""Hold the plugin on which the files of this folder declare."""

from bot.plugin import Plugin

plugin = Plugin(
    "fields", contract=2, title="Fields", description="Fields of your own on customers, deals, tickets and more."
)
