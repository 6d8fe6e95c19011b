"""Keep what was measured in the form that runs can be compared in, and show it to a person."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number with its stable name; `floor` is the same number of the bare app, where there is one."""

    name: str
    value: float
    unit: str
    at: str | None = None
    floor: float | None = None

    @property
    def ratio(self) -> float | None:
        """Return how many times the floor it is, None without a floor."""
        return self.value / self.floor if self.floor else None

    def row(self) -> dict[str, object]:
        """Return the figure as it is written to a file; what it has not is left out."""
        given = {
            "name": self.name,
            "value": _rounded(self.value),
            "unit": self.unit,
            "floor": _rounded(self.floor),
            "ratio": _rounded(self.ratio),
            "at": self.at,
        }
        return {key: value for key, value in given.items() if value is not None}


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that this share (0 to 1) of the values do not exceed; raise ValueError for none."""
    if not values:
        raise ValueError("there is nothing to take a percentile of")
    return sorted(values)[max(0, ceil(share * len(values)) - 1)]


def report(figures: Sequence[Figure], postgres: str) -> list[dict[str, object]]:
    """Return what is kept of a run: first the commit and the machine, then each figure."""
    asked = ["git", "describe", "--always", "--abbrev=40", "--dirty"]
    found = subprocess.run(asked, capture_output=True, text=True, check=False)
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    if postgres:
        machine += f", PostgreSQL {postgres}"
    return [
        {"name": "run", "commit": found.stdout.strip() or None, "machine": machine},
        *(figure.row() for figure in figures),
    ]


def merge(path: Path, figures: Sequence[Figure], postgres: str) -> None:
    """Write figures to a file in the place of those with the same names; others stay, and say of which commit."""
    head, *rows = report(figures, postgres)
    names = {row["name"] for row in rows}
    kept: list[dict[str, object]] = []
    if path.exists():
        before, *earlier = json.loads(path.read_text(encoding="utf-8"))
        dated = [{"commit": before["commit"]} | row for row in earlier if row["name"] not in names]
        kept = [{key: row[key] for key in row if key != "commit" or row[key] != head["commit"]} for row in dated]
    path.write_text(json.dumps([head, *kept, *rows], indent=2) + "\n", encoding="utf-8")


def table(figures: Sequence[Figure]) -> Table:
    """Lay the figures out for a terminal."""
    laid = Table("figure", "at", "Rapport", "floor", "ratio")
    for column in laid.columns[2:]:
        column.justify = "right"
    for figure in figures:
        floor = "" if figure.floor is None else f"{figure.floor:.2f}"
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        laid.add_row(figure.name, figure.at or "", f"{figure.value:.2f} {figure.unit}", floor, ratio)
    return laid


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
