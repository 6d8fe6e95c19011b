"""Add, change, pause and remove the webhooks of a workspace; each change is in the history and can be undone."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Collection, Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from storage import events
from storage.database.engine import current_workspace, notify
from storage.errors import Conflict, Invalid, NotFound
from storage.names import check_name, name_key, short
from storage.webhooks import addresses, occurrences
from storage.webhooks.addresses import AddressRefused, Allowed
from storage.webhooks.model import CHANNEL, Webhook, WebhookDelivery
from storage.webhooks.occurrences import ANY, KINDS

PREFIX = "whsec_"
"""How every secret begins, as those of Standard Webhooks do."""
MOST = 20
URL_LIMIT = 2_000
BOTH_FOR = timedelta(hours=24)
"""For so long the old secret signs too, after a new one was made."""
_URL = re.compile(r"https?://[^\s<>|\\\"]+", re.IGNORECASE)


def add(
    session: Session,
    *,
    url: str,
    patterns: Sequence[str],
    name: str = "",
    sensitive: bool = False,
    inside: Allowed = Allowed(),  # noqa: B008 - it is frozen
) -> Webhook:
    """Add a webhook, called as the host of its address where it is given no name; raise Invalid or Conflict.

    `inside` is what may be reached of this machine and its networks.
    """
    known = listed(session)
    if len(known) >= MOST:
        raise Conflict("You may have up to {most} webhooks.", most=MOST, hint="Remove one first.")
    address = check_url(url, inside)
    hook = Webhook(
        workspace_id=current_workspace(session),
        url=address,
        events=check_events(session, patterns),
        sensitive=sensitive,
        secret=_new_secret(),
    )
    _call(session, hook, name or _free(str(urlsplit(address).hostname), {one.name_key for one in known}))
    session.add(hook)
    session.flush()
    return hook


def change(
    session: Session,
    hook: Webhook,
    *,
    url: str | None = None,
    patterns: Sequence[str] | None = None,
    name: str | None = None,
    sensitive: bool | None = None,
    inside: Allowed = Allowed(),  # noqa: B008 - it is frozen
) -> None:
    """Change what is given of a webhook; raise Invalid or Conflict for what cannot be."""
    if url is not None and url != hook.url:
        hook.url = check_url(url, inside)
    if patterns is not None:
        hook.events = check_events(session, patterns)
    if sensitive is not None:
        hook.sensitive = sensitive
    if name is not None:
        _call(session, hook, name)
    session.flush()


def pause(session: Session, hook: Webhook) -> bool:
    """Send nothing for now, and return whether anything was sent; what happens meanwhile is kept."""
    if hook.paused_at is not None:
        return False
    hook.paused_at = session.scalar(select(func.now()))
    session.flush()
    return True


def resume(session: Session, hook: Webhook) -> bool:
    """Send again, at once, what was kept meanwhile too; return whether it was off."""
    if hook.is_on and hook.failing_since is None:
        return False
    was_on = hook.is_on
    hook.paused_at = hook.disabled_at = hook.failing_since = None
    hook.failures = 0
    hook.not_before = session.scalars(select(func.now())).one()
    session.flush()
    waiting = (WebhookDelivery.workspace_id == hook.workspace_id, WebhookDelivery.webhook_id == hook.id)
    session.execute(
        update(WebhookDelivery)
        .where(*waiting, WebhookDelivery.state == "pending")
        .values(not_before=func.now())
        .execution_options(synchronize_session=False)
    )
    notify(session, CHANNEL)
    return not was_on


def remove(session: Session, hook: Webhook) -> None:
    """Take a webhook away; nothing more is sent to it, unless that is undone."""
    hook.removed_at = session.scalar(select(func.now()))
    session.flush()


def renew_secret(session: Session, hook: Webhook) -> None:
    """Sign with a new secret; for a day with the old one too, so that nothing is missed while it is exchanged."""
    hook.old_secret, hook.old_until = hook.secret, session.scalar(select(func.now() + BOTH_FOR))
    hook.secret = _new_secret()
    session.flush()


def listed(session: Session) -> list[Webhook]:
    """Return the workspace's webhooks by name."""
    here = (Webhook.workspace_id == current_workspace(session), Webhook.removed_at.is_(None))
    return list(session.scalars(select(Webhook).where(*here).order_by(Webhook.name_key)))


def get(session: Session, number: int) -> Webhook:
    """Return a webhook by its number; raise NotFound for one that is not there any more."""
    hook = session.get(Webhook, (current_workspace(session), number))
    if hook is None or hook.removed_at is not None:
        raise NotFound("This webhook was removed.", hint="`/crm webhooks` lists those there are.")
    return hook


def called(session: Session, typed: str) -> Webhook:
    """Return the webhook of this name or address; raise NotFound naming all there are."""
    known = listed(session)
    wanted = name_key(typed)
    for hook in known:
        if wanted == hook.name_key or typed.strip() == hook.url:
            return hook
    raise NotFound(
        "There is no webhook called {name}.",
        hint="There are {names}." if known else "Add one: `/crm webhook add https://...`.",
        typed=typed,
        name=short(typed, 80),
        names=", ".join(hook.name for hook in known),
    )


def check_url(typed: str, inside: Allowed = Allowed()) -> str:  # noqa: B008 - it is frozen
    """Return an address to which events can be sent; raise Invalid for anything else.

    What its name stands for is looked at whenever it is connected to: see `storage.webhooks.addresses`.
    """
    url = typed.strip().strip("<>")
    try:
        parts = urlsplit(url)
        good = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good or _URL.fullmatch(url) is None or len(url) > URL_LIMIT:
        raise Invalid(
            "{url} is no address.", field="url", hint="Write for example https://example.com/hook.",
            typed=typed, url=short(typed, 80),
        )  # fmt: skip
    if parts.username is not None or parts.password is not None:
        raise Invalid(
            "An address may hold no name and password.",
            field="url",
            hint="The signature tells who sends: see docs/webhooks.md.",
        )
    if parts.fragment:
        raise Invalid("What follows # is never sent.", field="url", hint="Leave it out.", typed=typed)
    try:
        addresses.check_form(url, inside)
    except AddressRefused as exc:
        raise Invalid(
            "Nothing is sent to {url}: {why}.",
            field="url",
            hint="Give an https address that everybody can reach; docs/webhooks.md says more.",
            typed=typed,
            url=short(url, 80),
            why=str(exc),
        ) from None
    return url


def check_events(session: Session, patterns: Sequence[str]) -> list[str]:
    """Return the patterns of events in their order, each once; raise Invalid for one that names none."""
    known = known_events(session)
    nouns = {event.partition(".")[0] for event in known}
    kinds = {event.partition(".")[2] for event in known}
    found = []
    for typed in patterns:
        word = {"all": ANY, "everything": ANY}.get(typed.casefold(), typed.casefold())
        noun, dot, kind = word.partition(".")
        some = bool(dot) and noun in {ANY, *nouns} and kind in {ANY, *kinds}
        if word != ANY and not (some and (ANY in {noun, kind} or word in known)):
            raise Invalid(
                "{word} is no event.",
                field="events",
                hint="Write for example deal.won, customer.*, *.created or all. Nouns are {nouns}; they are {kinds}.",
                word=short(typed, 60),
                nouns=", ".join(sorted(nouns)),
                kinds=", ".join(KINDS),
            )
        found.append(word)
    if not found:
        raise Invalid("Say which events it is told.", field="events", hint="Write for example events:deal.won.")
    return list(dict.fromkeys(found))


def known_events(session: Session) -> Collection[str]:
    """Return every event that there is in the session's workspace, in order."""
    return dict.fromkeys([*occurrences.of_records(session), *sorted(events.names())])


def _call(session: Session, hook: Webhook, name: str) -> None:
    kept = check_name(name)
    with session.no_autoflush:
        others = [one for one in listed(session) if one is not hook]
    if any(one.name_key == name_key(kept) for one in others):
        raise Conflict("There is a webhook called {name} already.", field="name", name=kept, typed=name)
    hook.name, hook.name_key = kept, name_key(kept)


def _free(name: str, taken: Collection[str]) -> str:
    names = (name if number == 1 else f"{name} {number}" for number in range(1, MOST + 2))
    return next(one for one in names if name_key(one) not in taken)


def _new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()
