"""Fit hostile words into usage lines and forms, beside what is right there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from bot.grammar import Usage
from tests.support.hostile import hostile, typed
from tests.support.quiet_slack import CHANNEL, WHO

PLACES = {
    "person": f"<@{WHO}>",
    "customer": "C-1",
    "deal": "D-1",
    "ticket": "T-1",
    "record": "D-1",
    "stage": "Proposal",
    "status": "open",
    "channel": f"<#{CHANNEL}|x>",
    "number": "open",
}


@st.composite
def argued(draw: st.DrawFn, usage: Usage) -> str:
    """Fit hostile texts into a usage line, beside what is right there."""
    parts = []
    for place in usage.positionals:
        right = PLACES.get(place.name, "x")
        parts.append(draw(st.just(right) | typed | typed.map(lambda text: f'"{text}"')))
    for key in usage.keys.values():
        if key.required or draw(st.booleans()):
            value = draw(st.just(key.example) | typed)
            parts.append(
                draw(st.sampled_from((f'{key.name}:"{value}"', f"{key.name}:{value}", f"{key.name}：“{value}”")))
            )
    if usage.filters:
        name = draw(st.sampled_from(("name", "customer", "amount", "owner", "stage", "status", "sort", "close", "zzz")))
        parts.append(f"{name}{draw(st.sampled_from((':', '>', '!=', '&lt;=')))}{draw(typed)}")
    return " ".join(draw(st.permutations(parts)) if draw(st.booleans()) else parts)


def value_of(block: Mapping[str, Any]) -> st.SearchStrategy[str]:
    """Return what may be entered in a field: mostly something right, so that the hostile rest is reached."""
    element = block["element"]
    match element["type"]:
        case "plain_text_input" | "file_input":
            return hostile
        case "users_select":
            return st.sampled_from((WHO, "", "U1", "<!here>"))
        case "datepicker":
            return st.sampled_from(("2031-02-03", "", "<!here>"))
        case "timepicker":
            return st.sampled_from(("09:30", "<!here>"))
        case "channels_select":
            return st.sampled_from(("", CHANNEL, "<!here>"))
        case "external_select":
            return st.sampled_from(("C-1", "D-1", "", "<!here>"))
        case _:
            return st.sampled_from([*(option["value"] for option in element["options"]), "<!here>"])
