"""Hold what a button or a menu refers to, and refuse what would not come back from Slack as it was."""

from __future__ import annotations

import re
from dataclasses import dataclass

WRITTEN = re.compile(r"((?:[^\W_][\w-]{0,99})?):(\d{1,9}):(.*)", re.DOTALL)
"""How a control is written: a record, its version, and what else there is to know."""
LIMIT = 2_000


@dataclass(frozen=True, slots=True)
class Control:
    """Say what a control refers to, as `D-88:3:detail`; it has no authority: each use checks role and version again.

    Raises ValueError for what would not come back: a record is letters, digits, `-` and `_`, all 2,000 characters.
    """

    record: str = ""
    version: int = 0
    detail: str = ""

    def __post_init__(self) -> None:
        found = WRITTEN.fullmatch(str(self))
        if found is None or found[1] != self.record or len(str(self)) > LIMIT:
            raise ValueError(f"a control cannot carry {str(self)[:90]!r}")

    def __str__(self) -> str:
        return f"{self.record}:{self.version}:{self.detail}"

    @property
    def number(self) -> int:
        """Return the number that is the detail, 0 for anything else and for one that no key of ours can be."""
        return int(self.detail) if self.detail.isascii() and self.detail.isdigit() and len(self.detail) < 19 else 0

    @classmethod
    def parse(cls, value: str) -> Control:
        """Read a control's value back; text of another shape is the detail, one that no control carries is nothing."""
        match = WRITTEN.fullmatch(value)
        try:
            return cls(match[1], int(match[2]), match[3]) if match else cls(detail=value)
        except ValueError:
            return cls()
