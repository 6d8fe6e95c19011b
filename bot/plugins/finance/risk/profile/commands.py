"""Answer what is asked of a client's risk profile."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.kit import blocks as b
from bot.kit.cards import headline
from bot.kit.format import Reader
from bot.kit.lookup import customer_called
from bot.kit.replies import Message
from bot.plugin import Role, _
from bot.plugins.finance import plugin
from bot.plugins.finance.cards import accesses_of
from bot.plugins.finance.nouns import ADVISER
from bot.plugins.finance.risk.profile.cards import profile_of
from bot.plugins.finance.risk.profile.questions import QUESTION

plugin.noun(QUESTION)


@plugin.command("risk profile", usage="<customer>", role=ADVISER, example="harbor")
def profile(args: Args, session: Session, reader: Reader) -> Message:
    """Show what a client answered, which risk suits them, and until when that counts."""
    return profile_of(session, customer_called(session, args["customer"]), reader)


@plugin.command("risk access", usage="<customer>", role=Role.MANAGER, example="harbor")
def access(args: Args, session: Session, reader: Reader) -> Message:
    """Show who looked at a client's risk profile, and when."""
    customer = customer_called(session, args["customer"])
    title = b.markup(_("Who looked at the risk profile of {customer}"), customer=headline(customer))
    return accesses_of(session, customer, reader, title)


@plugin.action("risk_profile", role=ADVISER)
def show(control: b.Control, session: Session, reader: Reader) -> Message:
    """Show the risk profile of the card's customer."""
    return profile_of(session, customer_called(session, control.record), reader)
