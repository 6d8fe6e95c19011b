"""Ask what the records of a setting become that goes out of use."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from bot.handlers.moves.actions import begun
from bot.handlers.moves.declaration import plugin
from bot.handlers.moves.wording import records, setting
from bot.kit import blocks as b
from bot.kit.replies import Message, Modal
from bot.plugin import Catalogue, Member, Role, _
from storage.records import moves


@plugin.view("retire", title="Retire", role=Role.ADMIN)
def retire(control: b.Control, session: Session, catalogue: Catalogue) -> Modal:
    """Open the form that says how many records have a setting, and asks what they become."""
    what, key = setting(control.detail)
    moving, count = moves.look(session, what, key)
    said = b.markup(
        _("*{name}* goes out of use. {records} have it."),
        name=moving.name,
        records=records(catalogue, moving.noun, count),
    )
    if not moving.targets:
        return Modal(_("Retire"), [b.section(said), b.section(_("There is nothing they could become: add one first."))])
    options = [b.Option(name, stored) for stored, name in moving.targets.items()]
    into = b.choice_input("into", _("They become"), options, initial=options[0].value)
    later = b.context(_("This is one change, which can be taken back as a whole."))
    return Modal(_("Retire"), [b.section(said), into, later], submit=_("Retire"), state={"setting": f"{what} {key}"})


@retire.submit
def move(values: Mapping[str, str], state: Mapping[str, str], session: Session, actor: Member) -> Message:
    """Take the setting out of use and move its records."""
    what, key = setting(state.get("setting", ""))
    return begun(session, actor, what, key, values["into"])


plugin.button_opens("retire", retire)
