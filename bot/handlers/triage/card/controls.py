"""Draw the buttons and menus of a ticket's card."""

from __future__ import annotations

from slack_sdk.models.blocks import Block, ButtonElement

from bot.handlers.triage.declaration import plugin
from bot.kit import blocks as b
from bot.kit import categories
from bot.plugin import _
from storage.support.tickets import Priority, Ticket

SALES = "sales"
"""The category of what may become a deal."""
MORE = ("assign", "note", "join", "history")
"""What the form behind the three dots is asked for."""


def blocks(ticket: Ticket, own: categories.Own) -> list[Block]:
    """Draw what can be done with a ticket that is not done."""
    control = b.Control(ticket.reference, ticket.version)
    main = [b.button(_("Take"), plugin.id("take"), control, style="primary")] if ticket.assignee_id is None else []
    if ticket.channel_id is not None:
        # With the channel, so that Slack can be asked whether it takes an answer before anything else is done.
        where = b.Control(ticket.reference, ticket.version, ticket.channel_id)
        style = None if main else "primary"
        main.append(b.button(_("Reply to customer"), plugin.id("reply"), where, style=style))
    main.append(b.button(_("Resolve"), plugin.id("resolve"), control))
    labels = (_("Assign"), _("Add a note"), _("Merge or split"), _("History"))
    more = [_option(ticket, label, what) for label, what in zip(labels, MORE, strict=True)]
    return [
        b.actions(*main, b.overflow(plugin.id("more"), more)),
        b.actions(
            b.menu(_("Category"), plugin.id("category"), category_options(ticket, own)),
            b.menu(_("Priority"), plugin.id("priority"), [_option(ticket, _(one), one) for one in reversed(Priority)]),
            b.button(_("Not a request"), plugin.id("dismiss"), control),
            b.button(_("Follow up"), "followups.new", control),
            *create_deal(ticket),
        ),
    ]


def create_deal(ticket: Ticket) -> list[ButtonElement]:
    """Draw the button that makes a deal of a request of sales, for its customer; nothing for any other."""
    if ticket.category != SALES:
        return []
    customer = ticket.customer.reference if ticket.customer is not None else ""
    return [b.button(_("Create deal"), "records.new", b.Control(customer, detail="deal"))]


def category_options(ticket: Ticket, own: categories.Own) -> list[b.Option]:
    """Offer every category of the workspace."""
    return [_option(ticket, name, key) for key, name in categories.offered(own).items()]


def _option(ticket: Ticket, label: str, detail: str) -> b.Option:
    return b.Option(label, str(b.Control(ticket.reference, ticket.version, detail)))
