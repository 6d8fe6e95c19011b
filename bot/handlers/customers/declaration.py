"""Hold the plugin on which the files of this folder declare."""

from bot.plugin import Plugin
from storage.crm.customers import CUSTOMER

plugin = Plugin("customers", contract=2, title="Customers", description="The companies you sell to and support.")
for one in ("new", "edit", "note", "show"):
    plugin.was(one, f"records.{one}", noun=CUSTOMER.key)
plugin.slash("customer", description="Add, find and show customers")
