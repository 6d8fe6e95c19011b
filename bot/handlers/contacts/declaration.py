"""Hold the plugin on which the files of this folder declare, and the noun."""

from bot.plugin import Plugin
from storage.crm.contacts import CONTACT

plugin = Plugin("contacts", contract=2, title="Contacts", description="The people at your customers.")
plugin.noun(CONTACT)
