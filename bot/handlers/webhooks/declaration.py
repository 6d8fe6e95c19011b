"""Hold the plugin on which the files of this folder declare."""

from bot.plugin import Plugin

plugin = Plugin("webhooks", title="Webhooks", description="Tell other programs what happens, signed and in order.")
