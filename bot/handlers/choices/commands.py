"""Show, add, rename, order, retire and bring back choices by command."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.grammar.choices import ChoiceType
from bot.handlers.choices import lists
from bot.handlers.choices.actions import retire, row_of
from bot.handlers.choices.declaration import plugin
from bot.handlers.choices.forms import added, renamed
from bot.handlers.choices.wording import PRIORITY, REASON, STATUS, TIER, Choices
from bot.kit.replies import Message
from bot.plugin import Catalogue, Member, Role, _
from storage.errors import NotFound
from storage.names import name_key
from storage.records.schema import choice_definitions

KIND = ChoiceType("kind", tuple(STATUS.kinds))
CLOSED = ChoiceType("kind", tuple(REASON.kinds))


@plugin.command("statuses", role=Role.VIEWER)
def statuses(session: Session, actor: Member) -> Message:
    """Show the statuses of tickets, and those that your team added."""
    return lists.choices(session, STATUS, actor)


@plugin.command(
    "status add", usage="<name> kind:open", role=Role.ADMIN, example="With the vendor kind:waiting", kind=KIND
)
def add_status(args: Args, session: Session, actor: Member) -> Message:
    """Add a status of tickets; all rules treat it as the kind that it counts as."""
    return added(session, STATUS, actor, args["name"], args.typed("kind", KIND) or "")


@plugin.command("status edit", usage="<status> name:Escalated", role=Role.ADMIN, example='open name:"In hand"')
def edit_status(args: Args, session: Session, actor: Member) -> Message:
    """Rename a status of tickets."""
    return renamed(session, STATUS, actor, STATUS.called(session, args["status"]), args["name"])


@plugin.command("status retire", usage="<status> [to:open]", role=Role.ADMIN, example="with the vendor to:waiting")
def retire_status(args: Args, session: Session, actor: Member, catalogue: Catalogue) -> Message:
    """Take a status of your own out of use; Rapport says how many tickets have it, and asks."""
    return _retire(args, args["status"], STATUS, session, actor, catalogue)


@plugin.command("status restore", usage="<status>", role=Role.ADMIN, example="with the vendor")
def restore_status(args: Args, session: Session, actor: Member) -> Message:
    """Bring a retired status back."""
    return _restore(args["status"], STATUS, session, actor)


@plugin.command("priorities", role=Role.VIEWER)
def priorities(session: Session, actor: Member) -> Message:
    """Show what your team calls the priorities of tickets."""
    return lists.choices(session, PRIORITY, actor)


@plugin.command("priority edit", usage="<priority> name:P1", role=Role.ADMIN, example="urgent name:P1")
def edit_priority(args: Args, session: Session, actor: Member) -> Message:
    """Rename a priority of tickets."""
    return renamed(session, PRIORITY, actor, PRIORITY.called(session, args["priority"]), args["name"])


@plugin.command("tiers", role=Role.VIEWER)
def tiers(session: Session, actor: Member) -> Message:
    """Show the tiers that customers may have."""
    return lists.choices(session, TIER, actor)


@plugin.command("tier add", usage="<name>", role=Role.ADMIN, example="Gold")
def add_tier(args: Args, session: Session, actor: Member) -> Message:
    """Add a tier; from the first one on, customers have only tiers that were added."""
    return added(session, TIER, actor, args["name"], "")


@plugin.command("tier edit", usage="<tier> name:Premier", role=Role.ADMIN, example="gold name:Premier")
def edit_tier(args: Args, session: Session, actor: Member) -> Message:
    """Rename a tier; customers and promises keep it."""
    return renamed(session, TIER, actor, TIER.called(session, args["tier"]), args["name"])


@plugin.command("tier retire", usage="<tier> [to:silver]", role=Role.ADMIN, example="gold to:silver")
def retire_tier(args: Args, session: Session, actor: Member, catalogue: Catalogue) -> Message:
    """Take a tier out of use; Rapport says how many customers have it, and asks."""
    return _retire(args, args["tier"], TIER, session, actor, catalogue)


@plugin.command("tier restore", usage="<tier>", role=Role.ADMIN, example="gold")
def restore_tier(args: Args, session: Session, actor: Member) -> Message:
    """Bring a retired tier back."""
    return _restore(args["tier"], TIER, session, actor)


@plugin.command("reasons", role=Role.VIEWER)
def reasons(session: Session, actor: Member) -> Message:
    """Show the reasons for which deals are won and lost."""
    return lists.choices(session, REASON, actor)


@plugin.command("reason add", usage="<name> kind:lost", role=Role.ADMIN, example="Price kind:lost", kind=CLOSED)
def add_reason(args: Args, session: Session, actor: Member) -> Message:
    """Add a reason for which deals are won, or lost."""
    return added(session, REASON, actor, args["name"], args.typed("kind", CLOSED) or "")


@plugin.command("reason edit", usage="<reason> name:Budget", role=Role.ADMIN, example="price name:Budget")
def edit_reason(args: Args, session: Session, actor: Member) -> Message:
    """Rename a reason; deals keep it."""
    return renamed(session, REASON, actor, REASON.called(session, args["reason"]), args["name"])


@plugin.command("reason retire", usage="<reason> [to:timing]", role=Role.ADMIN, example="price to:budget")
def retire_reason(args: Args, session: Session, actor: Member, catalogue: Catalogue) -> Message:
    """Take a reason out of use; Rapport says how many deals have it, and asks."""
    return _retire(args, args["reason"], REASON, session, actor, catalogue)


@plugin.command("reason restore", usage="<reason>", role=Role.ADMIN, example="price")
def restore_reason(args: Args, session: Session, actor: Member) -> Message:
    """Bring a retired reason back."""
    return _restore(args["reason"], REASON, session, actor)


def _retire(args: Args, typed: str, of: Choices, session: Session, actor: Member, catalogue: Catalogue) -> Message:
    row = row_of(session, of, of.called(session, typed))
    to = args.get("to")
    return retire(session, of, row, actor, catalogue, into=of.called(session, to) if to else "")


def _restore(typed: str, of: Choices, session: Session, actor: Member) -> Message:
    rows = of.retired(session)
    for row in rows:
        if row.name_key == name_key(typed):
            back = choice_definitions.restore(session, row)
            return lists.choices(session, of, actor, notice=_("It is back."), undo=back)
    raise NotFound(
        "No retired {word} is called {name}.",
        field=of.word,
        hint="There are {names}." if rows else None,
        word=_(of.word),
        name=typed[: choice_definitions.LIMIT],
        names=", ".join(row.name for row in rows),
    )
