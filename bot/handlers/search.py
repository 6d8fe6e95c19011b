"""Find anything by what a person remembers of its name."""

from __future__ import annotations

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.kit import blocks as b
from bot.kit.replies import Message
from bot.plugin import Plugin, Role, _
from storage.records import search
from storage.records.search import Hit
from storage.references import Noun

plugin = Plugin("search", title="Search", description="One search over customers, contacts, deals and tickets.")

FOUND = 10
SHOW = {
    Noun.CUSTOMER: "customers.show",
    Noun.CONTACT: "records.show",
    Noun.DEAL: "deals.show",
    Noun.TICKET: "tickets.show",
}
"""The buttons by which other plugins show their records."""


@plugin.command("find", usage="<text>", role=Role.VIEWER, example="globx")
def find(args: Args, session: Session) -> Message:
    """Find customers, contacts, deals and tickets; spelling mistakes are forgiven."""
    hits = search.find(session, args.text, limit=FOUND)
    if not hits:
        text = b.markup(_("Nothing is called “{typed}”, or nearly so."), typed=b.cut(args.text, 300))
        return Message(text, [b.section(text), b.context(_("Add a customer: `/customer add Acme`."))])
    title = b.markup(_("Found for “{typed}”"), typed=b.cut(args.text, 300))
    return Message(title, [b.section(title), *map(_line, hits)])


def _line(hit: Hit) -> Block:
    nouns = {
        Noun.CUSTOMER: _("customer"),
        Noun.CONTACT: _("contact"),
        Noun.DEAL: _("deal"),
        Noun.TICKET: _("ticket"),
    }
    show = b.button(_("Show"), SHOW[hit.noun], b.Control(hit.reference)) if hit.noun in SHOW else None
    return b.section(
        b.markup("*{name}*  {ref}\n{noun}", name=hit.name, ref=hit.reference, noun=nouns[hit.noun]), accessory=show
    )
