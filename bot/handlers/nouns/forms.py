"""Ask for a new kind of record, or for another name of one, in a form."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from bot.handlers.nouns import lists
from bot.handlers.nouns.commands import made, read_role
from bot.handlers.nouns.declaration import plugin
from bot.kit import blocks as b
from bot.kit.records import kinds
from bot.kit.replies import Message, Modal
from bot.plugin import Catalogue, Member, Role, _
from storage.records.schema import noun_definitions
from storage.records.schema.noun_definitions import LABEL_LIMIT

Values = Mapping[str, str]
State = Mapping[str, str]


@plugin.view("new", title="New kind of record", role=Role.ADMIN)
def new(catalogue: Catalogue) -> Modal:
    """Open the form for a new kind of record."""
    nouns = [b.Option(_(one.declaration.label), key) for key, one in kinds(catalogue).items()]
    return Modal(
        _("New kind of record"),
        [
            b.text_input("name", _("Name of one"), placeholder=_("Contract"), max_length=LABEL_LIMIT),
            b.text_input(
                "plural", _("Name of several"), placeholder=_("Contracts"), optional=True, max_length=LABEL_LIMIT
            ),
            b.text_input(
                "letter",
                _("Letter"),
                placeholder="K",
                hint=_("References begin with it: K-12. One that is free is taken where it is left out."),
                optional=True,
                max_length=1,
            ),
            b.choice_input("of", _("Belongs to"), nouns, optional=True),
            b.choice_input("role", _("Who may change them"), _roles(), initial=Role.REP.value),
        ],
        submit=_("Make"),
    )


@new.submit
def add(values: Values, session: Session, actor: Member, catalogue: Catalogue) -> Message:
    """Make the kind of record and show how to use it."""
    return made(
        session,
        actor,
        catalogue,
        name=values["name"],
        plural=values["plural"] or "",
        key="",
        letter=values["letter"] or "",
        of_noun=values["of"] or "",
        role=read_role(values["role"] or ""),
    )


plugin.button_opens("new", new)


@plugin.view("edit", title="Rename", role=Role.ADMIN)
def edit(control: b.Control, session: Session) -> Modal:
    """Open the form with the names of a kind of record."""
    row = lists.row_of(session, control.record)
    return Modal(
        _("Rename"),
        [
            b.text_input("name", _("Name of one"), initial=row.name, max_length=LABEL_LIMIT),
            b.text_input("plural", _("Name of several"), initial=row.plural, max_length=LABEL_LIMIT),
            b.choice_input("role", _("Who may change them"), _roles(), initial=row.role),
        ],
        submit=_("Save"),
        state={"noun": str(row.id)},
    )


@edit.submit
def save(values: Values, state: State, session: Session, actor: Member, catalogue: Catalogue) -> Message:
    """Save the names."""
    row = lists.row_of(session, state.get("noun", ""))
    noun_definitions.change(
        session, row, name=values["name"], plural=values["plural"], role=read_role(values["role"] or "")
    )
    return lists.nouns(session, actor, catalogue, notice=_("Saved."), undo=True)


plugin.button_opens("edit", edit)


def _roles() -> list[b.Option]:
    return [b.Option(_(role.value), role.value) for role in Role if role is not Role.VIEWER]
