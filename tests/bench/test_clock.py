"""Claim a few follow-ups both ways, on a database of the tests."""

from __future__ import annotations

from contextlib import closing

import pytest

from bench import clock
from tests.support.cluster import Cluster


def test_what_is_due_is_claimed_beside_a_bare_claim(
    cluster: Cluster, template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "PEOPLE", 3)
    url = cluster.create(template)
    try:
        with closing(clock.connect(url)) as connection:
            clock.meet(url)
            figure = clock.beside_bare(connection, url, 1_800)
            assert not clock.left(connection)
    finally:
        cluster.drop(url)

    assert (figure.name, figure.unit, figure.at) == ("claim_rows_per_s", "1/s", "1800 follow-ups")
    assert figure.value > 0 and figure.floor is not None and figure.floor > 0
