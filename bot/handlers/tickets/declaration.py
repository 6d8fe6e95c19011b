"""Hold the plugin on which the files of this folder declare."""

from bot.plugin import Plugin

plugin = Plugin("tickets", title="Tickets", description="Customers' requests, until somebody answers them.")
