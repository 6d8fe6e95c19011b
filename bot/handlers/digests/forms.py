"""Set a digest up in a form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from sqlalchemy.orm import Session

from bot import blocks as b
from bot import shown
from bot.handlers.digests.cards import card
from bot.handlers.digests.declaration import plugin
from bot.plugin import Member, Role, Slack, _
from bot.replies import Message, Modal
from storage import digests
from storage.digests import Content, Frequency, Scope
from storage.errors import Invalid, Refused
from storage.names import NAME_LIMIT
from storage.workspaces import Workspace

CONTENTS = {Content.BOTH: "Pipeline and support", Content.PIPELINE: "Pipeline", Content.SUPPORT: "Support"}
FREQUENCIES = {Frequency.WORKDAYS: "Monday to Friday", Frequency.DAILY: "Every day", Frequency.WEEKLY: "Once a week"}
SCOPES = {Scope.EVERYONE: "Everybody's", Scope.TEAM: "My team's", Scope.OWN: "Mine"}


def _join(values: Mapping[str, Any], slack: Slack) -> str | None:
    """Join the channel that was chosen; numbers of ours do not go where other organisations read."""
    channel_id = str(values.get("channel") or "")
    if not channel_id:
        return None
    channel = slack.join(channel_id)
    if channel.get("is_ext_shared") or channel.get("is_pending_ext_shared"):
        raise Refused(
            "That channel is shared with another organisation.", field="channel", hint="Choose one of your own."
        )
    return channel_id


@plugin.view("new", title="New digest", role=Role.MANAGER, before=_join)
def new(actor: Member, workspace: Workspace) -> Modal:
    """Have a digest of the pipeline, support or both sent at a fixed time."""
    days = shown.weekdays(shown.locale_of(actor, workspace))
    weekdays = [b.Option(name, str(number)) for number, name in enumerate(days)]
    return Modal(
        _("New digest"),
        [
            b.text_input("name", _("Name"), initial=_("Sales and support"), max_length=NAME_LIMIT),
            b.choice_input("content", _("What"), _options(CONTENTS), initial=Content.BOTH),
            b.choice_input("scope", _("Whose"), _options(SCOPES), initial=Scope.EVERYONE),
            b.choice_input("frequency", _("How often"), _options(FREQUENCIES), initial=Frequency.WORKDAYS),
            b.choice_input("weekday", _("On (if once a week)"), weekdays, initial="0"),
            b.time_input("time", _("At"), initial="09:00"),
            b.channel_input("channel", _("To a channel"), optional=True, hint=_("Leave it empty to get it yourself.")),
        ],
        submit=_("Save"),
    )


@new.submit
def create(
    values: Mapping[str, Any],
    found: str | None,
    actor: Member,
    workspace: Workspace,
    now: datetime,
    session: Session,
) -> Message:
    """Store the digest of a form."""
    try:
        at = time.fromisoformat(str(values["time"]))
    except ValueError:
        raise Invalid("Choose a time of day.", field="time") from None
    weekly = values["frequency"] == Frequency.WEEKLY
    digest = digests.add(
        session,
        name=str(values["name"]),
        content=str(values["content"]),
        scope=str(values["scope"]),
        frequency=str(values["frequency"]),
        weekday=int(values["weekday"] or 0) if weekly else None,
        at_time=at,
        zone=str(shown.zone_of(actor, workspace)),
        owner_id=actor.id,
        target_channel=found,
    )
    first = shown.reader(actor, workspace, now).moment(digests.first_time(digest, now))
    notice = b.context(b.markup(_("Saved. It comes for the first time {when}."), when=first))
    return Message(_("The digest is saved."), [notice, *card(digest, shown.locale_of(actor, workspace))])


def _options(choices: Mapping[Any, str]) -> list[b.Option]:
    return [b.Option(_(label), str(value)) for value, label in choices.items()]


plugin.opens("digest", new)
plugin.opens("digest new", new)
