"""Hold the plugin on which the files of this folder declare."""

from bot.plugin import Plugin
from storage.crm.customers import CUSTOMER

plugin = Plugin("customers", title="Customers", description="The companies you sell to and support.")
for one in ("new", "edit", "note", "show"):
    plugin.was(one, f"records.{one}", noun=CUSTOMER.key)
