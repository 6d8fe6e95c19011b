"""Turn Slack's block models into JSON, checked as they check themselves, without searching for the checks each time.

`JsonObject.to_dict` looks through all attributes of every object, and of every object in it, for its validators; that
was a quarter of the time in which a card is answered. Which they are depends on the class only.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from slack_sdk.models.basic_objects import JsonObject
from slack_sdk.models.blocks import Option, PlainTextObject, RichTextElement


def to_json(value: Any) -> Any:
    """Return what `to_dict` returns; raise SlackObjectFormationError for what breaks Slack's rules."""
    if isinstance(value, JsonObject):
        return _object(value)
    if isinstance(value, list | tuple):
        return [to_json(one) for one in value]
    return value


def _object(value: JsonObject) -> dict[str, Any]:
    kind = type(value)
    if _writes_itself(kind):
        return {key: to_json(one) for key, one in value.to_dict().items()}
    for name in _validators(kind):
        getattr(value, name)()
    if isinstance(value, Option):
        return _option(value)
    made = {}
    for key in _attributes(kind):
        one = getattr(value, key, None)
        if isinstance(one, str | bool | int):
            if one != "":
                made[key] = one
        elif one is not None and not (hasattr(one, "__len__") and len(one) == 0):
            made[key] = to_json(one)
    return made


def _option(value: Option) -> dict[str, Any]:
    """Return an option as blocks hold it. A card's menus have twenty, and each would search for its checks itself."""
    made = {"text": to_json(value._text or PlainTextObject.from_str(value.label or "")), "value": value.value}
    made |= {"description": to_json(value._block_description)} if value._block_description else {}
    return made | ({"url": value.url} if value.url else {})


@cache
def _writes_itself(kind: type[JsonObject]) -> bool:
    return kind is not Option and (kind.to_dict is not JsonObject.to_dict or issubclass(kind, RichTextElement))


@cache
def _validators(kind: type[JsonObject]) -> tuple[str, ...]:
    return tuple(name for name in dir(kind) if hasattr(getattr(kind, name, None), "validator"))


@cache
def _attributes(kind: type[JsonObject]) -> tuple[str, ...]:
    # A property that looks at nothing but its class, so an object that nobody has filled in will do.
    return tuple(sorted(kind.__new__(kind).attributes))
