"""Turn what a handler returned or raised into an answer that can be stored, repeated and sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from slack_sdk.models.blocks import Block

from bot.grammar import unescape
from bot.i18n import _
from bot.kit import blocks as b
from bot.kit.replies import FieldErrors, Home, Instead, Message, Modal, Options, Reply
from bot.plugin import View
from bot.requests.answer import (
    Answer,
    ErrorsAnswer,
    HomeAnswer,
    MessageAnswer,
    ModalAnswer,
    NoAnswer,
    OptionsAnswer,
)
from bot.requests.request import Origin, Request
from storage.errors import CrmError
from storage.names import short

VIEW_BLOCKS = 100
VIEW_CHARACTERS = 200_000
TITLE_LIMIT = 24
TEXT_LIMIT = 3_000
ERROR_LIMIT = 2_000
GIVEN_BACK = 500
"""So many characters of what was typed are given back a paragraph: each may become five when it is escaped."""


def answer(reply: Reply, request: Request, view: View | None = None) -> Answer:
    """Render a handler's reply."""
    match reply:
        case None:
            return NoAnswer()
        case Message():
            text = b.cut(reply.text, TEXT_LIMIT)
            return MessageAnswer(
                text,
                b.render(reply.blocks or [b.section(reply.text)]),
                share=reply.share,
                replace=reply.replace,
            )
        case Modal():
            callback = view.id if view else str(request.view.get("callback_id", ""))
            if reply.submit and view and view.submitted is None:
                raise ValueError(f"{callback} has a submit button, and no function takes what is submitted")
            origin = replace(_origin(request), state=dict(reply.state))
            return ModalAnswer(modal(callback, reply.title, reply.blocks, reply.submit, origin))
        case FieldErrors():
            return _errors(reply.errors, request)
        case Home():
            return HomeAnswer(b.esc(reply.notice or ""))
        case Instead():
            raise ValueError(f"{reply.words} is carried out instead of a command only")
        case Options():
            return OptionsAnswer([o.build().to_dict() for o in reply.options[: b.OPTIONS_LIMIT]])


def in_place(instead: Instead, reply: Any, view: View | None) -> Any:
    """Return what another command says, with the notice below it, as the modal that was to show it, where one was."""
    if not isinstance(reply, Message):
        return reply
    blocks = list(reply.blocks) or [b.section(reply.text)]
    if instead.notice:
        blocks.append(b.context(instead.notice))
    return Modal(_(view.title), blocks) if view else replace(reply, blocks=blocks)


def _origin(request: Request) -> Origin:
    if request.origin.channel_id or request.origin.response_url or request.origin.home:
        return request.origin
    return Origin(request.place.channel_id, request.response_url, str(request.control), request.from_home)


def origin_of(request: Request) -> Origin:
    """Return what a modal opened by this request has to remember."""
    return Origin(request.place.channel_id, request.response_url, str(request.control), request.from_home)


def modal(callback_id: str, title: str, blocks: Sequence[Block], submit: str | None, origin: Origin) -> dict[str, Any]:
    """Build a modal's view."""
    built: dict[str, Any] = {
        "type": "modal",
        "callback_id": callback_id,
        "title": b.plain(title, TITLE_LIMIT).to_dict(),
        "close": b.plain(_("Cancel") if submit else _("Close"), TITLE_LIMIT).to_dict(),
        "blocks": b.render(blocks, limit=VIEW_BLOCKS, budget=VIEW_CHARACTERS),
        "private_metadata": origin.dump(),
    }
    if submit:
        built["submit"] = b.plain(submit, TITLE_LIMIT).to_dict()
    return built


def loading(view: View, origin: Origin) -> dict[str, Any]:
    """Build the static view that is shown before anything is known."""
    return modal(view.id, view.title, [b.section(_("One moment…"))], None, origin)


def note_view(request_view: Mapping[str, Any], text: b.Text) -> dict[str, Any]:
    """Build a view that says one thing, in the place of the one it answers."""
    title = str((request_view.get("title") or {}).get("text") or "Rapport")
    return modal(str(request_view.get("callback_id") or "rapport.note"), title, [b.section(text)], None, Origin())


def said_in(request_view: Mapping[str, Any], said: MessageAnswer) -> dict[str, Any]:
    """Build a view that shows what was answered to a click in it, in its place."""
    kept = ("title", "close", "callback_id", "private_metadata")
    shown = {key: request_view[key] for key in kept if key in request_view}
    return {"type": "modal", **shown, "blocks": list(said.blocks)}


def after(answered: Answer, view: Mapping[str, Any]) -> dict[str, Any]:
    """Build what a modal shows whose answer came too late for the acknowledgement."""
    match answered:
        case ModalAnswer():
            return dict(answered.view)
        case ErrorsAnswer():
            return _again(view, answered.errors)
        case OptionsAnswer():
            return note_view(view, _("Done."))
        case MessageAnswer() | HomeAnswer() | NoAnswer():
            return note_view(view, b.Markup(answered.text) if answered.text else _("Done."))


_INITIAL: Mapping[str, tuple[str, str]] = {
    "plain_text_input": ("value", "initial_value"),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "users_select": ("selected_user", "initial_user"),
    "channels_select": ("selected_channel", "initial_channel"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "radio_buttons": ("selected_option", "initial_option"),
    "multi_static_select": ("selected_options", "initial_options"),
    "checkboxes": ("selected_options", "initial_options"),
}
"""Where an element's state keeps what was entered, and where the element takes what it begins with."""


def _again(view: Mapping[str, Any], errors: Mapping[str, str]) -> dict[str, Any]:
    """Build a modal again as it was submitted, what is wrong written above: only acknowledgements can mark fields."""
    entered = (view.get("state") or {}).get("values", {})
    blocks = [b.section(b.join([b.markup("⚠ {why}", why=why) for why in errors.values()])).to_dict()]
    for block in view.get("blocks") or []:
        element = block.get("element") or {}
        state = (entered.get(block.get("block_id")) or {}).get(element.get("action_id")) or {}
        kept, begins = _INITIAL.get(str(element.get("type")), ("", ""))
        if begins:
            element = {key: value for key, value in element.items() if key != begins}
            typed = b.sendable(state[kept]) if kept == "value" and state.get(kept) else state.get(kept)
            element |= {begins: typed} if typed else {}
            block = {**block, "element": element}
        blocks.append(dict(block))
    shown = {key: view[key] for key in ("title", "submit", "close", "callback_id", "private_metadata") if view.get(key)}
    return {"type": "modal", **shown, "blocks": blocks[:VIEW_BLOCKS]}


def _errors(errors: Mapping[str, str], request: Request) -> Answer:
    """Say under each field what is wrong with it, under the first what belongs to none; in words without fields."""
    fields = list((request.view.get("state") or {}).get("values", {}))
    if request.kind != "view" or not fields:
        return sentence(b.join(list(errors.values())))
    placed: dict[str, str] = {}
    for name, what in errors.items():
        field_ = name if name in fields else fields[0]
        placed[field_] = f"{placed[field_]} {what}" if field_ in placed else what
    return ErrorsAnswer({name: short(b.sendable(what), ERROR_LIMIT) for name, what in placed.items()})


def sentence(text: b.Text) -> MessageAnswer:
    """Say that something went wrong."""
    return MessageAnswer(b.cut(text, TEXT_LIMIT), b.render([b.section(text)]), failed=True)


def unsaved(text: b.Text, request: Request) -> Answer:
    """Say that nothing was saved; a modal stays open with what was entered."""
    if request.kind == "view" and (request.view.get("state") or {}).get("values"):
        return _errors({"": b.unescaped(text)}, request)
    return sentence(text)


def failure(error: CrmError, request: Request, usage: str = "", offers: Sequence[Block] = ()) -> Answer:
    """Say what a known mistake was: under the field it names, or as a sentence with what to do next.

    `offers` are what may have been meant, instead of which nothing has to be typed again.
    """
    said = explain(error)
    if request.kind == "view" and (request.view.get("state") or {}).get("values"):
        return _errors({error.field or "": plain_text(error)}, request)
    if offers:
        asked = b.join([_sentence(error), _("Which one do you mean?")], " ")
        return MessageAnswer(b.cut(said, TEXT_LIMIT), b.render([b.section(asked), *offers]), failed=True)
    parts: list[b.Text] = [said]
    if usage:
        parts.append(b.markup(_("Usage: `{usage}`"), usage=usage.replace("`", "'")))
    if request.kind == "command" and getattr(error, "candidates", None):
        # There was no room to keep it for a click, and Slack does not give it back.
        whole = b.render([b.section(b.join(parts)), *_given_back(unescape(request.text))])
        return MessageAnswer(b.cut(said, TEXT_LIMIT), whole, failed=True)
    typed = error.typed or ""
    if request.kind == "command" and (typed or error.kind == "invalid"):
        # An error names the part that it is about; nobody has to put the others together again.
        typed = f"{request.name} {unescape(request.text)}"
    if len(typed) > GIVEN_BACK:
        whole = b.render([b.section(b.join(parts)), *_given_back(typed)])
        return MessageAnswer(b.cut(said, TEXT_LIMIT), whole, failed=True)
    if typed:
        parts.append(b.markup(_("You wrote: {typed}"), typed=typed))
    return replace(sentence(b.join(parts)), text=b.cut(said, TEXT_LIMIT))


def _given_back(typed: str) -> list[Block]:
    pieces = [typed[at : at + GIVEN_BACK] for at in range(0, len(typed), GIVEN_BACK)]
    first = [b.section(b.markup(_("You wrote: {typed}"), typed=piece)) for piece in pieces[:1]]
    return [*first, *map(b.section, pieces[1:])]


def explain(error: CrmError) -> b.Markup:
    """Return an error's sentence for people, translated, with its values escaped, its hint and its candidates."""
    params = {key: str(value) for key, value in error.params.items()}
    lines: list[b.Text] = [_sentence(error)]
    if error.hint:
        lines[0] = b.join([lines[0], b.markup(_(error.hint), **params)], " ")
    lines += [_candidate(c) for c in getattr(error, "candidates", [])[:5]]
    return b.join(lines)


def _sentence(error: CrmError) -> b.Markup:
    return b.markup(_(error.template), **{key: str(value) for key, value in error.params.items()})


def plain_text(error: CrmError) -> str:
    """Return an error's sentence unescaped, for the plain text under a modal's field."""
    params = {key: str(value) for key, value in error.params.items()}
    hint = " " + _(error.hint).format(**params) if error.hint else ""
    near = ", ".join(_name(c) for c in getattr(error, "candidates", [])[:3])
    return _(error.template).format(**params) + hint + (f" ({near})" if near else "")


def _name(candidate: object) -> str:
    return str(getattr(candidate, "name", None) or getattr(candidate, "title", None) or candidate)


def _candidate(candidate: object) -> b.Markup:
    ref, name = getattr(candidate, "reference", None), _name(candidate)
    return b.markup("• *{ref}* {name}", ref=ref, name=name) if ref else b.esc(name)
