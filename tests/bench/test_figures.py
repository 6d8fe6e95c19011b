"""Write figures beside those of earlier runs."""

from __future__ import annotations

import json
from pathlib import Path

from bench.figures import Figure, merge


def test_figures_take_the_place_of_those_with_the_same_name_and_leave_the_others(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    earlier = [
        {"name": "run", "commit": "abc", "machine": "1 core"},
        {"name": "kept", "value": 1.0, "unit": "ms"},
        {"name": "older", "value": 2.0, "unit": "ms", "commit": "aaa"},
        {"name": "again", "value": 3.0, "unit": "ms", "at": "10 customers"},
    ]
    path.write_text(json.dumps(earlier))

    merge(path, [Figure("again", 4.0, "ms"), Figure("new", 5.0, "s")], "18.6")

    head, *rows = json.loads(path.read_text())
    assert head["name"] == "run" and "PostgreSQL 18.6" in head["machine"]
    assert rows == [
        {"name": "kept", "value": 1.0, "unit": "ms", "commit": "abc"},
        {"name": "older", "value": 2.0, "unit": "ms", "commit": "aaa"},
        {"name": "again", "value": 4.0, "unit": "ms"},
        {"name": "new", "value": 5.0, "unit": "s"},
    ]
