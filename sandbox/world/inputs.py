"""Know every input element: its initial value, how a person's choice becomes its state, what the client refuses."""

import re
from collections.abc import Iterator
from typing import Any

from sandbox.world.workspace import Json

FIELDS = {
    "plain_text_input": "value",
    "number_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "rich_text_input": "rich_text_value",
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "checkboxes": "selected_options",
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "conversations_select": "selected_conversation",
    "multi_conversations_select": "selected_conversations",
    "channels_select": "selected_channel",
    "multi_channels_select": "selected_channels",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "file_input": "files",
}
INITIAL = {
    "value": "initial_value",
    "rich_text_value": "initial_value",
    "selected_option": "initial_option",
    "selected_options": "initial_options",
    "selected_user": "initial_user",
    "selected_users": "initial_users",
    "selected_conversation": "initial_conversation",
    "selected_conversations": "initial_conversations",
    "selected_channel": "initial_channel",
    "selected_channels": "initial_channels",
    "selected_date": "initial_date",
    "selected_time": "initial_time",
    "selected_date_time": "initial_date_time",
}
MANY = ("selected_options", "selected_users", "selected_conversations", "selected_channels", "files")
REQUIRED = "Please complete this required field."


class BadInput(Exception):
    """Say why the Slack client itself would not take this from a person."""


def elements_of(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Yield every interactive element with its block, in the order they show."""
    for block in blocks:
        if block.get("type") == "input":
            yield block, block["element"]
        elif block.get("type") == "section" and block.get("accessory"):
            yield block, block["accessory"]
        elif block.get("type") in ("actions", "context_actions"):
            for element in block["elements"]:
                yield block, element


def inputs_of(blocks: list[Json]) -> Iterator[tuple[str, str, Json]]:
    """Yield block id, action id and element of everything that holds a value."""
    for block, element in elements_of(blocks):
        if element.get("type") in FIELDS:
            yield block["block_id"], element["action_id"], element


def initial_values(blocks: list[Json]) -> dict[str, dict[str, Json]]:
    """Return `state.values` as it is before a person touches anything."""
    values: dict[str, dict[str, Json]] = {}
    for block_id, action_id, element in inputs_of(blocks):
        name = FIELDS[element["type"]]
        start = element.get(INITIAL.get(name, ""), [] if name in MANY else None)
        values.setdefault(block_id, {})[action_id] = {"type": element["type"], name: start}
    return values


def label_of(block: Json, element: Json) -> str:
    """Return what a person reads beside an element."""
    for source in (element.get("text"), block.get("label"), element.get("placeholder"), block.get("text")):
        if isinstance(source, dict) and source.get("text"):
            return str(source["text"])
    return ""


def options_of(element: Json) -> list[Json]:
    """Return the options an element offers, groups flattened."""
    groups = element.get("option_groups") or []
    return [*(element.get("options") or []), *(option for group in groups for option in group["options"])]


def choose(element: Json, value: Any, offered: list[Json] | None = None) -> Json:
    """Return the state of an element after a person gave it a value; an option by its value or its text."""
    kind = element["type"]
    name = FIELDS[kind]
    if name in ("selected_option", "selected_options"):
        options = options_of(element) if offered is None else offered
        if name == "selected_options":
            picked: Any = [_option(options, one) for one in (value if isinstance(value, list | tuple) else [value])]
        else:
            picked = None if value is None else _option(options, value)
        return {"type": kind, name: picked}
    if name in MANY:
        return {"type": kind, name: list(value) if isinstance(value, list | tuple) else [value]}
    if name == "selected_date_time":
        return {"type": kind, name: None if value is None else int(value)}
    if name == "value":
        return {"type": kind, name: None if value in (None, "") else str(value)}
    if name == "rich_text_value" and isinstance(value, str):
        section = {"type": "rich_text_section", "elements": [{"type": "text", "text": value}]}
        return {"type": kind, name: {"type": "rich_text", "elements": [section]}}
    return {"type": kind, name: value or None}


def _option(options: list[Json], wanted: Any) -> Json:
    if isinstance(wanted, dict):
        wanted = wanted.get("value")
    for option in options:
        if wanted in (option.get("value"), option["text"]["text"]):
            return {key: option[key] for key in ("text", "value", "description") if key in option}
    offered = ", ".join(str(option["text"]["text"]) for option in options)
    raise BadInput(f"no option {wanted!r}; offered: {offered}")


def client_errors(blocks: list[Json], values: dict[str, dict[str, Json]]) -> dict[str, str]:
    """Return what Slack's client refuses before it sends a submission, by block id."""
    errors: dict[str, str] = {}
    for block in blocks:
        if block.get("type") != "input":
            continue
        element = block["element"]
        value = values.get(block["block_id"], {}).get(element["action_id"], {}).get(FIELDS[element["type"]])
        problem = _problem(element, value, bool(block.get("optional")))
        if problem:
            errors[block["block_id"]] = problem
    return errors


def _problem(element: Json, value: Any, optional: bool) -> str:
    if value in (None, "", []):
        return "" if optional else REQUIRED
    if element["type"] == "file_input":
        return _files_problem(element, value)
    if element["type"] == "plain_text_input":
        if len(value) < element.get("min_length", 0):
            return f"Please enter at least {element['min_length']} characters."
        if len(value) > element.get("max_length", 3000):
            return f"Please enter no more than {element.get('max_length', 3000)} characters."
    if element["type"] == "number_input":
        return _number_problem(element, value)
    if element["type"] == "email_text_input" and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value):
        return "Please enter a valid email."
    if element["type"] == "url_text_input" and not re.match(r"https?://\S+", value):
        return "Please enter a valid URL."
    return ""


def _files_problem(element: Json, files: list[Json]) -> str:
    most, kinds = element.get("max_files", 10), element.get("filetypes")
    if len(files) > most:
        return f"Please upload no more than {most} files."
    if kinds and any(one["filetype"] not in kinds for one in files):
        return f"Please upload files of these kinds: {', '.join(kinds)}."
    return ""


def _number_problem(element: Json, value: str) -> str:
    try:
        number = float(value)
    except ValueError:
        return "Please enter a number."
    if not element.get("is_decimal_allowed") and not number.is_integer():
        return "Please enter a whole number."
    low, high = element.get("min_value"), element.get("max_value")
    if low is not None and number < float(low):
        return f"Please enter a number of at least {low}."
    if high is not None and number > float(high):
        return f"Please enter a number of at most {high}."
    return ""
