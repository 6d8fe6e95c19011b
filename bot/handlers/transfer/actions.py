"""Try an import, bring it in, stop it, take it back."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from bot.handlers.transfer.declaration import plugin
from bot.handlers.transfer.wording import rows_may_be
from bot.kit import blocks as b
from bot.plugin import Catalogue, Member, Role, _
from storage.errors import Refused
from storage.transfer import preparing, requests, running
from storage.transfer.exports import refused
from storage.transfer.mapping import ColumnMapping
from storage.transfer.model import ImportRun, ImportState


@plugin.action("check", role=Role.VIEWER)
def check(control: b.Control, session: Session, actor: Member, catalogue: Catalogue) -> None:
    """Try an import: say what it would do, and change nothing."""
    requests.ask(session, allowed(session, control, actor, catalogue).id, ImportState.CHECKING, actor)


@plugin.action("start", role=Role.VIEWER)
def start(control: b.Control, session: Session, actor: Member, catalogue: Catalogue) -> None:
    """Bring in what was tried, or go on where it was stopped."""
    run = allowed(session, control, actor, catalogue)
    nouns = rows_may_be(catalogue)

    def prepare(mapping: ColumnMapping, missing: Sequence[tuple[str, str]]) -> ColumnMapping:
        noun = nouns[mapping.noun]
        return preparing.prepare(session, mapping, nouns, missing, reserved=catalogue.reserved(noun))

    requests.ask(session, run.id, ImportState.RUNNING, actor, prepare)


@plugin.action("stop", role=Role.VIEWER)
def stop(control: b.Control, session: Session, actor: Member, catalogue: Catalogue) -> None:
    """Stop an import; what is in stays."""
    requests.ask(session, allowed(session, control, actor, catalogue).id, ImportState.STOPPED, actor)


@plugin.action("undo", role=Role.VIEWER)
def undo(control: b.Control, session: Session, actor: Member, catalogue: Catalogue) -> None:
    """Take back all that an import did."""
    requests.ask(session, allowed(session, control, actor, catalogue).id, ImportState.UNDOING, actor)


@plugin.action("cancel", role=Role.VIEWER)
def cancel(control: b.Control, session: Session, actor: Member, catalogue: Catalogue) -> None:
    """Leave a file as it is, and forget it."""
    run = allowed(session, control, actor, catalogue)
    requests.ask(session, run.id, ImportState.CANCELLED, actor)
    requests.over(session, run.id)


@plugin.action("refusals", role=Role.VIEWER)
def refusals(control: b.Control, session: Session, actor: Member, catalogue: Catalogue) -> None:
    """Send the refused rows as a file that can be corrected and sent back."""
    refused.send(session, allowed(session, control, actor, catalogue), actor)


def allowed(session: Session, control: b.Control, actor: Member, catalogue: Catalogue) -> ImportRun:
    """Return the import of a control; raise Refused for who may not change records of its noun."""
    run = running.get(session, control.number)
    noun = rows_may_be(catalogue).get(run.mapping.get("noun", ""))
    if noun is not None and not actor.has(noun.change):
        raise Refused(
            _("This needs the role {role}."),
            hint=_("An admin can give it to you with `/crm role`."),
            role=noun.change.value,
        )
    return run
