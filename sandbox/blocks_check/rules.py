"""Offer the small rules of which the shape of every block and element is made.

A rule takes the list of problems, the JSON pointer of a value and the value, and adds what is wrong in Slack's words.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

Rule = Callable[[list[str], str, Any], None]
Fields = dict[str, Rule]


def report(problems: list[str], pointer: str, text: str) -> None:
    """Note one problem as Slack writes it."""
    problems.append(f"{text} [json-pointer:{pointer}]")


@dataclass(frozen=True)
class Shape:
    """Describe an object: its required and optional fields, and what holds between them."""

    required: Fields = field(default_factory=dict)
    optional: Fields = field(default_factory=dict)
    also: tuple[Rule, ...] = ()

    def __call__(self, problems: list[str], pointer: str, value: Any) -> None:
        """Check a value against the shape."""
        if not isinstance(value, dict):
            return report(problems, pointer, "must provide an object")
        for name in self.required:
            if value.get(name) is None:
                report(problems, pointer, f"missing required field: {name}")
        known = self.required | self.optional
        for name, inner in value.items():
            if name not in known and name != "type":
                report(problems, pointer, f"invalid additional property: {name}")
            elif name in known and inner is not None:
                known[name](problems, f"{pointer}/{name}", inner)
        for rule in self.also:
            rule(problems, pointer, value)
        return None


def string(most: int, least: int = 1) -> Rule:
    """Take a string of a length."""

    def rule(problems: list[str], pointer: str, value: Any) -> None:
        if not isinstance(value, str):
            report(problems, pointer, "must provide a string")
        elif len(value) > most:
            report(problems, pointer, f"must be less than {most + 1} characters")
        elif len(value) < least:
            report(problems, pointer, f"must be more than {least - 1} characters")

    return rule


def text(most: int, *kinds: str) -> Rule:
    """Take a text object of these kinds (both when none is given) and a length."""
    allowed = kinds or ("plain_text", "mrkdwn")

    def rule(problems: list[str], pointer: str, value: Any) -> None:
        if not isinstance(value, dict) or value.get("type") not in allowed:
            return report(problems, pointer, f"must provide a text object of type {' or '.join(allowed)}")
        extras: dict[str, Fields] = {"plain_text": {"emoji": boolean}, "mrkdwn": {"verbatim": boolean}}
        return Shape({"text": string(most)}, extras[value["type"]])(problems, pointer, value)

    return rule


def plain(most: int) -> Rule:
    """Take a plain_text object of a length."""
    return text(most, "plain_text")


def boolean(problems: list[str], pointer: str, value: Any) -> None:
    """Take true or false."""
    if not isinstance(value, bool):
        report(problems, pointer, "must provide a boolean")


def integer(least: int, most: int) -> Rule:
    """Take a whole number within bounds."""

    def rule(problems: list[str], pointer: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            report(problems, pointer, "must provide an integer")
        elif not least <= value <= most:
            report(problems, pointer, f"must be between {least} and {most}")

    return rule


def one_of(*allowed: str) -> Rule:
    """Take one of some words."""

    def rule(problems: list[str], pointer: str, value: Any) -> None:
        if value not in allowed:
            report(problems, pointer, f"must be one of {', '.join(allowed)}")

    return rule


def matching(pattern: str, what: str) -> Rule:
    """Take a string of a form."""
    compiled = re.compile(pattern)

    def rule(problems: list[str], pointer: str, value: Any) -> None:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            report(problems, pointer, f"must provide {what}")

    return rule


def array(item: Rule, most: int, least: int = 1) -> Rule:
    """Take a list of a length, each item by a rule."""

    def rule(problems: list[str], pointer: str, value: Any) -> None:
        if not isinstance(value, list):
            return report(problems, pointer, "must provide an array")
        if len(value) > most:
            report(problems, pointer, f"no more than {most} items allowed")
        if len(value) < least:
            report(problems, pointer, f"no less than {least} items allowed" if least > 1 else "must not be empty")
        for number, one in enumerate(value):
            item(problems, f"{pointer}/{number}", one)
        return None

    return rule


def anything(_problems: list[str], _pointer: str, _value: Any) -> None:
    """Take whatever is there."""


def by_type(known: dict[str, Rule], allowed: Iterable[str] | None = None) -> Rule:
    """Take an object by the rule of its `type`, of the allowed types only."""
    chosen = set(known if allowed is None else allowed)

    def rule(problems: list[str], pointer: str, value: Any) -> None:
        if not isinstance(value, dict) or not isinstance(value.get("type"), str):
            return report(problems, pointer, "missing required field: type")
        if value["type"] not in chosen:
            return report(problems, f"{pointer}/type", f"unsupported type: {value['type']}")
        return known[value["type"]](problems, pointer, value)

    return rule


URL = matching(r"https?://\S{1,2990}", "a valid URL")
"""Slack allows 3,000 characters."""
ID = string(255)
"""Block and action ids."""
