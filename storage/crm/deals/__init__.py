"""Keep the sales a team works on, and move them through the pipeline."""

from storage.crm.deals import reasons
from storage.crm.deals.declaration import DEAL
from storage.crm.deals.finding import find, get, likely_duplicates, list_deals, resolve
from storage.crm.deals.model import Deal, check_amount
from storage.crm.deals.moving import WHAT
from storage.crm.deals.work import add, lose, move, put, touch, transfer, win

__all__ = [
    "DEAL",
    "WHAT",
    "Deal",
    "add",
    "check_amount",
    "find",
    "get",
    "likely_duplicates",
    "list_deals",
    "lose",
    "move",
    "put",
    "reasons",
    "resolve",
    "touch",
    "transfer",
    "win",
]
