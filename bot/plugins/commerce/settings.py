"""Declare what admins choose for the shop with `/crm settings commerce`."""

from __future__ import annotations

from bot.plugin import Role
from bot.plugins.commerce import plugin
from storage.records.fields import ChoiceField, NumberField, PersonField, TextField

MIRRORED, KEPT = "mirrored", "kept"

SHOPIFY = plugin.setting(TextField(key="shopify", label="Secret of Shopify's webhooks"), default=None, secret=True)
WOOCOMMERCE = plugin.setting(
    TextField(key="woocommerce", label="Secret of WooCommerce's webhooks"), default=None, secret=True
)
STOCK = plugin.setting(
    ChoiceField(key="stock", label="Stock of products that shops send", choices=(MIRRORED, KEPT), example=KEPT),
    default=MIRRORED,
)
OWNER = plugin.setting(
    PersonField(key="owner", label="Who looks after customers without an owner", role=Role.REP, example="@rita"),
    default=None,
)
ABANDONED = plugin.setting(
    NumberField(key="abandoned", label="Hours until a checkout is given up", least=1, most=720, example="4"), default=24
)
STARS = plugin.setting(
    NumberField(key="stars", label="Stars at which a review is followed up", least=0, most=5, example="3"), default=2
)
