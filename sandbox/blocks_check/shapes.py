"""Know the shape of every block and where it may stand."""

from typing import Any

from sandbox.blocks_check.elements import (
    CONTEXT,
    IMAGE_URL,
    IN_ACTIONS,
    IN_INPUT,
    IN_SECTION,
    element_in,
    exactly_one,
)
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
    one_of,
    plain,
    report,
    string,
    text,
)

BLOCK: Fields = {"block_id": ID}
TABLE_TEXT = 10_000
RICH_PARTS = {"rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote"}
RICH_LEAVES = {"text", "link", "user", "usergroup", "channel", "emoji", "team", "date", "broadcast", "color"}


def _rich_part(problems: list[str], pointer: str, value: Any) -> None:
    if not isinstance(value, dict) or value.get("type") not in RICH_PARTS:
        return report(problems, pointer, "unsupported rich text element")
    leaf = _rich_part if value["type"] == "rich_text_list" else _rich_leaf
    return array(leaf, 1000, 0)(problems, f"{pointer}/elements", value.get("elements"))


def _rich_leaf(problems: list[str], pointer: str, value: Any) -> None:
    if not isinstance(value, dict) or value.get("type") not in RICH_LEAVES:
        return report(problems, pointer, "unsupported rich text element")
    needed = {"text": "text", "link": "url", "user": "user_id", "channel": "channel_id", "emoji": "name"}
    name = needed.get(value["type"])
    if name and not value.get(name):
        report(problems, pointer, f"missing required field: {name}")
    return None


RICH_TEXT = Shape({"elements": array(_rich_part, 1000, 0)}, BLOCK)


def _cell(problems: list[str], pointer: str, value: Any) -> None:
    shapes: dict[str, Rule] = {
        "raw_text": Shape({"text": string(TABLE_TEXT)}),
        "raw_number": Shape({"value": anything}, {"text": string(255)}),
        "rich_text": RICH_TEXT,
    }
    by_type(shapes)(problems, pointer, value)


def _even_rows(problems: list[str], pointer: str, value: Any) -> None:
    lengths = {len(row) for row in value.get("rows") or [] if isinstance(row, list)}
    if len(lengths) > 1:
        report(problems, f"{pointer}/rows", "every row must have the same number of cells")


def _text_or_fields(problems: list[str], pointer: str, value: Any) -> None:
    if not value.get("text") and not value.get("fields"):
        report(problems, pointer, "must provide text or fields")


def _card_content(problems: list[str], pointer: str, value: Any) -> None:
    if not any(value.get(name) for name in ("hero_image", "title", "actions", "body")):
        report(problems, pointer, "must provide hero_image, title, actions or body")


def _unique_actions(problems: list[str], pointer: str, value: Any) -> None:
    seen: set[str] = set()
    for number, element in enumerate(value.get("elements") or []):
        action_id = element.get("action_id") if isinstance(element, dict) else None
        if action_id in seen:
            report(problems, f"{pointer}/elements/{number}/action_id", f"`action_id` '{action_id}' is already in use")
        seen |= {action_id} if action_id else set()


COLUMN = Shape({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean})
PICTURE = by_type({"image": Shape({"alt_text": string(2000)}, IMAGE_URL)})
CARD = Shape(
    {},
    BLOCK
    | {
        "hero_image": PICTURE,
        "icon": PICTURE,
        "title": text(150),
        "subtitle": text(150),
        "body": text(200),
        "actions": array(element_in({"button", "overflow", "icon_button"}), 3),
    },
    (_card_content,),
)
LEVELS = one_of("default", "info", "warning", "error", "success")
TASK = Shape(
    {"task_id": string(255), "title": string(255), "status": one_of("pending", "in_progress", "complete", "error")},
    BLOCK | {"details": anything, "output": anything, "sources": anything},
)
BLOCKS: dict[str, Rule] = {
    "section": Shape(
        {},
        BLOCK
        | {
            "text": text(3000),
            "fields": array(text(2000), 10),
            "accessory": element_in(IN_SECTION),
            "expand": boolean,
        },
        (_text_or_fields,),
    ),
    "divider": Shape({}, BLOCK),
    "header": Shape({"text": plain(150)}, BLOCK),
    "image": Shape(
        {"alt_text": string(2000)},
        BLOCK | IMAGE_URL | {"title": plain(2000)},
        (exactly_one("image_url", "slack_file"),),
    ),
    "actions": Shape({"elements": array(element_in(IN_ACTIONS), 25)}, BLOCK, (_unique_actions,)),
    "context": Shape({"elements": array(by_type(CONTEXT), 10)}, BLOCK),
    "context_actions": Shape(
        {"elements": array(element_in({"feedback_buttons", "icon_button"}), 5)}, BLOCK, (_unique_actions,)
    ),
    "input": Shape(
        {"label": plain(2000), "element": element_in(IN_INPUT)},
        BLOCK | {"hint": plain(2000), "optional": boolean, "dispatch_action": boolean},
    ),
    "rich_text": RICH_TEXT,
    "markdown": Shape({"text": string(12_000)}, BLOCK),
    "table": Shape(
        {"rows": array(array(_cell, 20), 100)},
        BLOCK | {"column_settings": array(lambda p, at, v: None if v is None else COLUMN(p, at, v), 20)},
        (_even_rows,),
    ),
    "video": Shape(
        {"alt_text": string(2000), "title": plain(200), "thumbnail_url": URL, "video_url": URL},
        BLOCK
        | {
            "author_name": string(50),
            "description": plain(200),
            "provider_icon_url": URL,
            "provider_name": string(255),
            "title_url": URL,
        },
    ),
    "file": Shape({"external_id": string(255), "source": one_of("remote")}, BLOCK),
    "alert": Shape({"text": text(200)}, BLOCK | {"level": LEVELS}),
    "card": CARD,
    "carousel": Shape({"elements": array(by_type({"card": CARD}), 10)}, BLOCK),
    "task_card": TASK,
    "plan": Shape({"title": string(255)}, BLOCK | {"tasks": array(by_type({"task_card": TASK}), 50)}),
}
CHILDREN = {"section", "divider", "header", "image", "actions", "context", "rich_text", "table"}
BLOCKS["container"] = Shape(
    {"child_blocks": array(by_type(BLOCKS, CHILDREN), 10)},
    BLOCK
    | {
        "title": plain(150),
        "rich_text_title": RICH_TEXT,
        "subtitle": plain(150),
        "width": one_of("narrow", "standard", "wide", "full"),
        "icon": anything,
        "is_collapsible": boolean,
        "default_collapsed": boolean,
        "has_header_divider": boolean,
    },
)
SERIES = Shape(
    {"name": string(255), "data": array(Shape({"label": string(255), "value": anything}), 20)},
    {"color": string(50)},
)
BLOCKS["data_visualization"] = Shape(
    {"title": string(50), "chart": anything}, BLOCK | {"series": array(SERIES, 12), "caption": string(255)}
)
BLOCKS["data_table"] = Shape(
    {"rows": array(array(_cell, 20), 101, 2), "caption": string(255)},
    BLOCK | {"page_size": integer(1, 100), "column_settings": anything},
    (_even_rows,),
)
EVERYWHERE = {"section", "divider", "header", "image", "actions", "context", "input", "rich_text", "video"}
ONLY_MESSAGES = {
    "context_actions",
    "markdown",
    "table",
    "data_table",
    "data_visualization",
    "file",
    "card",
    "carousel",
    "container",
    "task_card",
    "plan",
}
SURFACES = {
    "message": EVERYWHERE | ONLY_MESSAGES,
    "modal": EVERYWHERE | {"alert"},
    "home": EVERYWHERE,
}
