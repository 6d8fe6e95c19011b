"""Hold the plugin on which the files of this folder declare."""

from bot.plugin import Plugin

plugin = Plugin("templates", contract=2, title="Templates", description="Set-ups to begin with, taken back at one go.")
