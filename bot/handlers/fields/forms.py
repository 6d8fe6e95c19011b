"""Ask for a new field, or for the changes of one, in a form."""

from __future__ import annotations

from collections.abc import Mapping

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.grammar.types import split_names
from bot.handlers.fields import lists
from bot.handlers.fields.declaration import plugin
from bot.handlers.fields.wording import (
    NAMES,
    begin_with,
    begins,
    checked_roles,
    noun_called,
    read_yes,
    row_of,
)
from bot.kit import blocks as b
from bot.kit.faces import Hand
from bot.kit.format import Reader
from bot.kit.records import kinds
from bot.kit.replies import Message, Modal
from bot.plugin import Catalogue, Member, Role, _
from storage.names import NAME_LIMIT
from storage.records.schema import FieldRow, field_definitions
from storage.records.schema.field_definitions import HINT_LIMIT, KEY_LIMIT, LINKS
from storage.workspace.workspaces import Workspace

Values = Mapping[str, str]
State = Mapping[str, str]


@plugin.view("new", title="New field", role=Role.ADMIN)
def new(control: b.Control, catalogue: Catalogue) -> Modal:
    """Open the form for a new field."""
    noun = noun_called(catalogue, control.detail).declaration
    types = [b.Option(_(name), word) for word, name in NAMES.items()]
    nouns = [b.Option(_(one.declaration.label), key) for key, one in kinds(catalogue).items()]
    about = b.context(b.markup(_("A field of your own on {nouns}"), nouns=_(noun.plural).casefold()))
    name, *rest = _entries(None)
    links = b.choice_input("links_to", _("Links to (for a link to a record)"), nouns, optional=True)
    return Modal(
        _("New field"),
        [about, name, b.choice_input("type", _("Type"), types, initial="text"), *rest, _choices(None), links],
        submit=_("Add"),
        state={"noun": noun.key},
    )


@new.submit
def add(
    values: Values,
    state: State,
    session: Session,
    actor: Member,
    catalogue: Catalogue,
    reader: Reader,
    workspace: Workspace,
) -> Message:
    """Add the field and show it among the others."""
    noun = noun_called(catalogue, state.get("noun", "")).declaration
    made = field_definitions.define(
        session,
        noun,
        name=values["name"],
        type=values["type"],
        key=values["key"] or "",
        required=read_yes(values["required"]),
        hint=values["hint"] or "",
        choices=split_names(values["choices"] or ""),
        seen_by=checked_roles(values.get("seen") or ()),
        links_to=noun_called(catalogue, values["links_to"]).declaration.key if values["links_to"] else "",
        reserved=catalogue.reserved(noun),
    )
    if values.get("default"):
        begin_with(made, values["default"], Hand(session, actor, reader, workspace))
    notice = b.markup(_("Added *{name}*."), name=made.name)
    return lists.fields(session, noun, actor, notice=notice, undo=True)


plugin.button_opens("new", new)


@plugin.view("edit", title="Edit field", role=Role.ADMIN)
def edit(control: b.Control, session: Session, reader: Reader) -> Modal:
    """Open the form with what a field is."""
    row = row_of(session, control.record)
    default = str(begins(session, row, reader))
    fields = [*_entries(row, default), *([_choices(row)] if row.type == "choice" else [])]
    kind = b.context(b.markup(_("{type}: a field's type stays as it is."), type=_(NAMES[row.type])))
    return Modal(_("Edit field"), [kind, *fields], submit=_("Save"), state={"field": str(row.id), "default": default})


@edit.submit
def save(
    values: Values,
    state: State,
    session: Session,
    actor: Member,
    catalogue: Catalogue,
    reader: Reader,
    workspace: Workspace,
) -> Message:
    """Save what was changed of the field."""
    row = row_of(session, state.get("field", ""))
    noun = noun_called(catalogue, row.noun).declaration
    field_definitions.change(
        session,
        row,
        noun,
        name=values["name"],
        key=values["key"] or field_definitions.key_for(values["name"]),
        required=read_yes(values["required"]),
        hint=values["hint"] or "",
        choices=split_names(values["choices"] or "") if "choices" in values else None,
        seen_by=checked_roles(values["seen"] or ()) if "seen" in values else None,
        reserved=catalogue.reserved(noun),
    )
    if "default" in values and (values["default"] or "") != state.get("default", ""):
        begin_with(row, values["default"] or "", Hand(session, actor, reader, workspace))
    return lists.fields(session, noun, actor, notice=_("Saved."), undo=True)


plugin.button_opens("edit", edit)


def _entries(row: FieldRow | None, default: str = "") -> list[Block]:
    answers = [b.Option(_("no"), "no"), b.Option(_("yes"), "yes")]
    begins = b.text_input("default", _("Records begin with"), initial=default, optional=True)
    return [
        b.text_input(
            "name", _("Name"), initial=row.name if row else "", placeholder=_("Competitor"), max_length=NAME_LIMIT
        ),
        b.text_input(
            "key",
            _("Key"),
            initial=row.key if row else "",
            placeholder=_("competitor"),
            hint=_("What people type before a colon, in one word. Made from the name where it is left out."),
            optional=True,
            max_length=KEY_LIMIT,
        ),
        b.choice_input("required", _("Required"), answers, initial="yes" if row and row.required else "no"),
        *([begins] if row is None or (row.type not in LINKS and len(default) <= b.ENTRY_LIMIT) else []),
        b.text_input(
            "hint",
            _("Help"),
            initial=(row.hint or "") if row else "",
            placeholder=_("Who else they look at"),
            optional=True,
            max_length=HINT_LIMIT,
        ),
        b.checks_input(
            "seen",
            _("Only for"),
            [b.Option(_(role.value), role.value) for role in Role],
            initial=row.seen_by if row else (),
            optional=True,
        ),
    ]


def _choices(row: FieldRow | None) -> Block:
    known = "\n".join(row.offered.values()) if row else ""
    if len(known) > b.ENTRY_LIMIT:
        return b.context(_("The choices are too long for a form. Change them with `/crm field edit`."))
    return b.text_input(
        "choices",
        _("Choices"),
        initial=known,
        placeholder=_("One a line"),
        hint=_("For a choice: one a line. Records keep a choice that is no longer offered.") if row else "",
        multiline=True,
        optional=row is None,
    )
