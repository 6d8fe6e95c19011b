"""Say in words what speaks against a trade, and what the figures of risk are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date

from bot.kit.format import Reader, day, decimal
from bot.plugin import _
from bot.plugins.finance.risk.profile.scoring import LEVELS
from bot.plugins.finance.risk.suitability.judgement import Objection

TEMPLATES: Mapping[str, str] = {
    "unknown": "nothing is known of the client, as there is no risk profile",
    "expired": "the client's risk profile counted until {on}",
    "knowledge": "{name} ({kind}) takes knowledge of {needed}, and the client's is {has}, of 5",
    "horizon": "{name} ({kind}) takes a horizon of {needed}, and the client's is {has}, of 5",
    "risky": "{share} % would be in risky classes, and level {level} ({called}) bears {most} %",
    "single": "{share} % would be in {name} alone, and {most} % may be",
    "debt": "the portfolio would owe {name}",
    "unpriced": "{name} has no price or no rate, so the portfolio is not known whole",
}
"""What speaks against a trade, by the codes of reasons."""

STATES: Mapping[str, str] = {
    "suitable": "✅ It suits the client.",
    "warned": "⚠️ It does not suit. The client wishes for it: tell them what speaks against it.",
    "blocked": "🔒 It does not suit the client, so it is blocked until somebody else releases it.",
    "released": "✅ It does not suit, and was released.",
    "declined": "It does not suit, and was declined.",
    "withdrawn": "It was withdrawn.",
    "booked": "✅ It is booked.",
}


def said(reason: Objection, reader: Reader | None = None) -> str:
    """Say one thing that speaks against a trade, in plain text."""
    told = dict(reason.told)
    locale = reader.locale if reader else None
    if "on" in told:
        told["on"] = day(date.fromisoformat(told["on"]), locale)
    if "share" in told:
        # Up, so that what is beyond a limit never looks as if it were within.
        told["share"] = decimal(math.ceil(told["share"] / 10) / 10, locale)
    if "level" in told:
        told["called"] = _(LEVELS[told["level"] - 1])
    if "kind" in told:
        told["kind"] = _(told["kind"])
    return _(TEMPLATES[reason.code]).format(**told)


def listed(reasons: Iterable[Objection]) -> str:
    """Say in one sentence what speaks against a trade."""
    return "; ".join(said(one) for one in reasons) + "."
