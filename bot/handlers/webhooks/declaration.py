"""Hold the plugin on which the files of this folder declare."""

from bot.plugin import Plugin

plugin = Plugin(
    "webhooks", contract=2, title="Webhooks", description="Tell other programs what happens, signed and in order."
)
