"""Tell admins, in Slack, whether all works in their workspace, and which plugins are in use."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.kit import blocks as b
from bot.kit.replies import Message
from bot.plugin import Check, Plugin, Role, _, ngettext
from storage.notifications import failures
from storage.workspace.workspaces import Workspace

if TYPE_CHECKING:
    from bot.registry import Registry

plugin = Plugin(
    "health",
    contract=2,
    title="Health",
    description="Whether all works in the workspace, and which plugins are in use.",
)


@plugin.command("doctor", role=Role.ADMIN)
def doctor(session: Session, workspace: Workspace, now: datetime, catalogue: Registry) -> Message:
    """Say what does not work in this workspace, and what to do about it."""
    wrong = [*_queues(session), *_checks(session, workspace, now, catalogue)]
    title = _("Something needs you") if wrong else _("All is well in this workspace")
    lines = [b.section(b.join([b.markup("*{what}*", what=what), b.Markup(remedy)])) for what, remedy in wrong]
    looked = _("Looked at: messages that are late or refused, what came from Slack, and what plugins look at.")
    whole = _("`rapport doctor`, where Rapport runs, also looks at the database, the token and the app's settings.")
    return Message(title, [b.header(title), *lines, b.context(b.join([looked, whole], " "))])


def _queues(session: Session) -> Iterator[tuple[str, str]]:
    if late := failures.late(session):
        yield (
            ngettext("{count} message is late", "{count} messages are late", late).format(count=late),
            _("The log of the worker says what keeps it, to whoever runs Rapport."),
        )
    if refused := len(failures.dead(session)):
        yield (
            ngettext("Slack refused {count} message", "Slack refused {count} messages", refused).format(count=refused),
            _("`/crm undelivered` says why, and sends again."),
        )
    if failed := len(failures.failed(session)):
        what = ngettext("{count} thing from Slack failed", "{count} things from Slack failed", failed)
        yield (
            what.format(count=failed),
            _("This is a fault of Rapport or of a plugin. `rapport doctor` shows the error to whoever runs it."),
        )


def _checks(session: Session, workspace: Workspace, now: datetime, catalogue: Registry) -> Iterator[tuple[str, str]]:
    given = {"session": session, "workspace": workspace, "now": now}
    for one in catalogue.plugins.values():
        for check in one.checks:
            if said := _said(check, given):
                yield f"{_(check.title)}: {said}", _(check.remedy)


def _said(check: Check, given: dict[str, Any]) -> str | None:
    """Return what a plugin finds wrong; where it cannot look, that is wrong, and hides nothing of the others."""
    wanted = inspect.signature(check.handler).parameters
    try:
        with given["session"].begin_nested():
            said: str | None = check.handler(**{name: given[name] for name in wanted})
    except Exception as error:
        said = _("it could not be looked at ({error})").format(error=type(error).__name__)
    return said


@plugin.command("plugins", role=Role.ADMIN)
def plugins(catalogue: Registry) -> Message:
    """List the plugins in use, and the words by which the commands of each begin."""
    title = _("Plugins in use")
    hint = b.context(_("Whoever runs Rapport adds and removes them; `/crm settings` changes their settings."))
    return Message(title, [b.header(title), *(_line(catalogue, one) for one in catalogue.plugins.values()), hint])


def _line(catalogue: Registry, one: Plugin) -> Block:
    line = b.markup("*{title}*  {what}", title=_(one.title), what=_(one.description))
    words = list(dict.fromkeys(catalogue.spell(command.words.split()[0]) for command in catalogue.commands_of(one)))
    return b.section(b.join([line, b.join([b.markup("`{typed}`", typed=typed) for typed in words], " ")]))
