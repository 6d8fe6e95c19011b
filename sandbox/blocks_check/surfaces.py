"""Check what a whole message, modal or Home carries."""

import json
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from sandbox.blocks_check.rules import Fields, Rule, Shape, array, boolean, by_type, one_of, plain, report, string
from sandbox.blocks_check.shapes import BLOCKS, SURFACES, TABLE_TEXT
from sandbox.world.workspace import Json

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
MESSAGE_TEXT = 13_200
MARKDOWN_TEXT = 12_000
VIEW_BYTES = 250_000
SDK_BLOCKS = set(BLOCKS) - {"data_visualization", "data_table"}


def text_length(node: Any) -> int:
    """Return how many characters of text blocks carry, wherever they are."""
    if isinstance(node, list):
        return sum(text_length(one) for one in node)
    if isinstance(node, dict):
        own = len(node["text"]) if isinstance(node.get("text"), str) else 0
        return own + sum(text_length(value) for value in node.values() if isinstance(value, dict | list))
    return 0


def _sdk_problems(blocks: list[Any]) -> list[str]:
    """Return what the SDK's own models find wrong with the blocks they know."""
    problems: list[str] = []
    for number, block in enumerate(blocks):
        if isinstance(block, dict) and block.get("type") in SDK_BLOCKS:
            try:
                parsed = Block.parse(block)
                if parsed is not None:
                    parsed.validate_json()
            except (SlackObjectFormationError, TypeError, AttributeError, KeyError, ValueError) as error:
                report(problems, f"/blocks/{number}", str(error))
    return problems


def _unique_block_ids(problems: list[str], pointer: str, value: Any) -> None:
    seen: set[str] = set()
    for number, block in enumerate(value):
        block_id = block.get("block_id") if isinstance(block, dict) else None
        if isinstance(block_id, str) and block_id in seen:
            report(problems, f"{pointer}/{number}/block_id", f"`block_id` '{block_id}' already exists")
        seen |= {block_id} if isinstance(block_id, str) else set()


def _blocks_problems(blocks: list[Any], surface: str, most: int, pointer: str) -> list[str]:
    problems: list[str] = []
    array(by_type(BLOCKS, SURFACES[surface]), most, 0)(problems, pointer, blocks)
    _unique_block_ids(problems, pointer, blocks)
    return problems or _sdk_problems(blocks)


def message_problems(blocks: object) -> tuple[str, list[str]]:
    """Return the error code (empty when fine) and what is wrong with a message's blocks."""
    if not isinstance(blocks, list):
        return "invalid_blocks_format", []
    problems = _blocks_problems(blocks, "message", MESSAGE_BLOCKS, "/blocks")
    if problems:
        return "invalid_blocks", problems
    tables = sum(text_length(block) for block in blocks if block["type"] in ("table", "data_table"))
    if tables > TABLE_TEXT:
        return "invalid_blocks", [f"tables carry {tables} characters, {TABLE_TEXT} allowed [json-pointer:/blocks]"]
    markdown = sum(text_length(block) for block in blocks if block["type"] == "markdown")
    if markdown > MARKDOWN_TEXT or text_length(blocks) > MESSAGE_TEXT:
        return "msg_blocks_too_long", []
    return "", []


VIEW: Fields = {
    "private_metadata": string(3000, 0),
    "callback_id": string(255, 0),
    "external_id": string(255, 0),
}
MODAL: Rule = Shape(
    {"title": plain(24), "blocks": lambda _p, _at, _v: None},
    VIEW
    | {
        "close": plain(24),
        "submit": plain(24),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
    },
)
HOME: Rule = Shape({"blocks": lambda _p, _at, _v: None}, VIEW)


def view_problems(view: Json, kind: str) -> list[str]:
    """Return what is wrong with a view that should be of that kind (modal or home)."""
    problems: list[str] = []
    one_of(kind)(problems, "/view/type", view.get("type"))
    if problems:
        return problems
    (MODAL if kind == "modal" else HOME)(problems, "/view", view)
    blocks = view.get("blocks")
    if not isinstance(blocks, list):
        report(problems, "/view/blocks", "must provide an array")
        return problems
    if not blocks:
        report(problems, "/view/blocks", "must not be empty")
    problems += _blocks_problems(blocks, kind, VIEW_BLOCKS, "/view/blocks")
    holds_input = any(isinstance(block, dict) and block.get("type") == "input" for block in blocks)
    if kind == "modal" and holds_input and not view.get("submit"):
        report(problems, "/view", "missing required field: submit, as the modal has an input block")
    if not problems and len(json.dumps(view)) > VIEW_BYTES:
        report(problems, "/view", f"must be less than {VIEW_BYTES} bytes")
    if not problems:
        try:
            View(**view).validate_json()
        except (SlackObjectFormationError, TypeError) as error:
            report(problems, "/view", str(error))
    return problems
