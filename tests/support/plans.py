"""Read what a plan of auto_explain says of how much was read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def excess(plan: dict[str, Any]) -> list[str]:
    """Return the nodes that read more than they may."""
    root = plan["Plan"]
    returned = max([root["Actual Rows"] * root["Actual Loops"], *added_up(root)])
    return [
        f"{node['Node Type']} on {node.get('Relation Name') or node.get('Index Name')} read {read(node):g} for"
        f" {returned:g} in: {' '.join(plan['Query Text'].split())}"
        for node in nodes(root)
        if read(node) > 10 * returned + 10
    ]


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", []):
        yield from nodes(child)


def read(node: dict[str, Any]) -> float:
    removed = ("Rows Removed by Filter", "Rows Removed by Index Recheck", "Rows Removed by Join Filter")
    count: float = (node["Actual Rows"] + sum(node.get(key, 0) for key in removed)) * node["Actual Loops"]
    return count


def added_up(root: dict[str, Any]) -> Iterator[float]:
    for node in nodes(root):
        if node["Node Type"] == "Aggregate":
            for child in node["Plans"]:
                yield child["Actual Rows"] * child["Actual Loops"]
