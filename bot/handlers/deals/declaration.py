"""Hold the plugin on which the files of this folder declare."""

from bot.plugin import Plugin

plugin = Plugin("deals", title="Deals", description="The sales you work on, from first contact to won or lost.")
