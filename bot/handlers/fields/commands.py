"""Show, add, change, retire and bring back fields by command."""

from __future__ import annotations

import re

from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.grammar.types import FLAG, split_names
from bot.handlers.fields import lists
from bot.handlers.fields.declaration import plugin
from bot.handlers.fields.retyping import commands as retyping
from bot.handlers.fields.wording import begin_with, noun_called, read_decimals, read_seen_by, read_type
from bot.kit import blocks as b
from bot.kit.faces import Hand
from bot.kit.format import Reader
from bot.kit.replies import Message
from bot.plugin import Catalogue, Member, Role, _
from storage.records.schema import field_definitions
from storage.workspace.workspaces import Workspace

_CHOICES = re.compile(r"(.+?)\s+choices?\b[\s:=]*(.+,.+)", re.IGNORECASE | re.DOTALL)
SETTINGS = (
    '[key:rival] [required:no] [choices:"High, Low"] [default:High] [hint:"Who else they look at"]'
    " [seen:manager] [decimals:2]"
)


@plugin.command("fields", usage="[noun]", role=Role.VIEWER, example="customer")
def listed(args: Args, session: Session, actor: Member, catalogue: Catalogue) -> Message:
    """Show which fields records have; an admin adds and changes them."""
    if not args.text:
        return lists.nouns(catalogue)
    return lists.fields(session, noun_called(catalogue, args.text).declaration, actor)


@plugin.command(
    "field add",
    usage=f"<noun> <name> [type:text] [to:customer] {SETTINGS}",
    role=Role.ADMIN,
    example='customer Competitor type:choice choices:"Globex, Initech"',
    required=FLAG,
)
def add(
    args: Args, session: Session, actor: Member, catalogue: Catalogue, reader: Reader, workspace: Workspace
) -> Message:
    """Give records a field of your own: text, number, money, date, choice, person and more."""
    noun = noun_called(catalogue, args["noun"]).declaration
    name, listed_choices = _told(args)
    choices = split_names(listed_choices)
    linked = args.get("to")
    meant = "choice" if choices else "record" if linked else "text"
    made = field_definitions.define(
        session,
        noun,
        name=name,
        type=read_type(args.get("type") or meant),
        key=args.get("key") or "",
        required=args.flag("required"),
        hint=args.get("hint") or "",
        choices=choices,
        links_to=noun_called(catalogue, linked).declaration.key if linked else "",
        seen_by=read_seen_by(args.get("seen") or ""),
        decimals=read_decimals(args.get("decimals")),
        reserved=catalogue.reserved(noun),
    )
    if "default" in args:
        begin_with(made, args["default"], Hand(session, actor, reader, workspace))
    command = b.markup("`{command} … {key}:`", command=catalogue.spell(f"{noun.key} edit"), key=made.key)
    notice = b.markup(_("Added *{name}*. Use it at once: {command}"), name=made.name, command=command)
    return lists.fields(session, noun, actor, notice=notice, undo=True)


def _told(args: Args) -> tuple[str, str]:
    """Return a new field's name and its choices, also those that stand behind the name: `Plan choice Basic, Pro`."""
    told = None if "choices" in args or "type" in args else _CHOICES.fullmatch(args["name"])
    return (told[1].strip('"“”'), told[2]) if told else (args["name"], args.get("choices") or "")


@plugin.command(
    "field edit",
    usage=f"<noun> <field> [name:Rival] {SETTINGS}",
    role=Role.ADMIN,
    example='customer competitor name:"Main competitor"',
    required=FLAG,
)
def edit(
    args: Args, session: Session, actor: Member, catalogue: Catalogue, reader: Reader, workspace: Workspace
) -> Message:
    """Change what is given of a field; records keep their values."""
    noun = noun_called(catalogue, args["noun"]).declaration
    row = field_definitions.called(session, noun, args["field"])
    choices, hint = args.get("choices"), args.get("hint")
    field_definitions.change(
        session,
        row,
        noun,
        name=args.get("name"),
        key=args.get("key"),
        required=args.flag("required") if "required" in args else None,
        hint="" if hint in {"none", "-"} else hint,
        choices=split_names(choices) if choices else None,
        seen_by=read_seen_by(args["seen"]) if "seen" in args else None,
        decimals=read_decimals(args["decimals"]) if "decimals" in args else None,
        reserved=catalogue.reserved(noun),
    )
    if "default" in args:
        begin_with(row, args["default"], Hand(session, actor, reader, workspace))
    return lists.fields(session, noun, actor, notice=_("Saved."), undo=True)


@plugin.command(
    "field choice",
    usage="<noun> <field> rename:High to:Urgent",
    role=Role.ADMIN,
    example="customer plan rename:Basic to:Starter",
)
def choice(args: Args, session: Session, actor: Member, catalogue: Catalogue) -> Message:
    """Rename a choice of a field, on every record that has it."""
    noun = noun_called(catalogue, args["noun"]).declaration
    row = field_definitions.called(session, noun, args["field"])
    field_definitions.rename_choice(session, row, args["rename"], args["to"])
    return lists.fields(session, noun, actor, notice=_("Saved."), undo=True)


@plugin.command(
    "field type",
    usage='<noun> <field> [type:number] [choices:"High, Low"] [to:customer]',
    role=Role.ADMIN,
    example="customer competitor type:long",
)
def retype(args: Args, session: Session, actor: Member, catalogue: Catalogue) -> Message:
    """Give a field another type: see what would be lost first; nothing changes until you confirm."""
    noun = noun_called(catalogue, args["noun"]).declaration
    row = field_definitions.called(session, noun, args["field"])
    linked = args.get("to")
    return retyping.asked(
        session,
        noun,
        row,
        actor,
        type=read_type(args["type"]),
        choices=split_names(args.get("choices") or ""),
        links_to=noun_called(catalogue, linked).declaration.key if linked else "",
    )


@plugin.command("field retire", usage="<noun> <field>", role=Role.ADMIN, example="customer competitor")
def retire(args: Args, session: Session, actor: Member, catalogue: Catalogue) -> Message:
    """Take a field out of use; records keep its values, and it can be brought back."""
    noun = noun_called(catalogue, args["noun"]).declaration
    row = field_definitions.called(session, noun, args["field"])
    field_definitions.retire(session, row)
    return lists.fields(session, noun, actor, notice=lists.retired(row), undo=True)


@plugin.command("field restore", usage="<noun> <field>", role=Role.ADMIN, example="customer competitor")
def restore(args: Args, session: Session, actor: Member, catalogue: Catalogue) -> Message:
    """Bring a retired field back, with its values."""
    noun = noun_called(catalogue, args["noun"]).declaration
    row = field_definitions.called(session, noun, args["field"], retired=True)
    field_definitions.restore(session, row, noun, reserved=catalogue.reserved(noun))
    return lists.fields(session, noun, actor, notice=_("It is back."), undo=True)
