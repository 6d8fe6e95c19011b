"""Show people what they can do: only what their roles allow, generated from what plugins declare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slack_sdk.models.blocks import Block

from bot.grammar import Args, did_you_mean
from bot.kit import blocks as b
from bot.kit.replies import Message
from bot.plugin import Command, Member, Plugin, Role, _
from storage.errors import NotFound, Refused

if TYPE_CHECKING:
    from bot.registry import Registry

plugin = Plugin("help", title="Help", description="What you can type, and what each command takes.")


@plugin.command("help", usage="[command]", role=Role.VIEWER, example="deal add")
def show(args: Args, actor: Member, catalogue: Registry) -> Message:
    """Show your commands, or the usage of one command."""
    wanted = " ".join(args.text.casefold().removeprefix("/").split()).removeprefix("crm ")
    allowed = catalogue.allowed(actor)
    if not wanted:
        return _overview(catalogue, allowed)
    chosen = [c for c in allowed if c.words == wanted or c.words.split()[0] == wanted]
    if not chosen:
        if known := catalogue.commands.get(wanted):
            raise Refused(
                "`{command}` needs the role {role}.",
                command=catalogue.spell(known.words),
                role=known.role.value,
                hint="An admin can give it to you with `/crm role`.",
            )
        near = did_you_mean(wanted, [c.words for c in allowed])
        raise NotFound(
            "There is no command “{word}”.",
            word=wanted,
            hint="Did you mean “{near}”?" if near else "`/crm help` lists them all.",
            near=near or "",
        )
    title = b.markup(_("Help for “{name}”"), name=wanted)
    note = b.context(_('[...] may be left out. A value of several words is quoted: `key:"two words"`.'))
    return Message(title, [b.section(_usage(catalogue, command)) for command in chosen] + [note])


def _overview(catalogue: Registry, allowed: list[Command]) -> Message:
    blocks: list[Block] = [b.header(_("What you can do"))]
    for plugin_ in catalogue.plugins.values():
        lines = [_line(catalogue, c) for c in catalogue.commands_of(plugin_) if c in allowed]
        if lines:
            blocks.append(b.section(b.join([b.markup("*{title}*", title=_(plugin_.title)), *lines])))
    blocks.append(
        b.context(
            _("`/crm help deal add` shows what a command takes. Answers are only for you; add `share:yes` to share.")
        )
    )
    return Message(_("What you can do with Rapport"), blocks)


def _line(catalogue: Registry, command: Command) -> b.Markup:
    return b.markup("`{typed}` {help}", typed=catalogue.spell(command.words), help=_(command.help))


def _usage(catalogue: Registry, command: Command) -> b.Markup:
    typed = catalogue.spell(command.words)
    full = catalogue.usages[command.words].text(typed).replace("`", "'")
    text = b.markup("*{help}*\n`{full}`", full=full, help=_(command.help))
    if not command.example:
        return text
    example = b.markup(_("For example `{typed} {example}`"), typed=typed, example=command.example)
    return b.join([text, example])
