"""Run the flood and the storm in short: what the long forms count must be zero here too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.torture import flood, storm
from bench.torture.replicas import OUTSIDE
from bench.torture.stage import Stage, stage


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("torture")) as made:
        yield made


def test_what_was_acknowledged_has_one_ticket_though_replicas_are_killed(here: Stage) -> None:
    outcome = flood.run(here, flood.SHORT)

    assert (outcome.lost, outcome.doubled) == ([], [])
    assert outcome.copies > outcome.sent == 320
    assert outcome.acked > outcome.sent * 0.8
    assert outcome.kills >= 4
    assert {figure.name for figure in outcome.figures()} >= {"events_acked", "events_lost", "events_doubled"}


def test_each_message_is_seen_once_though_replicas_are_killed_and_slack_fails(here: Stage) -> None:
    outcome = storm.run(here, storm.SHORT)

    assert (outcome.lost, outcome.duplicated) == ([], [])
    assert outcome.kills.total() >= 30
    assert len(outcome.kills.keys() - {OUTSIDE}) >= 5  # of the seven points
    assert outcome.faulty > 40
    figures = {figure.name: figure.value for figure in outcome.figures()}
    assert figures["deliveries"] == 500
    assert figures.keys() >= {"kills", "lost", "duplicated", "repaired", "recovered_p95_s", "recovered_max_s"}
