"""Keep a shop beside its customers: products, orders, carts and reviews. Off until RAPPORT_PLUGINS names it."""

from bot.plugin import Plugin

plugin = Plugin(
    "commerce",
    contract=2,
    title="Commerce",
    description="Products with their stock, orders, carts and reviews.",
    off=True,
)
