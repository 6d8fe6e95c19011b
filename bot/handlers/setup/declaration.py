"""Hold the plugin on which the files of this folder declare."""

from bot.plugin import Plugin

plugin = Plugin("setup", contract=2, title="Set up", description="All settings of the workspace, each at one click.")
