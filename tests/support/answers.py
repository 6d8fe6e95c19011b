"""Read what is in an answer, whatever kind of answer it is."""

from __future__ import annotations

from typing import Any

from bot.requests.answer import Answer, ErrorsAnswer, MessageAnswer, ModalAnswer, OptionsAnswer, dump


def kind_of(answer: Answer) -> str:
    return str(dump(answer)["kind"])


def text_of(answer: Answer) -> str:
    return str(dump(answer).get("text", ""))


def message_of(answer: Answer) -> MessageAnswer:
    assert isinstance(answer, MessageAnswer), answer
    return answer


def view_of(answer: Answer) -> dict[str, Any]:
    return dict(answer.view) if isinstance(answer, ModalAnswer) else {}


def errors_of(answer: Answer) -> dict[str, str]:
    return dict(answer.errors) if isinstance(answer, ErrorsAnswer) else {}


def options_of(answer: Answer) -> list[Any]:
    return list(answer.options) if isinstance(answer, OptionsAnswer) else []


def is_failure(answer: Answer) -> bool:
    """Tell whether an answer says that something went wrong."""
    return isinstance(answer, ErrorsAnswer) or (isinstance(answer, MessageAnswer) and answer.failed)
