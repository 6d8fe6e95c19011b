"""Judge whether a portfolio, as a trade would leave it, suits the client whose it is: pure numbers and reasons.

A judgement looks at the whole portfolio after the trade, at what the client knows of what is bought, and at whether
anything is known of the client at all. What was beyond a limit before and is less so afterwards is no reason against a
trade: it must be possible to put a portfolio right in steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any

from bot.plugins.finance.risk.profile.scoring import Assessed

BASIS_POINTS = 10_000


class Basis(StrEnum):
    """Say on whose initiative a trade is."""

    ADVISED = "advised"
    WISH = "wish"


class TradeVerdict(StrEnum):
    """Say what follows from a judgement."""

    SUITABLE = "suitable"
    WARNED = "warned"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class AssetNature:
    """Say what a class of assets asks of a client: knowledge and horizon, 1 to 5, and if it counts as risky.

    One that is `spread` holds many things itself, so that a large share of it is no concentration.
    """

    knowledge: int
    horizon: int
    risky: bool
    spread: bool = False


@dataclass(frozen=True, slots=True)
class HeldValue:
    """Hold what one instrument, or the cash of one currency, is worth: minor units of the portfolio's currency."""

    key: str
    name: str
    kind: str
    value: int


@dataclass(frozen=True, slots=True)
class RiskLimits:
    """Hold what a workspace allows, in percent: the risky share for the levels 1 to 5, and that of one instrument."""

    risky: tuple[int, int, int, int, int]
    single: int


@dataclass(frozen=True, slots=True)
class Objection:
    """Hold one thing that speaks against a trade: a code of `TEMPLATES`, and what fills its places, as JSON."""

    code: str
    told: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class TradeJudgement:
    """Hold what speaks against a trade, nothing if it suits, and what follows from that."""

    verdict: TradeVerdict
    reasons: tuple[Objection, ...]


def judge(
    before: Sequence[HeldValue],
    after: Sequence[HeldValue],
    bought: HeldValue | None,
    assessed: Assessed | None,
    *,
    basis: Basis,
    natures: Mapping[str, AssetNature],
    limits: RiskLimits,
    today: date,
    unknown: Sequence[str] = (),
) -> TradeJudgement:
    """Judge a trade by the portfolio `before` and `after` it; `bought` is what it buys, None for a sale.

    `assessed` is what is known of the client, None for nothing, `unknown` names what is held and has no price. What
    speaks against a trade that we advise blocks it; of one that the client wishes for, it is a warning.
    """
    reasons = tuple(_reasons(before, after, bought, assessed, natures, limits, today, unknown))
    if not reasons:
        return TradeJudgement(TradeVerdict.SUITABLE, ())
    return TradeJudgement(TradeVerdict.BLOCKED if basis is Basis.ADVISED else TradeVerdict.WARNED, reasons)


def _reasons(
    before: Sequence[HeldValue],
    after: Sequence[HeldValue],
    bought: HeldValue | None,
    assessed: Assessed | None,
    natures: Mapping[str, AssetNature],
    limits: RiskLimits,
    today: date,
    unknown: Sequence[str],
) -> list[Objection]:
    found = [Objection("unpriced", {"name": name}) for name in unknown]
    if assessed is None:
        return [Objection("unknown"), *found]
    if assessed.expires_on < today:
        found.append(Objection("expired", {"on": assessed.expires_on.isoformat()}))
    if bought is not None:
        found += _of_client(bought, natures[bought.kind], assessed)
    most = limits.risky[assessed.level - 1]
    was, now = (_share(held, [one for one in held if natures[one.kind].risky]) for held in (before, after))
    if _is_worse(was, now, most):
        found.append(Objection("risky", {"share": _points(now), "most": most, "level": assessed.level}))
    owed = {one.key: one.value for one in before}
    for one in after:
        if one.value < min(0, owed.get(one.key, 0)):
            found.append(Objection("debt", {"name": one.name}))
        was = _share(before, [other for other in before if other.key == one.key])
        now = _share(after, [one])
        if natures[one.kind].risky and not natures[one.kind].spread and _is_worse(was, now, limits.single):
            found.append(Objection("single", {"name": one.name, "share": _points(now), "most": limits.single}))
    return found


def _of_client(bought: HeldValue, nature: AssetNature, assessed: Assessed) -> list[Objection]:
    told = {"name": bought.name, "kind": bought.kind}
    return [
        Objection(code, {**told, "needed": needed, "has": has})
        for code, needed, has in (
            ("knowledge", nature.knowledge, assessed.knowledge),
            ("horizon", nature.horizon, assessed.horizon),
        )
        if has < needed
    ]


def _share(held: Sequence[HeldValue], part: Sequence[HeldValue]) -> Fraction:
    """Return which share of all that is held a part is; debts count as nothing held."""
    whole = sum(max(one.value, 0) for one in held)
    return Fraction(sum(max(one.value, 0) for one in part), whole) if whole else Fraction(0)


def _is_worse(was: Fraction, now: Fraction, most: int) -> bool:
    """Tell whether a share is beyond what is allowed, in percent, and was less before."""
    return now > Fraction(most, 100) and now > was


def _points(share: Fraction) -> int:
    """Return a share in hundredths of a percent, as JSON holds it exactly."""
    return round(share * BASIS_POINTS)
