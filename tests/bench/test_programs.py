"""Measure the API in small, and look at the figures."""

from __future__ import annotations

from pathlib import Path

from bench.programs.speed import Much, measure


def test_the_api_is_measured_beside_the_floor(tmp_path: Path) -> None:
    figures, postgres = measure(Much(200, rounds=1, requests=8, bulk=5), tmp_path, tmp_path / "logs", {})
    assert postgres
    assert {one.name for one in figures} == {
        "api_list_p50",
        "api_search_p50",
        "api_create_per_s",
        "api_bulk_rows_per_s",
    }
    assert all(one.value > 0 and one.floor and one.at == "200 customers" for one in figures)
