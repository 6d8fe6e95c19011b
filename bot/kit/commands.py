"""Name commands to people: all that one may use, by slash command, and those nearest to what they typed."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from slack_sdk.models.blocks import Block

from bot.grammar import did_you_mean
from bot.i18n import _
from bot.kit import blocks as b
from bot.kit import cards
from storage.workspace.members import Member, Role

if TYPE_CHECKING:
    from slack_sdk.models.blocks.block_elements import InteractiveElement

    from bot.plugin import Action, Command
    from bot.registry import Registry

NAMED = 3
"""As many commands are named where one was not understood."""
ROW = 25
"""So many buttons a row of Slack's takes."""
DAILY = 6
"""So many forms have a button of their own in the Home; of nouns with a slash command first."""
_ALIKE = 0.6
"""How much a command must look like what was typed to be named where no word is shared; less is no help."""
_READ = 12
"""Words of a text that are looked at; what somebody wants stands at its beginning."""
_MEANT = {
    "add": "new create make log anlegen lege neu neue hinzufügen erstellen 新建 添加",
    "archive": "delete remove erase forget löschen archivieren 删除",
    "retire": "delete remove archive hide",
    "import": "upload csv excel importieren 导入",
    "cancel": "delete remove stop",
    "move": "stage snooze postpone reschedule edit",
    "show": "open view get details reply answer zeigen zeige 显示",
    "find": "search look suchen suche finden 搜索",
    "edit": "update change set rename amount owner assign ändern bearbeiten 修改",
    "note": "comment log notes",
    "list": "all ls export my mine liste meine pause resume schedules 列表",
    "customer": "kunde kunden 客户",
    "won": "win close",
    "lost": "lose close",
    "done": "finish complete close",
    "resolve": "solve solved fix fixed",
    "assign": "take claim give owner assignee own unassign reassign escalate",
    "move status": "state",
    "followup": "remind reminder remember todo task tasks",
    "digest": "report reports dashboard forecast stats statistics figures numbers kpi team target targets goal "
    "goals quota quotas summary",
    "new": "schedule",
    "quiet": "notification notifications notify dnd",
    "category": "label tag",
    "ratings": "csat nps survey satisfaction",
    "role": "user users member members people invite permission permissions me whoami",
    "rights": "permission permissions",
    "model": "train training learning learn ai",
    "categories": "category label labels tag tags",
    "setup": "onboarding channel channels configure configuration config workspace currency timezone zone "
    "language locale",
    "setup settings": "setting options preferences",
    "doctor": "health version ping debug",
    "api-key": "api key keys token tokens",
    "webhook": "webhooks hook integration integrations",
    "help": "? hilfe commands usage start",
    "undo": "redo revert back",
    "sla": "promise promises deadline deadlines",
}
"""What words of other programs and of every day are called here; one may be called several things."""
_EVERYDAY = {
    word: {name for ours, theirs in _MEANT.items() if word in theirs.split() for name in ours.split()}
    for said in _MEANT.values()
    for word in said.split()
}
_HEADS = {Role.MANAGER: "For managers: {line}", Role.ADMIN: "For admins: {line}"}


def overview(catalogue: Registry, actor: Member) -> list[Block]:
    """Draw what a person may do: a line for each slash command, and a button for each form that one opens."""
    words: dict[tuple[str, Role | None], dict[str, None]] = {}
    # What every noun has comes before what one has beside it, and what is done before what is looked up.
    for command in sorted(catalogue.allowed(actor), key=lambda one: (one.noun is None, one.role is Role.VIEWER)):
        slash, _space, rest = catalogue.spell(command.words).partition(" ")
        is_crm = rest == command.words
        role = command.role if is_crm and command.role in _HEADS else None
        word = rest.partition(" ")[0] if is_crm else rest
        words.setdefault((slash, role), {}).update({word: None} if word else {})
    # What everybody uses all day comes first, what few need last.
    lines = [_line(slash, role, found) for (slash, role), found in sorted(words.items(), key=_order)]
    return [*([b.section(b.join(lines))] if lines else []), *forms(catalogue, actor)]


def _order(item: tuple[tuple[str, Role | None], object]) -> tuple[bool, int]:
    (slash, role), _words = item
    return slash.endswith("crm"), list(_HEADS).index(role) + 1 if role else 0


def _rank(command: Command) -> int:
    role = command.noun.change if command.noun else command.role
    return [*_HEADS].index(role) + 1 if role in _HEADS else 0


def _turn(catalogue: Registry, command: Command) -> tuple[int, bool]:
    """Return where a form stands among the others: first what has a slash command, last what belongs to the set-up."""
    return _rank(command), command.words not in catalogue.slashes


def _line(slash: str, role: Role | None, words: Iterable[str]) -> b.Markup:
    line = b.markup("`{slash}`  {words}", slash=slash, words=", ".join(words))
    return b.markup(_(_HEADS[role]), line=line) if role else line


def forms(catalogue: Registry, actor: Member, *, daily: bool = False) -> list[Block]:
    """Draw a button for each form that a bare command opens and a person may use; nothing where there is none.

    Those of the set-up come last, or with `daily` not at all; of many, it draws the first and names the others.
    """
    by_view = {action.opens.id: action for action in catalogue.actions.values() if action.opens}
    row: list[InteractiveElement] = []
    words: list[str] = []
    drawn: set[str] = set()
    for command in sorted(catalogue.commands.values(), key=partial(_turn, catalogue)):
        action = by_view.get(command.opens.id) if command.opens else None
        if action is None or not actor.has(command.noun.change if command.noun else command.role):
            continue
        # Two commands may open one form, and Slack refuses two buttons of one id in a row.
        if (daily and _rank(command)) or (command.noun is None and action.id in drawn):
            continue
        drawn.add(action.id)
        row.append(_opener(command, action))
        words.append(catalogue.spell(command.words))
    if daily and len(row) > DAILY:
        rest = b.join([b.markup("`{word}`", word=word) for word in words[DAILY:]], ", ")
        return [b.actions(*row[:DAILY]), b.context(b.markup(_("Also: {commands}"), commands=rest))]
    return [b.actions(*row[at : at + ROW]) for at in range(0, len(row), ROW)]


def opener(catalogue: Registry, command: Command) -> list[Block]:
    """Draw the button for the form that a command opens."""
    actions = (action for action in catalogue.actions.values() if command.opens and action.opens is command.opens)
    return [b.actions(_opener(command, action)) for action in actions][:1]


def _opener(command: Command, action: Action) -> InteractiveElement:
    if command.noun:
        return cards.new(command.noun.key, _("New {noun}").format(noun=_(command.noun.label).casefold()))
    return b.button(_(action.opens.title) if action.opens else command.words, action.id)


def nearest(typed: str, commands: Sequence[Command], *, guess: bool = True) -> list[Command]:
    """Return the commands that share most words with a text, best first, misspelt ones too; at most three.

    Where none shares any, those that look most like the text, or none if nobody should `guess`.
    """
    # What begins with a noun is about it, and a word that others know may be called something else there.
    begun = typed.casefold().split()[:1]
    commands = [command for command in commands if command.words.split()[:1] == begun] or commands
    heads = {command.words.split()[0] for command in commands}
    # The noun that all of them begin with tells none apart.
    common = heads if len(heads) == 1 else set()
    own = {command.words: set(command.words.split()) - common for command in commands}
    known = {word for found in own.values() for word in found}
    # Nearly nobody mistypes the first letter, and "how" is no misspelt "show".
    said = {near for word in typed.casefold().split()[:_READ] for near in _near(word, known)}
    shared = {key: len(said & found) / len(said | found) for key, found in own.items() if said & found}
    best = sorted(shared, key=lambda key: -shared[key])[:NAMED]
    if not best and guess:
        told = {" ".join(word for word in key.split() if word not in common): key for key in own if own[key]}
        text = " ".join(word for word in typed.casefold().split() if word not in common)
        best = [told[one] for one in difflib.get_close_matches(text, told, n=NAMED, cutoff=_ALIKE)]
    return [command for key in best for command in commands if command.words == key]


def _near(typed: str, known: Iterable[str]) -> set[str]:
    known = set(known)
    word = typed.strip("/.,!?“”") or typed
    if word not in known and (meant := _EVERYDAY.get(word, set()) & known):
        return meant
    near = did_you_mean(word, [one for one in known if one[:1] == word[:1]], cutoff=0.75)
    return {near} if near else set()


def named(catalogue: Registry, commands: Sequence[Command]) -> str:
    """Return commands as they are typed, for a sentence: `/deal add`, `/deal list` or `/deal won`."""
    typed = [f"`{catalogue.spell(command.words)}`" for command in commands]
    return _("{some} or {last}").format(some=", ".join(typed[:-1]), last=typed[-1]) if typed[1:] else "".join(typed)
