"""Give blocks the ids that Slack adds when an app leaves them out."""

import copy
import uuid

from sandbox.world.workspace import Json

INTERACTIVE = ("actions", "context_actions")


def complete_blocks(blocks: list[Json]) -> list[Json]:
    """Return the blocks with a block id each, and an action id on each interactive element."""
    complete = copy.deepcopy(blocks)
    for block in complete:
        block.setdefault("block_id", uuid.uuid4().hex[:5])
        elements = [block.get("element"), block.get("accessory")]
        if block["type"] in INTERACTIVE:
            elements += block["elements"]
        for element in elements:
            if isinstance(element, dict) and element["type"] != "image":
                element.setdefault("action_id", uuid.uuid4().hex[:5])
        if block["type"] == "container":
            block["child_blocks"] = complete_blocks(block["child_blocks"])
    return complete
