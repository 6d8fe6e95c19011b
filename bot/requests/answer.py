"""Hold the answer to a request as plain data: one class for each thing that an answer can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Nothing is to be sent; a form that waits says `text`."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class MessageAnswer:
    """A message.

    `share` asks for all of a channel to see it; whether they may is decided when it is sent (`bot.requests.audience`).
    `in_doubt` says that it is not known whether the request had its effect.
    """

    text: str
    blocks: Sequence[Mapping[str, Any]] = ()
    share: bool = False
    replace: bool = False
    failed: bool = False
    in_doubt: bool = False


@dataclass(frozen=True, slots=True)
class ModalAnswer:
    """Another view in the modal's place."""

    view: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ErrorsAnswer:
    """What is wrong with a form, by field."""

    errors: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class HomeAnswer:
    """The App Home drawn anew, with a notice above it."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class OptionsAnswer:
    """What a menu offers."""

    options: Sequence[Mapping[str, Any]] = ()


Answer = NoAnswer | MessageAnswer | ModalAnswer | ErrorsAnswer | HomeAnswer | OptionsAnswer

KINDS: Mapping[str, type[Answer]] = {
    "none": NoAnswer,
    "message": MessageAnswer,
    "modal": ModalAnswer,
    "errors": ErrorsAnswer,
    "home": HomeAnswer,
    "options": OptionsAnswer,
}
"""Under which name each is stored beside the change it answers."""
_NAMES: Mapping[type[Answer], str] = {made: name for name, made in KINDS.items()}


def dump(answer: Answer) -> dict[str, Any]:
    """Return an answer as JSON-safe data, to be stored beside the change it answers."""
    return {"kind": _NAMES[type(answer)], **asdict(answer)}


def load(data: Mapping[str, Any]) -> Answer:
    """Read back what `dump` wrote, or an earlier release, whose answers had every field of every kind."""
    made = KINDS[str(data["kind"])]
    return made(**{one.name: data[one.name] for one in fields(made) if one.name in data})


def is_in_doubt(answer: Answer) -> bool:
    """Tell whether it is not known if the request had its effect."""
    return isinstance(answer, MessageAnswer) and answer.in_doubt


def blocks_of(answer: Answer) -> Sequence[Mapping[str, Any]]:
    """Return what an answer draws of a message or a form."""
    match answer:
        case MessageAnswer():
            return answer.blocks
        case ModalAnswer():
            return list(answer.view.get("blocks") or ())
        case _:
            return ()
