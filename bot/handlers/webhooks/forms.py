"""Ask for a new webhook, or for the changes of one, in a form."""

from __future__ import annotations

from collections.abc import Mapping

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.handlers.webhooks import lists
from bot.handlers.webhooks.declaration import plugin
from bot.handlers.webhooks.wording import hook_of, read_events, read_yes, unknown_host
from bot.kit import blocks as b
from bot.kit.format import Reader
from bot.kit.replies import Message, Modal
from bot.plugin import Role, _
from storage.names import NAME_LIMIT
from storage.webhooks import occurrences, settings
from storage.webhooks.addresses import Allowed
from storage.webhooks.model import Webhook
from storage.webhooks.settings import URL_LIMIT

Values = Mapping[str, str]


@plugin.view("new", title="New webhook", role=Role.ADMIN, before=unknown_host)
def new() -> Modal:
    """Open the form for a new webhook."""
    return Modal(_("New webhook"), _entries(None), submit=_("Add"))


@new.submit
def add(values: Values, session: Session, inside: Allowed, found: bool) -> Message:
    """Add the webhook and show its secret."""
    hook = settings.add(
        session,
        url=values["url"],
        patterns=read_events(values["events"]),
        name=values["name"] or "",
        sensitive=read_yes(values["sensitive"]),
        inside=inside,
    )
    occurrences.test(session, hook)
    return lists.added(hook, unknown=found)


plugin.button_opens("new", new)
plugin.opens("webhook", new)


@plugin.view("edit", title="Edit webhook", role=Role.ADMIN)
def edit(control: b.Control, session: Session) -> Modal:
    """Open the form with what a webhook is."""
    hook = hook_of(session, control.record)
    return Modal(_("Edit webhook"), _entries(hook), submit=_("Save"), state={"webhook": str(hook.id)})


@edit.submit
def save(values: Values, state: Mapping[str, str], session: Session, reader: Reader, inside: Allowed) -> Message:
    """Save what was changed of the webhook."""
    hook = hook_of(session, state.get("webhook", ""))
    settings.change(
        session,
        hook,
        url=values["url"],
        patterns=read_events(values["events"]),
        name=values["name"] or hook.name,
        sensitive=read_yes(values["sensitive"]),
        inside=inside,
    )
    return lists.webhooks(session, reader, notice=_("Saved."), undo=True)


plugin.button_opens("edit", edit)


def _entries(hook: Webhook | None) -> list[Block]:
    answers = [b.Option(_("no"), "no"), b.Option(_("yes"), "yes")]
    kinds = ", ".join(occurrences.KINDS)
    told = "yes" if hook and hook.sensitive else "no"
    return [
        b.text_input(
            "url",
            _("Address"),
            initial=hook.url if hook else "",
            placeholder="https://erp.example.com/rapport",
            max_length=URL_LIMIT,
        ),
        b.text_input(
            "events",
            _("Events"),
            initial=", ".join(hook.events) if hook else "",
            placeholder="deal.won, ticket.opened, customer.*, *.created",
            hint=_("Or all. Records are {kinds}; deals are won, lost and moved.").format(kinds=kinds),
            multiline=True,
        ),
        b.text_input(
            "name",
            _("Name"),
            initial=hook.name if hook else "",
            placeholder=_("ERP"),
            hint=_("Left out, it is called as the address."),
            optional=True,
            max_length=NAME_LIMIT,
        ),
        b.choice_input("sensitive", _("Is told fields that are only for some roles"), answers, initial=told),
    ]
