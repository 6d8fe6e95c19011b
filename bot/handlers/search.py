"""Find anything by what a person remembers of its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.kit import blocks as b
from bot.kit.replies import Instead, Message
from bot.plugin import Command, Plugin, Role, _
from storage.records import search
from storage.records.search import Hit
from storage.references import parse_reference, reference
from storage.subjects import called

plugin = Plugin("search", title="Search", description="One search over customers, contacts, deals and tickets.")


class RegistryForSearch(Protocol):
    """Stand for all that is declared."""

    @property
    def commands(self) -> Mapping[str, Command]:
        """Return the commands by their words."""


FOUND = 10
SHOW = {
    "customer": "records.show",
    "contact": "records.show",
    "deal": "deals.show",
    "ticket": "tickets.show",
}
"""The buttons by which other plugins show their records."""


@plugin.command("find", usage="<text>", role=Role.VIEWER, example="globx")
def find(args: Args, session: Session) -> Message:
    """Find customers, contacts, deals and tickets, even misspelt."""
    hits = search.find(session, args.text, limit=FOUND)
    if not hits:
        text = b.markup(_("Nothing has a name like “{typed}”."), typed=b.cut(args.text, 300))
        return Message(text, [b.section(text), b.context(_("Add a customer: `/customer add Acme`."))])
    title = b.markup(_("Results for “{typed}”"), typed=b.cut(args.text, 300))
    return Message(title, [b.section(title), *map(_line, hits)])


@plugin.command("show", usage="<record>", role=Role.VIEWER, example="D-88")
def show(args: Args, session: Session, catalogue: RegistryForSearch) -> Message | Instead:
    """Show a customer, deal, ticket or follow-up by its reference or name."""
    named = parse_reference(args.text)
    if named is None:
        record = called(session, args.text, field="record")
        named = record.__noun__, record.id
    words = f"{named[0]} show"
    return Instead(words, reference(*named)) if words in catalogue.commands else find(args, session)


def _line(hit: Hit) -> Block:
    nouns = {
        "customer": _("customer"),
        "contact": _("contact"),
        "deal": _("deal"),
        "ticket": _("ticket"),
    }
    show = b.button(_("Show"), SHOW[hit.noun], b.Control(hit.reference)) if hit.noun in SHOW else None
    return b.section(
        b.markup("*{name}*  {ref}\n{noun}", name=hit.name, ref=hit.reference, noun=nouns[hit.noun]), accessory=show
    )
