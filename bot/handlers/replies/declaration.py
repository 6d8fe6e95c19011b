"""Hold the plugin on which the files of this folder declare."""

from bot.plugin import Plugin
from storage.support.replies import REPLY

plugin = Plugin("replies", contract=2, title="Saved replies", description="Ready-made answers for customers.")
plugin.noun(REPLY)
