"""Say of each noun what a conversation about its records needs to know."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Told:
    """Hold one field of a noun as people type it, read it, enter it and see it afterwards, and what else they type.

    `few` finds what was added `with_it` only; `sort` puts the first of two records last, `order` all by name. `ends` is
    the verb of the command by which a record is over, where only such a one is archived, `ended` finds it in lists;
    `called` is what the field of the name is called. `made` are the commands by which an admin makes the noun, where it
    is a workspace's own.
    """

    key: str
    letter: str
    field: str
    with_it: str
    read: str
    edit: str
    edited: str
    entered: str
    shown: str
    few: str
    sort: str = "sort:-name"
    order: str = ""
    ends: str = ""
    ended: str = ""
    called: str = "Name"
    made: tuple[str, ...] = ()

    def typed(self, verb: str, rest: str = "") -> str:
        """Return a command about records of the noun."""
        return f"/crm {self.key} {verb} {rest}".strip()

    def reference(self, number: int = 1) -> str:
        """Return the reference of a record."""
        return f"{self.letter}-{number}"


TOLD = (
    Told("customer", "C", "Tier", "tier:gold", "gold", "tier:silver", "silver", "tin", "tin", "tier:gold"),
    Told(
        "contact", "P", "E-mail", "email:h@dam.example", "h@dam.example", "email:w@dam.example", "w@dam.example",
        "x@dam.example", "x@dam.example", "email:h@dam.example",
    ),
    Told(
        "contract", "K", "Worth", "worth:12k", "$12,000", "worth:15k", "$15,000", "17000", "$17,000", "worth>10k",
        "sort:worth", made=("/crm noun add Contract letter:K", "/crm field add contract Worth type:money"),
    ),
    Told(
        "deal", "D", "Amount", "amount:12k", "$12,000", "amount:15k", "$15,000", "17000", "$17,000",
        "amount>10k", "sort:amount", "sort:name", "lost", "all",
    ),
    Told(
        "ticket", "T", "Assignee", "assignee:me", "@Rita Rep", "assignee:@agent", "@Anton Agent", "UAREP",
        "@Rita Rep", "assignee:me", "sort:-name", "sort:name", "resolve", "all", "Title",
    ),
)  # fmt: skip
QUOTE = Told(
    "quote", "Q", "Amount", "amount:12k", "$12,000", "amount:15k", "$15,000", "17000", "$17,000", "amount>10k",
    "sort:amount",
)  # fmt: skip
