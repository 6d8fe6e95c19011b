"""Add a person to a customer in one line."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.grammar.types import PERSON
from bot.handlers.contacts.declaration import plugin
from bot.kit import fields, records
from bot.kit.faces import Hand
from bot.kit.format import Reader
from bot.kit.lookup import customer_called
from bot.kit.replies import Message
from bot.plugin import Catalogue, Member, Role
from storage.crm.contacts import CONTACT
from storage.workspace.workspaces import Workspace


@plugin.command(
    "customer contact",
    usage="<customer> <name> [role:CFO] [phone:+49 89 1234] [email:jane@acme.com] [slack:@jane]",
    role=Role.REP,
    example="acme Jane Doe jane@acme.com role:CFO",
    slack=PERSON,
    takes=CONTACT.key,
)
def contact(
    args: Args,
    session: Session,
    actor: Member,
    reader: Reader,
    workspace: Workspace,
    catalogue: Catalogue,
) -> Message:
    """Add a person at a customer; an address or a mention among the words is understood."""
    hand = Hand(session, actor, reader, workspace)
    noun = catalogue.nouns[CONTACT.key]
    given = {
        "customer": customer_called(session, args["customer"]).id,
        **fields.from_words(noun.declaration, args, hand, but=("customer",)),
    }
    return records.added(noun, args.values["name"], given, hand)
