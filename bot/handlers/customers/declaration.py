"""Hold the plugin on which the files of this folder declare."""

from bot.plugin import Plugin

plugin = Plugin("customers", title="Customers", description="The companies you sell to and support.")
