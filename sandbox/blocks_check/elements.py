"""Know the shape of every element: buttons, menus, pickers, inputs, images."""

from collections.abc import Callable
from typing import Any

from sandbox.blocks_check.rules import (
    ID,
    URL,
    Fields,
    Rule,
    Shape,
    anything,
    array,
    boolean,
    by_type,
    integer,
    matching,
    one_of,
    plain,
    report,
    string,
    text,
)

CONFIRM = Shape(
    {"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)},
    {"style": one_of("primary", "danger")},
)
OPTION = Shape({"text": plain(75), "value": string(150)}, {"description": plain(75)})
RICH_OPTION = Shape({"text": text(75), "value": string(150)}, {"description": text(75)})
URL_OPTION = Shape({"text": plain(75), "value": string(150)}, {"description": plain(75), "url": URL})
GROUP = Shape({"label": plain(75), "options": array(OPTION, 100)})
ACTION: Fields = {"action_id": ID}
CONFIRMED: Fields = ACTION | {"confirm": CONFIRM}
FOCUS: Fields = {"focus_on_load": boolean}
ASKING: Fields = {"placeholder": plain(150)} | FOCUS
DISPATCH: Fields = {
    "dispatch_action_config": Shape(
        {}, {"trigger_actions_on": array(one_of("on_enter_pressed", "on_character_entered"), 2)}
    )
}
FILTER = Shape(
    {},
    {
        "include": array(one_of("im", "mpim", "private", "public"), 4),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
)
DATE = matching(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", "a date as YYYY-MM-DD")
TIME = matching(r"([01]\d|2[0-3]):[0-5]\d", "a time as HH:mm")
IMAGE_URL: Fields = {"image_url": string(3000), "slack_file": Shape({}, {"id": string(255), "url": URL})}


def _offered(value: dict[str, Any]) -> list[Any]:
    groups = [group for group in value.get("option_groups") or [] if isinstance(group, dict)]
    return [*(value.get("options") or []), *(option for group in groups for option in group.get("options") or [])]


def _plain_option(option: Any) -> Any:
    if not isinstance(option, dict):
        return option
    return {key: option.get(key, {}).get("text") if key == "text" else option.get(key) for key in ("text", "value")}


def exactly_one(*names: str) -> Rule:
    """Require one of these fields and not both."""

    def rule(problems: list[str], pointer: str, value: Any) -> None:
        if sum(value.get(name) is not None for name in names) != 1:
            report(problems, pointer, f"must provide exactly one of {' and '.join(names)}")

    return rule


def initial_is_offered(problems: list[str], pointer: str, value: Any) -> None:
    """Require initial options to be among the options, text and value alike."""
    offered = [_plain_option(one) for one in _offered(value)]
    starts = [value["initial_option"]] if value.get("initial_option") else value.get("initial_options") or []
    if any(_plain_option(one) not in offered for one in starts):
        report(problems, pointer, "invalid value for initial option: it is not among the options")


def values_differ(problems: list[str], pointer: str, value: Any) -> None:
    """Require the values of the options to be unique."""
    values = [option.get("value") for option in _offered(value) if isinstance(option, dict)]
    if len(values) != len(set(map(str, values))):
        report(problems, pointer, "the values of options must be unique")


def _range(low: str, high: str, read: Callable[[Any], float]) -> Rule:
    def rule(problems: list[str], pointer: str, value: Any) -> None:
        try:
            if value.get(low) is not None and value.get(high) is not None and read(value[low]) > read(value[high]):
                report(problems, pointer, f"{low} must be at most {high}")
        except (TypeError, ValueError):
            report(problems, pointer, f"{low} and {high} must be numbers")

    return rule


LISTS: tuple[Rule, ...] = (exactly_one("options", "option_groups"), initial_is_offered, values_differ)
MENU: Fields = ASKING | CONFIRMED
SELECTED: Fields = {"max_selected_items": integer(1, 100)}
STATIC: Fields = {"options": array(OPTION, 100), "option_groups": array(GROUP, 100)}
QUERY: Fields = {"min_query_length": integer(0, 100)}
SOME_IDS = array(string(255), 100, 0)
CHANNEL_PICK: Fields = {"response_url_enabled": boolean}
CONVERSATION_PICK: Fields = CHANNEL_PICK | {"default_to_current_conversation": boolean, "filter": FILTER}
FEEDBACK = Shape({"text": plain(75), "value": string(2000)}, {"accessibility_label": string(75)})
RANGED: Fields = DISPATCH | ASKING | ACTION
NUMBER = matching(r"-?\d+(\.\d+)?", "a number in a string")

ELEMENTS: dict[str, Rule] = {
    "button": Shape(
        {"text": plain(75)},
        CONFIRMED
        | {
            "url": URL,
            "value": string(2000, 0),
            "style": one_of("primary", "danger"),
            "accessibility_label": string(75),
        },
    ),
    "workflow_button": Shape(
        {"text": plain(75), "workflow": anything},
        ACTION | {"style": one_of("primary", "danger"), "accessibility_label": string(75)},
    ),
    "icon_button": Shape(
        {"icon": one_of("trash"), "text": plain(75)},
        CONFIRMED | {"value": string(2000), "accessibility_label": string(75), "visible_to_user_ids": SOME_IDS},
    ),
    "feedback_buttons": Shape({"positive_button": FEEDBACK, "negative_button": FEEDBACK}, ACTION),
    "overflow": Shape({"options": array(URL_OPTION, 5)}, CONFIRMED, (values_differ,)),
    "image": Shape({"alt_text": string(2000)}, IMAGE_URL, (exactly_one("image_url", "slack_file"),)),
    "static_select": Shape({}, MENU | STATIC | {"initial_option": OPTION}, LISTS),
    "multi_static_select": Shape({}, MENU | STATIC | SELECTED | {"initial_options": array(OPTION, 100)}, LISTS),
    "external_select": Shape({}, MENU | QUERY | {"initial_option": OPTION}),
    "multi_external_select": Shape({}, MENU | QUERY | SELECTED | {"initial_options": array(OPTION, 100)}),
    "users_select": Shape({}, MENU | {"initial_user": string(255)}),
    "multi_users_select": Shape({}, MENU | SELECTED | {"initial_users": SOME_IDS}),
    "channels_select": Shape({}, MENU | CHANNEL_PICK | {"initial_channel": string(255)}),
    "multi_channels_select": Shape({}, MENU | SELECTED | {"initial_channels": SOME_IDS}),
    "conversations_select": Shape({}, MENU | CONVERSATION_PICK | {"initial_conversation": string(255)}),
    "multi_conversations_select": Shape({}, MENU | SELECTED | CONVERSATION_PICK | {"initial_conversations": SOME_IDS}),
    "checkboxes": Shape(
        {"options": array(RICH_OPTION, 10)},
        CONFIRMED | FOCUS | {"initial_options": array(RICH_OPTION, 10)},
        (initial_is_offered, values_differ),
    ),
    "radio_buttons": Shape(
        {"options": array(RICH_OPTION, 10)},
        CONFIRMED | FOCUS | {"initial_option": RICH_OPTION},
        (initial_is_offered, values_differ),
    ),
    "datepicker": Shape({}, MENU | {"initial_date": DATE}),
    "timepicker": Shape({}, MENU | {"initial_time": TIME, "timezone": string(255)}),
    "datetimepicker": Shape({}, CONFIRMED | FOCUS | {"initial_date_time": integer(10**9, 10**10 - 1)}),
    "plain_text_input": Shape(
        {},
        RANGED
        | {
            "initial_value": string(3000, 0),
            "multiline": boolean,
            "min_length": integer(0, 3000),
            "max_length": integer(1, 3000),
        },
        (_range("min_length", "max_length", float),),
    ),
    "number_input": Shape(
        {"is_decimal_allowed": boolean},
        RANGED | {"initial_value": NUMBER, "min_value": NUMBER, "max_value": NUMBER},
        (_range("min_value", "max_value", float),),
    ),
    "email_text_input": Shape({}, RANGED | {"initial_value": string(3000)}),
    "url_text_input": Shape({}, RANGED | {"initial_value": string(3000)}),
    "rich_text_input": Shape({}, RANGED | {"initial_value": anything}),
    "file_input": Shape({}, ACTION | {"filetypes": array(string(50), 100), "max_files": integer(1, 10)}),
}
MULTI = {name for name in ELEMENTS if name.startswith("multi_")}
SELECTS = {"static_select", "external_select", "users_select", "channels_select", "conversations_select"}
PICKERS = {"datepicker", "timepicker"}
BOXES = {"checkboxes", "radio_buttons"}
IN_SECTION = {"button", "overflow", "image", "workflow_button"} | SELECTS | MULTI | PICKERS | BOXES
IN_ACTIONS = {"button", "overflow", "workflow_button", "datetimepicker"} | SELECTS | PICKERS | BOXES
IN_INPUT = {
    "plain_text_input",
    "number_input",
    "email_text_input",
    "url_text_input",
    "rich_text_input",
    "file_input",
    "datetimepicker",
    *SELECTS,
    *MULTI,
    *PICKERS,
    *BOXES,
}
CONTEXT: Fields = {"image": ELEMENTS["image"], "mrkdwn": text(2000, "mrkdwn"), "plain_text": text(2000, "plain_text")}


def element_in(allowed: set[str]) -> Rule:
    """Take an element of the allowed types."""
    return by_type(ELEMENTS, allowed)
