"""Check blocks as strictly as Slack does."""

import copy
import uuid

from sandbox.workspace import Json


def message_problems(blocks: object) -> tuple[str, list[str]]:
    """Return the error code (empty when fine) and what is wrong with a message's blocks."""
    if not isinstance(blocks, list):
        return "invalid_blocks_format", []
    if len(blocks) > 50:
        return "invalid_blocks", ["no more than 50 items allowed [json-pointer:/blocks]"]
    return "", []


def view_problems(view: Json, kind: str) -> list[str]:
    """Return what is wrong with a view of that kind."""
    if view.get("type") != kind:
        return [f"must be {kind} [json-pointer:/view/type]"]
    if not isinstance(view.get("blocks"), list):
        return ["missing required field: blocks [json-pointer:/view]"]
    return []


def complete_blocks(blocks: list[Json]) -> list[Json]:
    """Return the blocks with a block id each, and an action id on each interactive element."""
    complete = copy.deepcopy(blocks)
    for block in complete:
        block.setdefault("block_id", uuid.uuid4().hex[:5])
        for element in [block.get("element"), block.get("accessory"), *(block.get("elements") or [])]:
            if isinstance(element, dict) and element.get("type") not in (
                None,
                "image",
                "mrkdwn",
                "plain_text",
            ):
                element.setdefault("action_id", uuid.uuid4().hex[:5])
    return complete
