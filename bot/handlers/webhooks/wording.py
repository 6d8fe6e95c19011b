"""Say how a webhook fares, and read what people say of one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.kit import blocks as b
from bot.kit.format import Reader
from bot.plugin import _, ngettext
from storage.errors import Invalid
from storage.webhooks import addresses, settings
from storage.webhooks.model import Webhook, WebhookDelivery


def read_events(typed: str) -> Sequence[str]:
    """Return the events of a text, between commas, blanks or lines."""
    return [word for word in re.split(r"[\s,，、;；]+", typed) if word]


def read_yes(typed: str) -> bool:
    """Return whether yes was chosen in a form; raise Invalid for what is neither yes nor no."""
    if typed not in {"yes", "no"}:
        raise Invalid("This is yes or no.", field="sensitive")
    return typed == "yes"


def control(hook: Webhook, what: str = "") -> b.Control:
    """Return what a control carries about a webhook."""
    return b.Control(f"HOOK-{hook.id}", detail=what)


def hook_of(session: Session, typed: str) -> Webhook:
    """Return the webhook of a control; raise Invalid for anything else."""
    number = re.fullmatch(r"(?:HOOK-)?([0-9]{1,18})", typed)
    if number is None:
        raise Invalid("This button no longer works.", hint="Please repeat the command.")
    return settings.get(session, int(number[1]))


def standing(hook: Webhook, reader: Reader) -> b.Text:
    """Say whether a webhook is on, and since when not."""
    if hook.paused_at is not None:
        return b.markup(_("paused {ago}; what happens is kept"), ago=reader.ago(hook.paused_at))
    if hook.disabled_at is not None:
        return b.markup(
            _(":warning: switched off {ago}, as it took nothing; what happens is kept"),
            ago=reader.ago(hook.disabled_at),
        )
    if hook.failing_since is not None:
        return b.markup(_(":warning: takes nothing since {when}"), when=reader.moment(hook.failing_since))
    return _("on")


def outcome(row: WebhookDelivery, reader: Reader) -> b.Text:
    """Say what became of an event."""
    match row.state:
        case "sent":
            return b.markup(_("taken ({status}, {took} ms)"), status=row.status, took=row.took_ms)
        case "dead":
            return b.markup(_("*given up* after {count} tries: {why}"), count=row.attempt, why=row.reason or "")
        case "cancelled":
            return b.markup(_("not sent: {why}"), why=row.reason or "")
        case "sending":
            return _("on its way")
    if not row.attempt:
        return _("waits")
    wait = row.not_before if row.not_before > reader.now + timedelta(seconds=1) else None
    again = _("again {when}").format(when=reader.ago(wait)) if wait else _("again soon")
    tried = ngettext("tried {count} time: {why}; {again}", "tried {count} times: {why}; {again}", row.attempt)
    return b.markup(tried, count=row.attempt, why=row.reason or "", again=again)


def paused(hook: Webhook, *, done: bool) -> b.Text:
    """Say that nothing is sent for now."""
    text = _("*{name}* pauses: what happens is kept, and sent once you resume it.")
    return b.markup(text if done else _("*{name}* pauses already."), name=hook.name)


def resumed(hook: Webhook) -> b.Text:
    """Say that events are sent again."""
    return b.markup(_("*{name}* is on, and what waited is being sent."), name=hook.name)


def removed(hook: Webhook) -> b.Text:
    """Say that a webhook is gone."""
    return b.markup(_("*{name}* is removed; nothing more is sent to it."), name=hook.name)


def unknown_host(args: Args | None, values: Mapping[str, str] | None) -> bool:
    """Tell whether the host of the address that was typed, or entered in a form, is known to no name server now."""
    url = (args.get("url") if args else None) or (values or {}).get("url") or ""
    return bool(url) and addresses.is_unknown(url)
