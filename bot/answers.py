"""Turn what a handler returned or raised into one answer that can be stored, repeated and sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from slack_sdk.models.blocks import Block

from bot import blocks as b
from bot.plugin import View, _
from bot.replies import FieldErrors, Home, Message, Modal, Options, Reply
from bot.requests import Origin, Request
from storage.errors import CrmError
from storage.references import reference

VIEW_BLOCKS = 100
VIEW_CHARACTERS = 200_000
TITLE_LIMIT = 24
TEXT_LIMIT = 3_000


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold an answer as plain data: `kind` is message, modal, errors, home, options or none."""

    kind: str = "none"
    text: str = ""
    blocks: Sequence[Mapping[str, Any]] = ()
    share: bool = False
    replace: bool = False
    failed: bool = False
    view: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    options: Sequence[Mapping[str, Any]] = ()

    def dump(self) -> dict[str, Any]:
        """Return it as JSON-safe data, to be stored beside the change it answers."""
        return asdict(self)

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Answer:
        """Read back what `dump` wrote."""
        return cls(**data)


def answer(reply: Reply, request: Request, view: View | None = None) -> Answer:
    """Render a handler's reply."""
    match reply:
        case None:
            return Answer()
        case Message():
            text = b.cut(reply.text, TEXT_LIMIT)
            return Answer(
                "message",
                text,
                b.render(reply.blocks or [b.section(reply.text)]),
                share=reply.share and not request.place.shared,
                replace=reply.replace,
            )
        case Modal():
            callback = view.id if view else str(request.view.get("callback_id", ""))
            origin = replace(_origin(request), state=dict(reply.state))
            return Answer("modal", view=modal(callback, reply.title, reply.blocks, reply.submit, origin))
        case FieldErrors():
            return Answer("errors", errors=dict(reply.errors), failed=True)
        case Home():
            return Answer("home", b.esc(reply.notice or ""))
        case Options():
            return Answer("options", options=[o.build().to_dict() for o in reply.options[: b.OPTIONS_LIMIT]])


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


def failure(error: CrmError, request: Request, usage: str = "") -> Answer:
    """Say what a known mistake was: under the field it names, or as a sentence with what to do next."""
    sentence = explain(error)
    fields = list((request.view.get("state") or {}).get("values", {}))
    if request.kind == "view" and fields:
        named = error.field if error.field and error.field in fields else fields[0]
        return Answer("errors", errors={named: plain_text(error)[:2_000]}, failed=True)
    parts: list[b.Text] = [sentence]
    if usage:
        parts.append(b.markup(_("Usage: `{usage}`"), usage=usage.replace("`", "'")))
    typed = error.typed or (request.text if request.kind == "command" and error.kind == "invalid" else "")
    if typed:
        parts.append(b.markup(_("You wrote: {typed}"), typed=typed[:1_500]))
    text = b.join(parts)
    return Answer("message", b.cut(sentence, TEXT_LIMIT), b.render([b.section(text)]), failed=True)


def explain(error: CrmError) -> b.Markup:
    """Return an error's sentence for people, translated, with its values escaped, its hint and its candidates."""
    params = {key: str(value) for key, value in error.params.items()}
    lines: list[b.Text] = [b.markup(_(error.template), **params)]
    if error.hint:
        lines[0] = b.join([lines[0], b.markup(_(error.hint), **params)], " ")
    lines += [_candidate(c) for c in getattr(error, "candidates", [])[:5]]
    return b.join(lines)


def plain_text(error: CrmError) -> str:
    """Return an error's sentence unescaped, for the plain text under a modal's field."""
    params = {key: str(value) for key, value in error.params.items()}
    hint = " " + _(error.hint).format(**params) if error.hint else ""
    near = ", ".join(_name(c) for c in getattr(error, "candidates", [])[:3])
    return _(error.template).format(**params) + hint + (f" ({near})" if near else "")


def _name(candidate: object) -> str:
    return str(getattr(candidate, "name", None) or getattr(candidate, "title", None) or candidate)


def _candidate(candidate: object) -> b.Markup:
    noun, number = getattr(candidate, "__noun__", None), getattr(candidate, "id", None)
    name = _name(candidate)
    return b.markup("• *{ref}* {name}", ref=reference(noun, number), name=name) if noun and number else b.esc(name)
