"""Name the parts of the set-up, each with the command that shows it, and say of each how it is now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.kit import blocks as b
from bot.kit import format
from bot.kit.faces import face
from bot.plugin import Catalogue, DeclaredSetting, _, ngettext
from storage.crm.pipelines import Pipeline, Stage
from storage.database.engine import current_workspace
from storage.notifications.preferences import Attention
from storage.records.fields import ChoiceField
from storage.records.history import ownership
from storage.records.schema import of
from storage.records.schema.layout_definitions import HOME
from storage.support import channels
from storage.support.categories import OWN, Category
from storage.support.replies import SavedReply
from storage.support.routes import Route
from storage.support.sla import Holiday, SlaTarget, hours
from storage.webhooks import settings as webhooks
from storage.workspace import api_keys, members, plugin_settings
from storage.workspace.members import Member
from storage.workspace.workspaces import Workspace

SHOWN = 8
STATE_LIMIT = 600
State = Callable[[Session, Catalogue], b.Text]


@dataclass(frozen=True, slots=True)
class SetupPart:
    """Hold a part of the set-up: what it is called, the command that shows and changes it, and how it is now."""

    title: str
    command: str
    state: State


def parts(catalogue: Catalogue) -> Sequence[SetupPart]:
    """Return the parts of which the commands are there."""
    return [part for part in PARTS if part.command in catalogue.commands]


def count(session: Session, model: Any, *where: Any) -> int:
    """Return how many rows of a model there are."""
    return session.scalar(select(func.count()).select_from(model).where(*where)) or 0


def _counted(model: Any, one: str, many: str, *where: Any, empty: str = "none yet") -> State:
    def state(session: Session, _catalogue: Catalogue) -> b.Text:
        number = count(session, model, *where)
        return ngettext(one, many, number).format(count=number) if number else _(empty)

    return state


def _people(session: Session, _catalogue: Catalogue) -> b.Text:
    staff = members.staff(session)
    without = sum(not one.roles for one in staff)
    told = ngettext("{count} person", "{count} people", len(staff)).format(count=len(staff))
    return _("{told}, {count} of them without a role").format(told=told, count=without) if without else told


def _channels(session: Session, _catalogue: Catalogue) -> b.Text:
    number = len(channels.links(session))
    said = ngettext("{count} channel is linked", "{count} channels are linked", number).format(count=number)
    return said if number else _("⚠️ none linked yet: `/customer link` in a customer's channel, or `/crm inbox`")


def _alerts(session: Session, _catalogue: Catalogue) -> b.Text:
    triage = channels.triage(session)
    return b.channel(triage) if triage else _("⚠️ nowhere yet: `/crm triage #support`")


def _fields(session: Session, _catalogue: Catalogue) -> b.Text:
    number = sum(row.retired_at is None for row in of(session).rows)
    return ngettext("{count} of your own", "{count} of your own", number).format(count=number) if number else _("none")


def _kinds(session: Session, _catalogue: Catalogue) -> b.Text:
    return ", ".join(noun.plural for noun in of(session).nouns.values()) or _("none of your own yet")


def _rights(session: Session, catalogue: Catalogue) -> b.Text:
    owned = [one.declaration for one in catalogue.nouns.values() if one.declaration.model.__owner__]
    kept = [_(one.plural) for one in owned if ownership.who_changes(session, one.key)]
    return _("owners decide: {nouns}").format(nouns=", ".join(kept)) if kept else _("everyone with the role")


def _keys(session: Session, _catalogue: Catalogue) -> b.Text:
    return str(len(api_keys.listed(session)) or _("none"))


def _webhooks(session: Session, _catalogue: Catalogue) -> b.Text:
    return str(len(webhooks.listed(session)) or _("none"))


def _quiet(session: Session, _catalogue: Catalogue) -> b.Text:
    wishes = session.scalars(select(Attention).order_by(Attention.target)).all()
    people = {row for (row,) in session.execute(select(Member.id))}
    quiet = sum(one.target in people and bool(one.quiet_from or one.days_off) for one in wishes)
    said: list[b.Text] = [
        ngettext("{count} person has some", "{count} people have some", quiet).format(count=quiet)
        if quiet
        else _("nobody has any")
    ]
    places = [_of_channel(one) for one in wishes if one.target not in people]
    shown: list[b.Text] = [one for one in places if one]
    more = [f"+{len(shown) - SHOWN}"] if len(shown) > SHOWN else []
    limits = b.join([*shown[:SHOWN], *more], ", ") if shown else _("no channel is limited: `/crm budget`")
    return b.join([*said, limits], " · ")


def _of_channel(wishes: Attention) -> b.Markup | None:
    """Say what limits a channel, None where nothing does."""
    found: list[b.Text] = []
    if wishes.quiet_from and wishes.quiet_until:
        found.append(f"{wishes.quiet_from:%H:%M}–{wishes.quiet_until:%H:%M}")
    if wishes.days_off:
        found.append(
            ngettext("{count} day off", "{count} days off", len(wishes.days_off)).format(count=len(wishes.days_off))
        )
    if wishes.daily_budget is not None:
        found.append(_("{count} messages a day").format(count=wishes.daily_budget))
    return b.join([b.channel(wishes.target), b.join(found, ", ")], " ") if found else None


def _plugins(session: Session, catalogue: Catalogue) -> b.Text:
    """Name the settings that somebody chose, by plugin."""
    workspace = session.get_one(Workspace, current_workspace(session))
    reader = format.reader(None, workspace, datetime.now(UTC))
    lines: list[b.Text] = []
    for name, settings in catalogue.settings.items():
        chosen = [_value(session, one, reader) for one in settings if plugin_settings.get(session, one.id)]
        if chosen:
            lines.append(b.markup("{plugin}: {chosen}", plugin=_(catalogue.title(name)), chosen=b.join(chosen, ", ")))
    rest = len(catalogue.settings) - len(lines)
    if rest:
        lines.append(ngettext("{count} plugin as it comes", "{count} plugins as they come", rest).format(count=rest))
    return b.cut(b.join(lines, " · "), STATE_LIMIT) if lines else _("no plugin has any")


def _value(session: Session, one: DeclaredSetting, reader: format.Reader) -> b.Markup:
    label = _(one.field.label)
    if one.secret:
        return b.markup("{label} {value}", label=label, value=_("kept"))
    value: Any = SimpleNamespace(**{one.field.at or one.field.key: one.of(session)})
    return b.markup(
        "{label} {value}", label=label, value=face(one.field).shown(one.field, value, reader, session) or "–"
    )


def _plain(text: str) -> State:
    return lambda _session, _catalogue: _(text)


def _choices(noun: str, field: str) -> State:
    def state(session: Session, catalogue: Catalogue) -> b.Text:
        found = of(session).extend(catalogue.nouns[noun].declaration).field(field)
        names = [_(found.name_of(one)) for one in found.choices] if isinstance(found, ChoiceField) else []
        more = [f"+{len(names) - SHOWN}"] if len(names) > SHOWN else []
        return ", ".join([*names[:SHOWN], *more]) or _("none of your own yet")

    return state


def _hours(session: Session, _catalogue: Catalogue) -> b.Text:
    known = hours(session)
    return (
        _("always")
        if known.always
        else _("{count} days a week, {zone}").format(
            count=sum(span is not None for span in known.week), zone=known.zone
        )
    )


def _layout(session: Session, catalogue: Catalogue) -> b.Text:
    nouns = [_(one.declaration.plural) for key, one in catalogue.nouns.items() if key in of(session).layouts]
    own = [*nouns, *([_("Home")] if HOME in of(session).layouts else [])]
    return _("yours: {nouns}").format(nouns=", ".join(own)) if own else _("as it comes")


PARTS = (
    SetupPart("People and roles", "role", _people),
    SetupPart("Who may change records", "rights", _rights),
    SetupPart("Alerts", "setup", _alerts),
    SetupPart("Channels and grouping", "setup", _channels),
    SetupPart("Routes", "route", _counted(Route, "{count} route", "{count} routes")),
    SetupPart("Service levels", "sla", _counted(SlaTarget, "{count} promise", "{count} promises")),
    SetupPart("Business hours", "hours", _hours),
    SetupPart("Holidays", "hours", _counted(Holiday, "{count} day", "{count} days")),
    SetupPart("Quiet hours and limits", "quiet", _quiet),
    SetupPart(
        "Categories",
        "categories",
        _counted(Category, "{count} of your own", "{count} of your own", OWN, empty="none of your own yet"),
    ),
    SetupPart("Saved replies", "replies", _counted(SavedReply, "{count} reply", "{count} replies")),
    SetupPart("Fields", "fields", _fields),
    SetupPart("Kinds of records", "nouns", _kinds),
    SetupPart("Layout", "layout", _layout),
    SetupPart("Pipelines", "pipelines", _counted(Pipeline, "{count} pipeline", "{count} pipelines")),
    SetupPart("Stages", "stage list", _counted(Stage, "{count} stage", "{count} stages")),
    SetupPart("Statuses", "statuses", _choices("ticket", "status")),
    SetupPart("Priorities", "priorities", _choices("ticket", "priority")),
    SetupPart("Tiers", "tiers", _choices("customer", "tier")),
    SetupPart("Reasons", "reasons", _choices("deal", "closed_reason")),
    SetupPart("Keys", "api-key", _keys),
    SetupPart("Webhooks", "webhooks", _webhooks),
    SetupPart("Plugins", "settings", _plugins),
    SetupPart("Who changed what", "audit", _plain("every change of the set-up")),
)
"""Everything there is to set up, in the order in which somebody does it."""
