"""Make a contact of who wrote a message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from bot.handlers.contacts.declaration import plugin
from bot.kit import blocks as b
from bot.kit import cards, fields, records
from bot.kit.faces import Hand
from bot.kit.format import Reader
from bot.kit.replies import Message, Modal
from bot.plugin import Catalogue, Member, Place, Role, Slack, _
from storage.crm import contacts
from storage.crm.contacts import CONTACT
from storage.errors import Invalid
from storage.records.schema import extended
from storage.support import channels
from storage.workspace import members
from storage.workspace.workspaces import Workspace


def _author(message: Mapping[str, Any], state: Mapping[str, str], slack: Slack) -> Mapping[str, Any]:
    """Ask Slack who wrote the message, before the form is filled; what was entered needs nobody."""
    if state:
        return {}
    user_id = message.get("user")
    if not user_id:
        raise Invalid("This was written by an app, not by a person.")
    return slack.user(str(user_id))


@plugin.view("author", title="Add as contact", role=Role.REP, before=_author)
def author(found: Mapping[str, Any], session: Session, place: Place) -> Modal:
    """Open the form for who wrote a message, with what Slack knows of them; show who is a contact already."""
    known = contacts.by_slack_user(session, str(found["id"]))
    if known is not None:
        text = b.markup(_("{person} is a contact already."), person=cards.headline(known))
        return Modal(
            _("Add as contact"), [b.section(text, accessory=b.button(_("Show"), cards.SHOW, cards.control(known)))]
        )
    member = members.get(session, str(found["id"]))
    link = channels.link_of(session, place.channel_id)
    profile = found.get("profile") or {}
    values = {
        "name": profile.get("real_name") or found.get("real_name") or found.get("name", ""),
        "role": profile.get("title") or None,
        "email": profile.get("email") or None,
        "phone": profile.get("phone") or None,
        "customer": link.customer_id if link else None,
        "slack": member.id if member else str(found["id"]),
    }
    entries = fields.entries(extended(session, CONTACT), values, session)
    return Modal(_("Add as contact"), entries, submit=_("Add"), state={"noun": CONTACT.key})


@author.submit
def add(
    values: Mapping[str, Any],
    state: Mapping[str, str],
    session: Session,
    actor: Member,
    reader: Reader,
    workspace: Workspace,
    catalogue: Catalogue,
) -> Message | Modal:
    """Add the contact, unless others are like it that have not been shown yet."""
    hand = Hand(session, actor, reader, workspace)
    return records.submitted(catalogue.nouns[CONTACT.key], values, state, hand)


plugin.shortcut("author", author, title="Add as contact", on_message=True)
