"""Keep the workspaces that installed Rapport, how each wants to be served, and the token it gave us."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from zoneinfo import available_timezones

from babel.core import Locale, UnknownLocaleError
from babel.numbers import is_currency
from sqlalchemy import ForeignKey, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database.engine import QUEUE, TENANT, Base, current_workspace, notify
from storage.database.recorded import Recorded
from storage.database.secrets import Sealed, Vault
from storage.errors import Conflict, Invalid, Refused
from storage.names import check_name

INSTALLATIONS_CHANGED = "rapport_installations"
WORKSPACES_CHANGED = "rapport_workspaces"
_ADDRESS = re.compile(r"https?://[^\s<>|]+")


_NO_SETTING = {"unrecorded": True}


class Workspace(Recorded, Base):
    """Describe one Slack workspace; `id` is Slack's team id, `url` its address in the browser, ending in a slash."""

    __noun__ = "workspace"
    __audit__ = "settings"
    __tablename__ = "workspace"
    __table_args__ = {"info": TENANT}

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(info=_NO_SETTING)
    currency: Mapped[str] = mapped_column(server_default="USD")
    zone: Mapped[str] = mapped_column(server_default="UTC")
    locale: Mapped[str] = mapped_column(server_default="en-US")
    default_roles: Mapped[list[str]] = mapped_column(server_default="{rep,agent}")
    triage_channel_id: Mapped[str | None]
    url: Mapped[str | None] = mapped_column(info=_NO_SETTING)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), info=_NO_SETTING)
    set_up_at: Mapped[datetime | None] = mapped_column(info=_NO_SETTING)
    schema_version: Mapped[int] = mapped_column(server_default="0", info=_NO_SETTING)

    def undoing(self, session: Session, action: str) -> None:
        """Tell every process that the settings are others now; raise Conflict where the workspace is to go."""
        if action == "created":
            raise Conflict("{name} stays as long as Rapport is installed.", name=self.name)
        notify(session, WORKSPACES_CHANGED, self.id)


class Installation(Base):
    """Keep what Slack gave us when a workspace installed the app.

    The token is sealed (see `storage.database.secrets`), or null if it is in the environment or was revoked.
    """

    __tablename__ = "installation"
    __table_args__ = {"info": QUEUE}

    workspace_id: Mapped[str] = mapped_column(ForeignKey(Workspace.id, ondelete="CASCADE"), primary_key=True)
    app_id: Mapped[str | None]
    bot_id: Mapped[str | None]
    bot_user_id: Mapped[str | None]
    sealed_token: Mapped[str | None]
    key_id: Mapped[str | None]
    scopes: Mapped[list[str]] = mapped_column(server_default="{}")
    installed_by: Mapped[str | None]
    installed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    revoked_at: Mapped[datetime | None]


def get(session: Session, workspace_id: str) -> Workspace | None:
    """Return a workspace, None if it never installed Rapport or is not the session's."""
    return session.get(Workspace, workspace_id)


def ensure(
    session: Session,
    *,
    name: str,
    url: str | None = None,
    zone: str | None = None,
    locale: str | None = None,
    currency: str = "USD",
) -> Workspace:
    """Return the session's workspace, creating it if this is its first installation.

    `url` is its address in the browser. `zone` and `locale` are the installer's, used until `setup` says otherwise;
    what Slack sends that we do not know is passed over.
    """
    known: dict[str, str] = {"name": check_name(name)}
    if url and _ADDRESS.fullmatch(url):
        known["url"] = url.rstrip("/") + "/"
    # Replicas that start at the same moment all do this.
    session.execute(
        insert(Workspace)
        .values(
            id=current_workspace(session),
            **known,
            currency=currency,
            zone=zone if zone in _zones() else "UTC",
            locale=locale if locale and _is_locale(locale) else "en-US",
        )
        .on_conflict_do_update(index_elements=[Workspace.id], set_=known)
    )
    return session.get_one(Workspace, current_workspace(session), populate_existing=True)


def setup(
    session: Session,
    *,
    currency: str | None = None,
    zone: str | None = None,
    locale: str | None = None,
    default_roles: Collection[str] | None = None,
    triage_channel_id: str | None = None,
    now: datetime | None = None,
) -> Workspace:
    """Change how the session's workspace wants to be served; what is None stays as it is.

    `currency` is an ISO 4217 code, `zone` an IANA name, `locale` like "en-US". `default_roles` are what people get whom
    nobody gave roles. Raises Invalid naming the field, Refused if the workspace is not installed.
    """
    workspace = get(session, current_workspace(session))
    if workspace is None:
        raise Refused("Rapport is not installed in this workspace.")
    if currency is not None:
        workspace.currency = check_currency(currency)
    if zone is not None:
        workspace.zone = check_zone(zone)
    if locale is not None:
        if not _is_locale(locale):
            raise Invalid("There is no language called {locale}.", field="locale", typed=locale, locale=locale)
        workspace.locale = locale
    if default_roles is not None:
        workspace.default_roles = sorted(default_roles)
    if triage_channel_id is not None:
        workspace.triage_channel_id = triage_channel_id
    workspace.set_up_at = now or func.now()
    session.flush()
    notify(session, WORKSPACES_CHANGED, workspace.id)
    return workspace


def check_currency(text: str) -> str:
    """Return the ISO 4217 code that was meant; raise Invalid if there is no such currency."""
    code = text.strip().upper()
    if not (code.isascii() and is_currency(code)):
        raise Invalid(
            "There is no currency called {currency}.",
            field="currency",
            typed=text,
            currency=text,
            hint="Use its three letters, such as EUR.",
        )
    return code


def check_zone(text: str) -> str:
    """Return the IANA time zone that was meant; raise Invalid if there is none."""
    folded = unicodedata.normalize("NFKC", text).strip().replace(" ", "_").casefold()
    for name in _zones():
        if name.casefold() == folded:
            return name
    raise Invalid(
        "There is no time zone called {zone}.",
        field="zone",
        typed=text,
        zone=text,
        hint="Use its region and city, such as Europe/Berlin.",
    )


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _is_locale(text: str) -> bool:
    try:
        Locale.parse(text, sep="-")
    except (ValueError, UnknownLocaleError):
        return False
    return True


def installation(session: Session) -> Installation | None:
    """Return the session's workspace's installation, revoked or not."""
    return session.get(Installation, current_workspace(session))


def installations(session: Session) -> Sequence[Installation]:
    """Return the installations that are not revoked; those of every workspace in a transaction of '*'."""
    return session.scalars(
        select(Installation).where(Installation.revoked_at.is_(None)).order_by(Installation.workspace_id)
    ).all()


def installed(session: Session) -> Sequence[str]:
    """Return the workspaces that have or had the app, those of all in a transaction of '*'."""
    return session.scalars(select(Installation.workspace_id).order_by(Installation.workspace_id)).all()


def install(
    session: Session,
    *,
    token: str | None = None,
    vault: Vault | None = None,
    app_id: str | None = None,
    bot_id: str | None = None,
    bot_user_id: str | None = None,
    scopes: Collection[str] = (),
    installed_by: str | None = None,
) -> Installation:
    """Store what Slack gave us for the session's workspace, in place of any earlier installation.

    Without `token` the row holds ids only, for a token that stays in the environment. Raises ValueError for a token
    without a vault to seal it.
    """
    if token is not None and vault is None:
        raise ValueError("a token is stored sealed or not at all")
    session.execute(insert(Installation).values(workspace_id=current_workspace(session)).on_conflict_do_nothing())
    row = session.get_one(Installation, current_workspace(session), with_for_update=True, populate_existing=True)
    row.app_id, row.bot_id, row.bot_user_id = app_id, bot_id, bot_user_id
    row.scopes, row.installed_by = sorted(scopes), installed_by
    row.installed_at, row.revoked_at = func.now(), None
    _keep(row, vault.seal(token, workspace_id=row.workspace_id) if token is not None and vault is not None else None)
    session.flush()
    session.refresh(row)
    notify(session, INSTALLATIONS_CHANGED, row.workspace_id)
    return row


def revoke(session: Session) -> None:
    """Forget the session's workspace's token at once; without effect if it has no installation."""
    row = installation(session)
    if row is not None and row.revoked_at is None:
        row.revoked_at = func.now()
        _keep(row, None)
        session.flush()
        session.refresh(row)
        notify(session, INSTALLATIONS_CHANGED, row.workspace_id)


def token_of(row: Installation, vault: Vault) -> str | None:
    """Return an installation's token, None if it stays in the environment; raise SealBroken if it cannot be opened."""
    sealed = _sealed(row)
    return vault.open(sealed, workspace_id=row.workspace_id) if sealed is not None else None


def reseal(session: Session, vault: Vault) -> bool:
    """Put the session's workspace's token under the newest key; return whether that changed anything."""
    row = installation(session)
    sealed = _sealed(row) if row is not None else None
    if row is None or sealed is None or sealed.key_id == vault.key_id:
        return False
    _keep(row, vault.reseal(sealed, workspace_id=row.workspace_id))
    session.flush()
    return True


def _sealed(row: Installation) -> Sealed | None:
    return Sealed(row.sealed_token, row.key_id) if row.sealed_token is not None and row.key_id is not None else None


def _keep(row: Installation, sealed: Sealed | None) -> None:
    row.sealed_token, row.key_id = (sealed.text, sealed.key_id) if sealed is not None else (None, None)
