"""Show, make, rename, retire and bring back kinds of records by command."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.handlers.nouns import lists
from bot.handlers.nouns.declaration import plugin
from bot.kit import blocks as b
from bot.kit.records import kinds
from bot.kit.replies import Message
from bot.plugin import Catalogue, Member, Role, _
from storage.errors import Invalid
from storage.names import short
from storage.records.schema import field_definitions, noun_definitions, of


@plugin.command("nouns", role=Role.VIEWER)
def listed(session: Session, actor: Member, catalogue: Catalogue) -> Message:
    """Show the kinds of records that your team made for itself."""
    return lists.nouns(session, actor, catalogue)


@plugin.command(
    "noun add",
    usage="<name> [plural:Contracts] [word:contract] [letter:K] [of:customer] [role:rep]",
    role=Role.ADMIN,
    example="Contract letter:K of:customer",
)
def add(args: Args, session: Session, actor: Member, catalogue: Catalogue) -> Message:
    """Make a kind of record of your own, such as a contract: it has commands, cards, lists and search at once."""
    return made(
        session,
        actor,
        catalogue,
        name=args["name"],
        plural=args.get("plural") or "",
        key=args.get("word") or "",
        letter=args.get("letter") or "",
        of_noun=args.get("of") or "",
        role=read_role(args.get("role") or ""),
    )


@plugin.command(
    "noun edit",
    usage="<noun> [name:Agreement] [plural:Agreements] [role:rep]",
    role=Role.ADMIN,
    example="contract name:Agreement plural:Agreements",
)
def edit(args: Args, session: Session, actor: Member, catalogue: Catalogue) -> Message:
    """Rename a kind of record of your own; its word and letter stay."""
    row = noun_definitions.called(session, args["noun"])
    role = args.get("role")
    noun_definitions.change(
        session, row, name=args.get("name"), plural=args.get("plural"), role=read_role(role) if role else None
    )
    return lists.nouns(session, actor, catalogue, notice=_("Saved."), undo=True)


@plugin.command("noun retire", usage="<noun>", role=Role.ADMIN, example="contract")
def retire(args: Args, session: Session, actor: Member, catalogue: Catalogue) -> Message:
    """Take a kind of record of your own out of use; its records are kept, and it can be brought back."""
    row = noun_definitions.called(session, args.text)
    noun_definitions.retire(session, row)
    return lists.nouns(session, actor, catalogue, notice=retired(row.plural), undo=True)


@plugin.command("noun restore", usage="<noun>", role=Role.ADMIN, example="contract")
def restore(args: Args, session: Session, actor: Member, catalogue: Catalogue) -> Message:
    """Bring a retired kind of record back, with its records."""
    row = noun_definitions.called(session, args.text)
    back = noun_definitions.restore(session, row)
    return lists.nouns(session, actor, catalogue, notice=_("It is back.") if back else None, undo=back)


def made(
    session: Session,
    actor: Member,
    catalogue: Catalogue,
    *,
    name: str,
    plural: str,
    key: str,
    letter: str,
    of_noun: str,
    role: Role,
) -> Message:
    """Make a kind of record, with a link to what each belongs to if that is named, and show how to use it."""
    parent = kinds(catalogue).get(of_noun.casefold().removesuffix("s")) if of_noun else None
    if of_noun and parent is None:
        raise Invalid(
            "There are no records called {name}.",
            field="of",
            hint="There are {names}.",
            name=of_noun,
            names=", ".join(kinds(catalogue)),
        )
    row = noun_definitions.define(
        session, name=name, plural=plural, key=key, letter=letter, role=role, reserved=catalogue.reserved()
    )
    if parent is not None:
        declared = parent.declaration
        field_definitions.define(
            session, of(session).nouns[row.key], name=declared.label, key=declared.key, type="record",
            links_to=declared.key,
        )  # fmt: skip
    notice = b.markup(
        _("Made *{plural}*. Begin with {command}, or give it fields."),
        plural=row.plural,
        command=lists.begin(row, catalogue),
    )
    return lists.nouns(session, actor, catalogue, notice=notice, undo=True)


def retired(plural: str) -> b.Markup:
    """Say that a kind of record was taken out of use."""
    return b.markup(_("*{plural}* are retired: their records are kept, and can be brought back."), plural=plural)


def read_role(typed: str) -> Role:
    """Return the role that was meant, a rep's where none was named; raise Invalid naming all."""
    try:
        return Role(typed.casefold().strip()) if typed else Role.REP
    except ValueError:
        raise Invalid(
            "{role} is no role.", field="role", hint="There are {roles}.", role=short(typed), roles=", ".join(Role)
        ) from None
