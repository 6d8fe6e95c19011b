"""Find anything by what a person remembers of its name."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot import blocks as b
from bot.grammar import Args
from bot.plugin import Plugin, Role, _
from bot.replies import Message
from storage import search

plugin = Plugin("search", title="Search", description="One search over customers, contacts, deals and tickets.")

FOUND = 15


@plugin.command("find", usage="<anything>", role=Role.VIEWER, example="globx")
def find(args: Args, session: Session) -> Message:
    """Find customers, contacts, deals and tickets; spelling mistakes are forgiven."""
    hits = search.find(session, args.text, limit=FOUND)
    if not hits:
        text = b.markup(_("Nothing is called “{typed}”, or nearly so."), typed=args.text)
        return Message(text, [b.section(text), b.context(_("Add a customer: `/customer add Acme`."))])
    lines = [b.markup("`{ref}`  {name}  _{noun}_", ref=h.reference, name=h.name, noun=_(h.noun.value)) for h in hits]
    title = b.markup(_("Found for “{typed}”"), typed=args.text)
    return Message(
        title,
        [
            b.section(b.join([b.markup("*{title}*", title=title), *lines])),
            b.context(_("Open one with `/customer show C-1`, `/deal show D-1` or `/ticket show T-1`.")),
        ],
    )
