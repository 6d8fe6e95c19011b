"""Hold the plugin on which the files of this folder declare, and the noun, with categories as people call them."""

from dataclasses import replace

from bot.kit import categories
from bot.plugin import Plugin
from storage.support import tickets
from storage.support.tickets import CategoryField

plugin = Plugin("tickets", contract=2, title="Tickets", description="Customers' requests, until somebody answers them.")
TICKET = replace(
    tickets.TICKET,
    fields=tuple(
        replace(one, meant=categories.stored_as) if isinstance(one, CategoryField) else one
        for one in tickets.TICKET.fields
    ),
)
for one in ("new", "edit", "note", "show", "open", "page"):
    plugin.was(one, f"records.{one}", noun=TICKET.key)
plugin.slash("ticket", description="Open, list and handle tickets")
