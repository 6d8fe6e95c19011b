"""Keep products with their stock, and what customers order. Off until RAPPORT_PLUGINS names it."""

from bot.plugin import Plugin

plugin = Plugin(
    "commerce", contract=2, title="Commerce", description="Products with their stock, and orders.", off=True
)
