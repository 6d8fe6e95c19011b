"""Blocks and views: what Slack takes, and what it refuses with which words."""

from typing import Any

import pytest
from slack_sdk.models import blocks as sdk

from sandbox.blocks_check import complete_blocks, message_problems, view_problems
from sandbox.blocks_check.elements import ELEMENTS, IN_ACTIONS, IN_INPUT, IN_SECTION
from sandbox.blocks_check.shapes import BLOCKS, SURFACES
from tests.support.slack_blocks import button, modal, mrkdwn, plain, text_input

OPTION = {"text": plain("One"), "value": "1"}
IMAGE = {"type": "image", "image_url": "https://a.example/x.png", "alt_text": "x"}
GOOD_ELEMENTS: dict[str, dict[str, Any]] = {
    "button": {"text": plain("Go"), "style": "primary", "url": "https://a.example", "confirm": {
        "title": plain("Sure?"), "text": mrkdwn("*Really*"), "confirm": plain("Yes"), "deny": plain("No")}},
    "workflow_button": {"text": plain("Go"), "workflow": {"trigger": {"url": "https://a.example"}}},
    "icon_button": {"icon": "trash", "text": plain("Delete")},
    "feedback_buttons": {"positive_button": {"text": plain("Good"), "value": "+"},
                         "negative_button": {"text": plain("Bad"), "value": "-"}},
    "overflow": {"options": [OPTION | {"url": "https://a.example"}]},
    "image": {"image_url": "https://a.example/x.png", "alt_text": "x"},
    "static_select": {"placeholder": plain("Pick"), "options": [OPTION], "initial_option": OPTION},
    "multi_static_select": {"option_groups": [{"label": plain("G"), "options": [OPTION]}], "initial_options": [OPTION]},
    "external_select": {"min_query_length": 2},
    "multi_external_select": {"max_selected_items": 2},
    "users_select": {"initial_user": "U1"},
    "multi_users_select": {"initial_users": ["U1"]},
    "channels_select": {"initial_channel": "C1"},
    "multi_channels_select": {},
    "conversations_select": {"filter": {"include": ["public"], "exclude_bot_users": True}},
    "multi_conversations_select": {"default_to_current_conversation": True},
    "checkboxes": {"options": [{"text": mrkdwn("*One*"), "value": "1", "description": plain("first")}]},
    "radio_buttons": {"options": [OPTION], "initial_option": OPTION},
    "datepicker": {"initial_date": "2026-02-28"},
    "timepicker": {"initial_time": "23:59"},
    "datetimepicker": {"initial_date_time": 1_800_000_000},
    "plain_text_input": {"multiline": True, "min_length": 1, "max_length": 3000, "initial_value": "x"},
    "number_input": {"is_decimal_allowed": True, "min_value": "1", "max_value": "2.5"},
    "email_text_input": {"placeholder": plain("you@")},
    "url_text_input": {},
    "rich_text_input": {},
    "file_input": {"max_files": 1, "filetypes": ["csv"]},
}  # fmt: skip
RICH: dict[str, Any] = {
    "type": "rich_text",
    "elements": [
        {"type": "rich_text_section", "elements": [{"type": "text", "text": "a"}, {"type": "user", "user_id": "U1"}]},
        {"type": "rich_text_list", "style": "bullet", "elements": [{"type": "rich_text_section", "elements": []}]},
    ],
}
TASK = {"type": "task_card", "task_id": "1", "title": "Do", "status": "pending"}
CARD = {"type": "card", "title": mrkdwn("A card"), "actions": [button("Go", "go")]}
CELLS = [[{"type": "raw_text", "text": "a"}, {"type": "raw_number", "value": 1}]]
GOOD_BLOCKS: dict[str, dict[str, Any]] = {
    "section": {"text": mrkdwn("x"), "fields": [plain("y")], "accessory": button("Go", "go")},
    "divider": {},
    "header": {"text": plain("Title")},
    "image": {"image_url": "https://a.example/x.png", "alt_text": "x", "title": plain("t")},
    "actions": {"elements": [button("Go", "go"), button("Stop", "stop")]},
    "context": {"elements": [mrkdwn("small"), IMAGE]},
    "context_actions": {"elements": [{"type": "icon_button"} | GOOD_ELEMENTS["icon_button"]]},
    "input": {"label": plain("Name"), "element": {"type": "plain_text_input"}, "hint": plain("h"), "optional": True},
    "rich_text": RICH,
    "markdown": {"text": "# hello"},
    "table": {"rows": [*CELLS, *CELLS], "column_settings": [None, {"align": "right"}]},
    "data_table": {"rows": [*CELLS, *CELLS], "caption": "c", "page_size": 5},
    "data_visualization": {"title": "t", "chart": {"type": "pie"}},
    "video": {
        "alt_text": "x",
        "title": plain("t"),
        "thumbnail_url": "https://a.example/t",
        "video_url": "https://a.example/v",
    },
    "file": {"external_id": "1", "source": "remote"},
    "alert": {"text": mrkdwn("careful"), "level": "warning"},
    "card": CARD,
    "carousel": {"elements": [CARD]},
    "container": {"title": plain("t"), "child_blocks": [{"type": "divider"}]},
    "task_card": TASK,
    "plan": {"title": "p", "tasks": [TASK]},
}


def problems(*blocks: dict[str, Any]) -> list[str]:
    return message_problems(list(blocks))[1]


def element_block(kind: str, element: dict[str, Any]) -> dict[str, Any]:
    if kind in IN_ACTIONS:
        return {"type": "actions", "elements": [element]}
    if kind in IN_INPUT:
        return {"type": "input", "label": plain("L"), "element": element}
    if kind in IN_SECTION:
        return {"type": "section", "text": plain("x"), "accessory": element}
    return {"type": "context_actions", "elements": [element]}


@pytest.mark.parametrize("kind", sorted(ELEMENTS))
def test_every_element_is_taken_where_it_belongs(kind: str) -> None:
    block = element_block(kind, {"type": kind} | GOOD_ELEMENTS[kind])
    assert problems(block) == []
    assert view_problems(modal([block], submit=plain("Go")), "modal") == [] or kind in (
        "icon_button",
        "feedback_buttons",
    )


@pytest.mark.parametrize("kind", sorted(BLOCKS))
def test_every_block_is_taken_on_its_surfaces_only(kind: str) -> None:
    block = {"type": kind} | GOOD_BLOCKS[kind]
    for surface, known in SURFACES.items():
        if surface == "message":
            found = problems(block)
        else:
            view = modal([block], submit=plain("Go")) if surface == "modal" else {"type": "home", "blocks": [block]}
            found = view_problems(view, surface)
        assert (found == []) == (kind in known), (surface, found)


def test_every_block_of_the_sdk_is_known() -> None:
    theirs = {vars(one)["type"] for one in sdk.Block.__subclasses__()}
    assert theirs - {"call", "auth_provider"} <= set(BLOCKS)


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        ({"type": "section"}, "must provide text or fields [json-pointer:/blocks/0]"),
        ({"type": "nonsense"}, "unsupported type: nonsense [json-pointer:/blocks/0/type]"),
        ({"text": "x"}, "missing required field: type [json-pointer:/blocks/0]"),
        ({"type": "divider", "x": 1}, "invalid additional property: x [json-pointer:/blocks/0]"),
        ({"type": "header", "text": plain("x" * 151)}, "must be less than 151 characters"),
        ({"type": "header", "text": mrkdwn("x")}, "must provide a text object of type plain_text"),
        ({"type": "header", "text": plain("")}, "must be more than 0 characters"),
        ({"type": "header"}, "missing required field: text"),
        ({"type": "header", "text": {"type": "plain_text", "text": 1}}, "must provide a string"),
        ({"type": "section", "text": mrkdwn("x" * 3001)}, "must be less than 3001 characters"),
        ({"type": "section", "fields": [mrkdwn("x")] * 11}, "no more than 10 items allowed"),
        ({"type": "section", "fields": [mrkdwn("x" * 2001)]}, "must be less than 2001 characters"),
        ({"type": "section", "fields": "x"}, "must provide an array"),
        ({"type": "section", "text": mrkdwn("x"), "accessory": {"type": "plain_text_input"}}, "unsupported type"),
        ({"type": "section", "text": mrkdwn("x"), "block_id": "x" * 256}, "must be less than 256 characters"),
        ({"type": "section", "text": {"type": "mrkdwn", "text": "x", "emoji": True}}, "invalid additional property"),
        ({"type": "actions", "elements": []}, "must not be empty"),
        ({"type": "actions", "elements": [button(f"{n}", f"a{n}") for n in range(26)]}, "no more than 25 items"),
        ({"type": "actions", "elements": [button("a", "x"), button("b", "x")]}, "`action_id` 'x' is already in use"),
        ({"type": "actions", "elements": [button("x" * 76, "a")]}, "must be less than 76 characters"),
        ({"type": "actions", "elements": [button("x", "a", "v" * 2001)]}, "must be less than 2001 characters"),
        ({"type": "actions", "elements": [button("x", "a") | {"style": "blue"}]}, "must be one of primary, danger"),
        ({"type": "actions", "elements": [button("x", "a") | {"url": "javascript:x"}]}, "must provide a valid URL"),
        ({"type": "actions", "elements": [button("x", "a") | {"confirm": {}}]}, "missing required field: deny"),
        ({"type": "context", "elements": [mrkdwn("x")] * 11}, "no more than 10 items"),
        ({"type": "context", "elements": [button("x", "a")]}, "unsupported type: button"),
        ({"type": "image", "alt_text": "x"}, "must provide exactly one of image_url and slack_file"),
        ({"type": "markdown", "text": "x" * 12_001}, "must be less than 12001 characters"),
        ({"type": "table", "rows": CELLS * 101}, "no more than 100 items"),
        ({"type": "table", "rows": [CELLS[0] * 11]}, "no more than 20 items"),
        ({"type": "table", "rows": [CELLS[0], CELLS[0][:1]]}, "every row must have the same number of cells"),
        ({"type": "card"}, "must provide hero_image, title, actions or body"),
        ({"type": "rich_text", "elements": [{"type": "nonsense"}]}, "unsupported rich text element"),
        (
            {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text"}]}]},
            "missing required field: text",
        ),
        (
            {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "x"}]}]},
            "unsupported rich text element",
        ),
        ("no block", "missing required field: type"),
    ],
)
def test_what_is_refused_says_why(block: Any, problem: str) -> None:
    found = message_problems([block])
    assert found[0] == "invalid_blocks"
    assert any(problem in one for one in found[1]), found


@pytest.mark.parametrize(
    ("kind", "change", "problem"),
    [
        ("static_select", {"options": [OPTION] * 101}, "no more than 100 items"),
        ("static_select", {"options": [OPTION, OPTION]}, "the values of options must be unique"),
        ("static_select", {"option_groups": []}, "must provide exactly one of options and option_groups"),
        ("static_select", {"initial_option": {"text": plain("Two"), "value": "1"}}, "it is not among the options"),
        ("static_select", {"options": [{"text": plain("x" * 76), "value": "1"}]}, "must be less than 76"),
        ("static_select", {"options": [{"text": plain("x"), "value": "1" * 151}]}, "must be less than 151"),
        ("static_select", {"options": [{"text": mrkdwn("x"), "value": "1"}]}, "of type plain_text"),
        ("static_select", {"placeholder": plain("x" * 151)}, "must be less than 151"),
        ("static_select", {"action_id": "x" * 256}, "must be less than 256"),
        ("overflow", {"options": [{"text": plain(str(n)), "value": str(n)} for n in range(6)]}, "no more than 5"),
        ("checkboxes", {"options": [{"text": plain(str(n)), "value": str(n)} for n in range(11)]}, "no more than 10"),
        ("multi_external_select", {"max_selected_items": 0}, "must be between 1 and 100"),
        ("multi_external_select", {"max_selected_items": "1"}, "must provide an integer"),
        ("datepicker", {"initial_date": "2026-13-01"}, "must provide a date as YYYY-MM-DD"),
        ("timepicker", {"initial_time": "24:00"}, "must provide a time as HH:mm"),
        ("plain_text_input", {"min_length": 10, "max_length": 5}, "min_length must be at most max_length"),
        ("plain_text_input", {"multiline": "yes"}, "must provide a boolean"),
        ("number_input", {"is_decimal_allowed": None}, "missing required field: is_decimal_allowed"),
        ("number_input", {"min_value": "x", "max_value": "1"}, "min_value and max_value must be numbers"),
        ("file_input", {"max_files": 11}, "must be between 1 and 10"),
    ],
)
def test_elements_are_refused_for_their_sizes_and_contradictions(
    kind: str, change: dict[str, Any], problem: str
) -> None:
    block = element_block(kind, {"type": kind} | GOOD_ELEMENTS[kind] | change)
    assert any(problem in one for one in problems(block)), problems(block)


def test_totals() -> None:
    assert message_problems([{"type": "divider"}] * 51)[1] == ["no more than 50 items allowed [json-pointer:/blocks]"]
    full = [{"type": "section", "text": mrkdwn("x" * 2640)}] * 5
    assert message_problems(full) == ("", [])
    assert message_problems([*full, {"type": "header", "text": plain("x")}]) == ("msg_blocks_too_long", [])
    halves = [{"type": "markdown", "text": "x" * 6001}] * 2
    assert message_problems(halves) == ("msg_blocks_too_long", [])
    wide = {"type": "table", "rows": [[{"type": "raw_text", "text": "x" * 501}] * 10]}
    assert message_problems([wide])[0] == ""
    assert "tables carry 10020 characters" in message_problems([wide, wide])[1][0]


def test_block_ids_are_unique() -> None:
    twice = {"type": "divider", "block_id": "a"}
    assert problems(twice, twice) == ["`block_id` 'a' already exists [json-pointer:/blocks/1/block_id]"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"title": plain("x" * 25)}, "must be less than 25 characters [json-pointer:/view/title/text]"),
        ({"title": None}, "missing required field: title"),
        ({"submit": plain("x" * 25)}, "must be less than 25 characters"),
        ({"private_metadata": "x" * 3001}, "must be less than 3001 characters"),
        ({"callback_id": "x" * 256}, "must be less than 256 characters"),
        ({"external_id": "x" * 256}, "must be less than 256 characters"),
        ({"blocks": [{"type": "divider"}] * 101}, "no more than 100 items"),
        ({"blocks": []}, "must not be empty"),
        ({"blocks": "x"}, "must provide an array"),
        ({"blocks": [text_input("a", "A")]}, "missing required field: submit"),
        ({"blocks": [{"type": "markdown", "text": "x"}]}, "unsupported type: markdown"),
        ({"colour": "red"}, "invalid additional property: colour"),
        ({"blocks": [{"type": "section", "text": plain("x" * 3000)}] * 90}, "must be less than 250000 bytes"),
    ],
)
def test_views_are_refused_with_their_reason(change: dict[str, Any], problem: str) -> None:
    found = view_problems(modal([{"type": "divider"}]) | change, "modal")
    assert any(problem in one for one in found), found


def test_a_home_is_no_modal() -> None:
    home = {"type": "home", "blocks": [{"type": "divider"}]}
    assert view_problems(home, "home") == []
    assert view_problems(home, "modal") == ["must be one of modal [json-pointer:/view/type]"]
    assert view_problems(home | {"title": plain("x")}, "home") != []


def test_missing_ids_are_given_and_given_ones_kept() -> None:
    blocks: list[dict[str, Any]] = [
        {"type": "actions", "elements": [{"type": "button", "text": plain("x")}, button("y", "mine")]},
        {"type": "section", "text": mrkdwn("x"), "accessory": IMAGE, "block_id": "mine"},
        {"type": "container", "child_blocks": [{"type": "divider"}]},
        RICH,
    ]
    done = complete_blocks(blocks)
    assert done[0]["block_id"]
    assert done[0]["elements"][0]["action_id"]
    assert done[0]["elements"][1]["action_id"] == "mine"
    assert done[1] == blocks[1]
    assert done[2]["child_blocks"][0]["block_id"]
    assert done[3]["elements"] == RICH["elements"]
    assert "block_id" not in blocks[0]
