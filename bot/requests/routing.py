"""Find what a request asks for among all that plugins declare: the handler, the role it takes, and what it is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bot.grammar import Writer, parse, unescape
from bot.grammar.entities import shown
from bot.i18n import _
from bot.kit import blocks as b
from bot.kit import commands
from bot.kit import format as look
from bot.kit.blocks import Control
from bot.kit.replies import Message
from bot.plugin import Handler, Role, View
from bot.registry import PluginError, Registry
from bot.requests.actors import KnownActor
from bot.requests.offers import ACTION, Typed, value_or_record
from bot.requests.request import Request, RequestKind, submitted, unoffered
from storage.errors import CrmError, Invalid, NotFound
from storage.references import parse_reference


@dataclass(frozen=True, slots=True)
class Call:
    """Hold what is to be run for a request: the handler, the role it asks for, and what it is given."""

    handler: Handler
    role: Role
    source: str
    before: Handler | None = None
    view: View | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    usage: str = ""
    share: bool = False
    typed: Typed | None = None
    replaces: bool = False
    """What it says takes the place of the message whose button was used."""
    unknown: CrmError | None = None
    """What to say where a bare name after a noun names nothing."""
    outside: bool = False
    """Customers may do it too: the handler says who may."""


class Misused(Exception):
    """Carry the usage line of the command whose arguments could not be read, beside the reason."""

    def __init__(self, error: CrmError, usage: str) -> None:
        super().__init__(str(error))
        self.error = error
        self.usage = usage


def opens(registry: Registry, request: Request) -> View | None:
    """Return the modal that a request opens, known without a database."""
    request = _as_now(registry, request)
    match request.kind:
        case RequestKind.COMMAND:
            command, rest = registry.command(request.name, request.text)
            return command.opens if command and not rest else None
        case RequestKind.ACTION:
            action = registry.actions.get(request.name)
            return action.opens if action and action.choice in {"", request.control.detail.split(" ")[0]} else None
        case RequestKind.SHORTCUT:
            shortcut = registry.shortcuts.get(request.name)
            return shortcut.opens if shortcut else None
        case _:
            return None


def find(registry: Registry, request: Request, known: KnownActor, now: datetime, *, filling: bool = False) -> Call:
    """Return what a request asks for; raise NotFound with a sentence where there is no such thing, or Misused.

    `filling` asks for the modal that the request opens, not for its submission.
    """
    request = _as_now(registry, request)
    view = opens(registry, request) if filling else None
    if view:
        return Call(view.fill, view.role, view.id, view.before, view, _given(request), outside=view.outside)
    match request.kind:
        case RequestKind.COMMAND:
            return _command(registry, request, known, now)
        case RequestKind.ACTION if request.name == ACTION:
            return command_call(registry, Typed.load(request.control.detail), known, now, replaces=True)
        case RequestKind.ACTION:
            action = registry.actions.get(request.name)
            if action is None or action.handler is None:
                raise NotFound("This button is from an older version of Rapport.", hint="Open the card again.")
            given = _given(request)
            return Call(action.handler, action.role, request.name, action.before, given=given, outside=action.outside)
        case RequestKind.VIEW:
            declared = registry.views.get(request.name)
            if declared is None or declared.submitted is None:
                raise NotFound("This form is from an older version of Rapport.", hint="Open it again.")
            if (unoffered_field := unoffered(request.view)) is not None:
                raise Invalid("Choose one of those that are offered.", field=unoffered_field)
            return Call(
                declared.submitted,
                declared.role,
                request.name,
                declared.before,
                declared,
                given=_given(request),
                outside=declared.outside,
            )
        case RequestKind.OPTIONS:
            source = registry.sources.get(request.name)
            if source is None:
                raise NotFound("This menu is from an older version of Rapport.")
            return Call(source.handler, source.role, request.name, given={**_given(request), "query": request.text})
        case _:
            raise NotFound("Rapport does not know what {name} is.", name=request.name)


def check_controls(registry: Registry, blocks: Iterable[Mapping[str, Any]]) -> None:
    """Raise PluginError where a control among blocks is of an id that nobody answers: whoever uses it would wait."""
    for block in blocks:
        elements = [*(block.get("elements") or ()), block.get("accessory")]
        if (block.get("element") or {}).get("type") == "external_select":
            elements.append(block["element"])
        for element in elements:
            action = element.get("action_id") if isinstance(element, Mapping) else None
            if action and action != ACTION and not registry.declares(action):
                raise PluginError(f"a control of the id {action!r} is shown, and no plugin declares it")


def _as_now(registry: Registry, request: Request) -> Request:
    """Return a request by the name that its control has now, with the noun that the old name said it was of."""
    if request.kind is RequestKind.COMMAND:
        command, rest = registry.command(request.name, request.text)
        opened = command.noun if command and command.opens and not rest else None
        return replace(request, control=Control(detail=opened.key)) if opened else request
    renamed = registry.renamed.get(request.name)
    if renamed is None:
        return request
    control = replace(request.control, detail=request.control.detail or renamed.noun)
    origin = replace(request.origin, state={"noun": renamed.noun, **request.origin.state})
    return replace(request, name=renamed.now, control=control, origin=origin)


def _given(request: Request) -> Mapping[str, Any]:
    message = request.body.get("message") if request.kind is RequestKind.SHORTCUT else None
    return {
        "control": request.control,
        "values": submitted(request.view),
        "state": request.origin.state,
        "message": message or {},
    }


def _command(registry: Registry, request: Request, known: KnownActor, now: datetime) -> Call:
    command, rest = registry.command(request.name, request.text)
    if command is not None and command.handler is not None:
        return command_call(registry, Typed(command.words, rest), known, now)
    if command is not None and command.noun and not rest:
        # Who asks, and so which nouns there are, was not known yet when the form was to be opened.
        return Call(_offer_form, command.role, f"/{command.words}", given={"control": request.control})
    unknown = _unknown(registry, request, known)
    valued = registry.valued(request.name, request.text)
    shown = (f"{valued[0]} show", request.text) if valued else registry.showing(request.name, request.text)
    if shown is None:
        raise unknown
    try:
        call = replace(command_call(registry, Typed(*shown), known, now), unknown=unknown)
        return replace(call, handler=value_or_record, given={**call.given, "valued": valued}) if valued else call
    except Misused:
        raise unknown from None


def _offer_form(control: Control, catalogue: Registry) -> Message:
    """Offer the form that the word of a noun opens."""
    command = catalogue.commands[control.detail]
    noun = _(command.noun.label).casefold() if command.noun else command.words
    text = b.markup(_("New {noun}"), noun=noun)
    return Message(text, [b.section(text), *commands.opener(catalogue, command)])


def command_call(registry: Registry, typed: Typed, known: KnownActor, now: datetime, *, replaces: bool = False) -> Call:
    """Return the call of a declared command; raise NotFound where there is none of these words, or Misused."""
    command = registry.commands.get(typed.words)
    if command is None or command.handler is None:
        raise NotFound("There is no command {words}.", words=typed.words)
    usage = registry.usages[command.words]
    line = usage.text(registry.spell(command.words))
    try:
        args = typed.choose(parse(typed.rest, usage, _writer(known, now)))
        share = args.flag("share")
    except CrmError as exc:
        raise Misused(exc, line) from exc
    return Call(
        command.handler,
        command.role,
        f"/{command.words}",
        command.before,
        given={"args": args, "noun": command.noun},
        usage=line,
        share=share,
        typed=typed,
        replaces=replaces,
    )


def _writer(known: KnownActor, now: datetime) -> Writer:
    member, workspace = known.member, known.workspace
    zone, locale = look.zone_of(member, workspace), look.locale_of(member, workspace)
    return Writer(member.id, workspace.currency, zone, now, locale)


def _unknown(registry: Registry, request: Request, known: KnownActor) -> CrmError:
    """Name the nearest commands among those that this person may use."""
    noun = request.name.removeprefix("/").removeprefix(registry.prefix)
    allowed = registry.allowed(known.member, None if noun == "crm" else noun)
    said = unescape(request.text).split()
    named = [one for one in said if parse_reference(one, registry.references)]
    of_noun = f"`{registry.spell('help')} {noun}`" if noun != "crm" else f"`{registry.spell('help')}`"
    if noun != "crm" and named[:1] == said[:1] and said[1:]:
        word = " ".join(said[1:3])
        near = commands.nearest(f"{noun} {said[1]}", allowed, guess=False)
        return NotFound(
            "I don't know what “{word}” is to do with {ref}.",
            hint="Did you mean {near}?" if near else "{help} lists what you can do.",
            word=shown(word),
            ref=shown(said[0]),
            near=commands.named(registry, near),
            help=of_noun,
            likely=True,
            refers=True,
        )
    refers = bool(named and said[1:])
    typed = shown(" ".join(said[:2])) or _("nothing")
    meant = " ".join(said[:2] if noun == "crm" else [noun, *said[:1]])
    near = commands.nearest(meant, allowed)
    return NotFound(
        "I don't know “{word}”. Did you mean {near}?" if near else "I don't know “{word}”.",
        word=typed,
        near=commands.named(registry, near),
        likely=refers or bool(commands.nearest(meant, allowed, guess=False)),
        refers=refers,
        hint="{help} lists what you can do, {find} searches." if noun == "crm" else "{help} lists what you can do.",
        help=of_noun,
        find=f"`{registry.spell('find')} {shown(unescape(request.text).strip()).replace('`', '')}`",
    )


def or_unknown(error: CrmError, unknown: CrmError) -> CrmError:
    """Return what to say where a name that stands after a noun names nothing: it may be a command misspelt."""
    # What a text with a reference in it is like by chance is no help.
    candidates = getattr(error, "candidates", None) and not unknown.params.get("refers")
    if error.kind != "not_found" or candidates:
        return error
    return unknown if unknown.params.get("likely") else error
