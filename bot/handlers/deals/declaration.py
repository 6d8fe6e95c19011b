"""Hold the plugin on which the files of this folder declare."""

from bot.plugin import Plugin
from storage.crm.deals import DEAL, reasons
from storage.crm.pipelines import PIPELINE, STAGE
from storage.records.fields import ChoiceField

plugin = Plugin(
    "deals", contract=2, title="Deals", description="The sales you work on, from first contact to won or lost."
)
for one in ("new", "edit", "note", "show", "open", "page"):
    plugin.was(one, f"records.{one}", noun=DEAL.key)
plugin.noun(PIPELINE)
plugin.noun(STAGE)
plugin.setting(
    ChoiceField(key="ask_reasons", label="Ask why deals are closed that are", choices=reasons.WHEN, example="lost"),
    default=reasons.NEVER,
)
plugin.slash("deal", description="Add, list, move, win and lose deals")
