"""Show people what they can do: only what their roles allow, generated from what plugins declare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.grammar import Args
from bot.kit import blocks as b
from bot.kit import commands
from bot.kit.replies import Message
from bot.plugin import Command, Member, Plugin, Role, _
from storage.errors import NotFound, Refused

if TYPE_CHECKING:
    from bot.registry import Registry

plugin = Plugin("help", contract=2, title="Help", description="The commands you may use, and the usage of each.")


@plugin.command("help", usage="[command]", role=Role.VIEWER, example="deal add")
def show(args: Args, actor: Member, catalogue: Registry) -> Message:
    """Show your commands, or the usage of one command."""
    wanted = " ".join(args.text.casefold().removeprefix("/").split()).removeprefix("crm ")
    allowed = catalogue.allowed(actor)
    if not wanted:
        return _overview(catalogue, actor)
    chosen = [c for c in allowed if c.words == wanted or c.words.split()[0] == wanted]
    if not chosen:
        if known := catalogue.commands.get(wanted):
            raise Refused(
                "`{command}` needs the role {role}.",
                command=catalogue.spell(known.words),
                role=known.role.value,
                hint="An admin can give it to you with `/crm role`.",
            )
        near = commands.nearest(wanted, allowed, guess=False)
        raise NotFound(
            "There is no command “{word}”.",
            word=wanted,
            hint="Did you mean {near}?" if near else "`/crm help` lists them all.",
            near=commands.named(catalogue, near),
        )
    title = b.markup(_("Help for “{name}”"), name=wanted)
    note = b.context(_('You may leave out [...]. Quote a value of several words: `key:"two words"`.'))
    return Message(title, [b.section(_usage(catalogue, command)) for command in chosen] + [note])


def _overview(catalogue: Registry, actor: Member) -> Message:
    hint = _(
        "`/crm help deal` explains the commands of one noun, `/crm help deal add` one command."
        " Only you see answers; add `share:yes` to share one."
    )
    blocks = [b.header(_("What you can do")), *commands.overview(catalogue, actor), b.context(hint)]
    return Message(_("What you can do with Rapport"), blocks)


def _usage(catalogue: Registry, command: Command) -> b.Markup:
    typed = catalogue.spell(command.words)
    full = catalogue.usages[command.words].text(typed).replace("`", "'")
    text = b.markup("*{help}*\n`{full}`", full=full, help=_(command.help))
    if not command.example:
        return text
    example = b.markup(_("For example `{typed} {example}`"), typed=typed, example=command.example)
    return b.join([text, example])
