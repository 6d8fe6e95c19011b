"""Hold the plugin on which the files of this folder declare."""

from bot.plugin import Plugin

plugin = Plugin(
    "pipelines", contract=2, title="Pipelines", description="The stages that deals go through, of one sale or several."
)
