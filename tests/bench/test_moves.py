"""Show that what settings had is where it should be, though whoever moved it was killed halfway, at a small size."""

from __future__ import annotations

from pathlib import Path

from bench import moves


def test_a_move_killed_halfway_ends_right_and_goes_back(tmp_path: Path) -> None:
    figures, _version = moves.measure(moves.RECORDS_QUICK, tmp_path, {"fsync": "off"})
    assert [one.name for one in figures] == [
        "choice_renamed_ms",
        "stage_merged_s",
        "status_retired_s",
        "stage_unmerged_s",
    ]
    assert all(one.value > 0 for one in figures)
