"""Hold the plugin on which the files of this folder declare."""

from bot.plugin import Plugin

plugin = Plugin(
    "layout", contract=2, title="Layout", description="What cards, list lines, forms and the Home show, in which order."
)
