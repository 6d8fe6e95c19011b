"""Hear what somebody is told, without what says when, in which version and which workspace it was."""

from __future__ import annotations

import re
from typing import Any

from bot.requests.request import RequestKind
from tests.support.office import HERE, Office, Use, said
from tests.support.programs import Program


def typed(line: str, **more: str) -> Use:
    """Return the use of a line that is typed in a channel."""
    slash, _space, rest = line.partition(" ")
    body = {"command": slash, "text": rest, "channel_id": HERE, **more}
    return Use("command", line, "viewer", RequestKind.COMMAND, body)


def plain(text: str) -> str:
    """Return what somebody hears without what says when, in which version, and which workspace it was."""
    text = re.sub(r"T0(ACME|OTHER)|\bV\d+|[0-9]{10}\.[0-9]+|<!date\^[^>]*>", "", text)
    text = re.sub(r"\b([CDPTS]-\d+|FIELD|NOUN)[:-]\d+:?\d*", r"\1", text)
    text = re.sub(r"(\b(?:PL|ST)-|'#)\d+(:\d+)?", r"\1", text)
    text = re.sub(r"(?<=[:F]\d )\d+|(?<=[:F]\d\d )\d+|20\d\d-\d\d-\d\dT[0-9:.+]*|\b\d\d:\d\d\b", "", text)
    return re.sub(r"'(version|began)': '[^']*'|\"(version|began)\": \"[^\"]*\"|\\\\?\"v\\\\?\".*?}", "", text)


def heard(office: Office, use: Use, workspace: str, user_id: str) -> str:
    """Return what somebody hears of what they do."""
    return plain(said(office.does(use, workspace, user_id)))


def told(reply: Any) -> str:
    """Return what a program is told without what says when and for which workspace."""
    without = re.sub(r'"(version|[a-z_]*at|next|stage_since)": ?("[^"]*"|\d+|null)', "", reply.text)
    return re.sub(r'T0(ACME|OTHER)|"20\d\d-[^"]*"', "", without)


def agent(key: Program) -> str:
    """Return what an agent is told of customers and of one of them."""
    called = [
        {"name": "describe", "arguments": {"noun": "customer"}},
        {"name": "get", "arguments": {"noun": "customer", "reference": "C-1"}},
        {"name": "timeline", "arguments": {"noun": "customer", "reference": "C-1"}},
    ]
    return "\n".join(
        told(key.sends("POST", "/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": one}))
        for one in called
    )
