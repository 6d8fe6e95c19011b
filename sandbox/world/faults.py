"""Fail on request: scripted faults that match Web API calls or event deliveries and are used up."""

import random
from dataclasses import asdict, dataclass, field
from typing import Any

from sandbox.world.workspace import Json

KINDS = (
    "rate_limit",
    "hang",
    "reset",
    "reset_after",
    "late",
    "server_error",
    "error",
    "slow",
    "duplicate_event",
)


@dataclass
class Fault:
    """Describe one fault.

    `rate_limit` answers 429 with `retry_after`; `hang` never answers; `reset` cuts the connection; `server_error`
    answers with `status`; `error` answers ok:false with `code` (fatal_error, internal_error, any other). None of these
    stores anything unless `stored` is set; `reset_after` is a `reset` that does. `late` cuts the connection and stores
    `seconds` later. `slow` waits `seconds` and then answers well. `duplicate_event` delivers each matching event
    `copies` times more, under other event ids. `method` is a Web API method or `response_url`; `count` of None never
    ends.
    """

    kind: str
    method: str = "*"
    count: int | None = 1
    probability: float = 1.0
    channel: str = ""
    team: str = ""
    event: str = "*"
    retry_after: int = 1
    seconds: float = 1.0
    status: int = 503
    code: str = "internal_error"
    stored: bool = False
    copies: int = 1
    id: int = 0
    hits: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}; known: {', '.join(KINDS)}")


class Faults:
    """Keep the scripted faults in order and hand out the first that matches."""

    def __init__(self, seed: int = 0) -> None:
        self._faults: list[Fault] = []
        self._random = random.Random(seed)
        self._next = 0

    def add(self, **wanted: Any) -> Fault:
        """Script one fault; raises ValueError or TypeError when it is not one."""
        self._next += 1
        fault = Fault(**(wanted | {"id": self._next}))
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Forget every fault."""
        self._faults.clear()

    def listed(self) -> list[Json]:
        """Return the faults that are left, with how often each has struck."""
        return [asdict(fault) for fault in self._faults]

    def for_call(self, method: str, channel: str, team: str) -> Fault | None:
        """Return and use up the fault that strikes this call."""
        for fault in self._faults:
            if (
                fault.kind != "duplicate_event"
                and fault.method in ("*", method)
                and fault.channel in ("", channel)
                and fault.team in ("", team)
                and self._strikes(fault)
            ):
                return fault
        return None

    def extra_copies(self, event: str, channel: str) -> int:
        """Return how many times more than once an event is delivered."""
        for fault in self._faults:
            if (
                fault.kind == "duplicate_event"
                and fault.event in ("*", event)
                and fault.channel in ("", channel)
                and self._strikes(fault)
            ):
                return fault.copies
        return 0

    def _strikes(self, fault: Fault) -> bool:
        if self._random.random() >= fault.probability:
            return False
        fault.hits += 1
        if fault.count is not None:
            fault.count -= 1
            if fault.count <= 0:
                self._faults.remove(fault)
        return True
