"""Turn Slack's block models into JSON, checked as they check themselves, without searching for the checks each time.

`JsonObject.to_dict` looks through all attributes of every object, and of every object in it, for its validators; that
was a quarter of the time in which a card is answered. Which they are depends on the class only.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from slack_sdk.models.basic_objects import JsonObject
from slack_sdk.models.blocks import RichTextElement


def to_json(value: Any) -> Any:
    """Return what `to_dict` returns; raise SlackObjectFormationError for what breaks Slack's rules."""
    if isinstance(value, list | tuple):
        return [to_json(one) for one in value]
    if not isinstance(value, JsonObject):
        return value
    kind = type(value)
    if _writes_itself(kind):
        return {key: to_json(one) for key, one in value.to_dict().items()}
    for name in _validators(kind):
        getattr(value, name)()
    given = ((key, getattr(value, key, None)) for key in sorted(value.attributes))
    return {key: to_json(one) for key, one in given if one is not None and not _is_empty(one)}


def _is_empty(value: Any) -> bool:
    return hasattr(value, "__len__") and len(value) == 0


@cache
def _writes_itself(kind: type[JsonObject]) -> bool:
    return kind.to_dict is not JsonObject.to_dict or issubclass(kind, RichTextElement)


@cache
def _validators(kind: type[JsonObject]) -> tuple[str, ...]:
    return tuple(name for name in dir(kind) if hasattr(getattr(kind, name, None), "validator"))
