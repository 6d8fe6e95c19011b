"""Name the parts of the set-up, each with the command that shows it, and say of each how it is now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.kit import blocks as b
from bot.plugin import Catalogue, _, ngettext
from storage.crm.pipelines import Pipeline, Stage
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
from storage.workspace import api_keys, members

SHOWN = 8
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


def _counted(model: Any, one: str, many: str, *where: Any) -> State:
    def state(session: Session, _catalogue: Catalogue) -> b.Text:
        number = count(session, model, *where)
        return ngettext(one, many, number).format(count=number) if number else _("none yet")

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
    SetupPart("Quiet hours", "quiet", _plain("each person's own, and limits of channels with `/crm budget`")),
    SetupPart("Categories", "categories", _counted(Category, "{count} of your own", "{count} of your own", OWN)),
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
    SetupPart("Plugins", "settings", _plain("what they can be told")),
    SetupPart("Who changed what", "audit", _plain("every change of the set-up")),
)
"""Everything there is to set up, in the order in which somebody does it."""
