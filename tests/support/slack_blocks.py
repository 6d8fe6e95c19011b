"""Blocks and views as an app writes them."""

from __future__ import annotations

from typing import Any


def plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> dict[str, str]:
    return {"type": "mrkdwn", "text": text}


def button(text: str, action_id: str, value: str = "1") -> dict[str, Any]:
    return {"type": "button", "text": plain(text), "action_id": action_id, "value": value}


def modal(blocks: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"type": "modal", "callback_id": "form", "title": plain("Form"), "blocks": blocks} | more


def text_input(block_id: str, label: str, **more: Any) -> dict[str, Any]:
    element = {"type": "plain_text_input", "action_id": "value"}
    return {"type": "input", "block_id": block_id, "label": plain(label), "element": element} | more
