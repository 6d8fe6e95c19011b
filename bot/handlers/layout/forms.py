"""Ask what is to be shown where, in a form."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from bot.handlers.layout import lists
from bot.handlers.layout.declaration import plugin
from bot.handlers.layout.wording import PLACES, TITLES, fresh, known, lay_out, noun_called
from bot.kit import blocks as b
from bot.kit.format import Reader
from bot.kit.replies import Message, Modal
from bot.plugin import Catalogue, Member, Role, _


@plugin.view("change", title="Layout", role=Role.ADMIN)
def change(control: b.Control, session: Session, actor: Member, reader: Reader, catalogue: Catalogue) -> Modal:
    """Open the form with what each place of a noun shows."""
    noun = noun_called(catalogue, control.detail)
    there = known(session, noun, reader, actor)
    entries = [
        b.text_input(
            place,
            _(TITLES[place]),
            initial="\n".join(noun.declaration.layout.get(place, there[place])),
            placeholder=_("One a line"),
            hint=b.cut(_("In the order in which they are shown. There are {keys}.").format(
                keys=", ".join(there[place])), 2_000),
            multiline=True,
            optional=True,
        )
        for place in PLACES
    ]  # fmt: skip
    return Modal(_("Layout"), entries, submit=_("Save"), state={"noun": noun.declaration.key})


@change.submit
def save(
    values: Mapping[str, str | None],
    state: Mapping[str, str],
    session: Session,
    actor: Member,
    reader: Reader,
    catalogue: Catalogue,
) -> Message:
    """Save what was changed, and show how it looks."""
    noun = noun_called(catalogue, state.get("noun", ""))
    there = known(session, noun, reader, actor)
    for place in PLACES:
        typed = values.get(place) or ""
        if typed.split() != list(noun.declaration.layout.get(place, there[place])):
            lay_out(session, noun, place, typed, there)
    return lists.of_noun(session, fresh(session, noun), reader, actor, notice=_("Saved."))


plugin.button_opens("change", change)
