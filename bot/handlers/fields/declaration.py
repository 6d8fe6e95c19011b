"""Hold the plugin on which the files of this folder declare."""

from bot.plugin import Plugin

plugin = Plugin("fields", title="Fields", description="Fields of your own on customers, deals, tickets and more.")
