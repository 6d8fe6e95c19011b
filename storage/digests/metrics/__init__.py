"""Count what a digest tells: sales and support, each number with the records behind it."""

from storage.digests.metrics.counting import (
    BacklogLine,
    StageLine,
    backlog,
    count,
    forecast,
    identified,
    identities,
    pipeline,
    records,
    team,
)
from storage.digests.metrics.definitions import Cut, Metric, Part, Period, Tally
from storage.digests.metrics.narrowing import Narrowing, of_customer
from storage.digests.metrics.reading import (
    PIPELINE,
    SUPPORT,
    TEAM,
    Day,
    Durations,
    Metrics,
    Number,
    ScoreLine,
    TargetsKept,
    digest,
)
from storage.digests.metrics.unusual import Unusual, more_than_usual

__all__ = [
    "PIPELINE",
    "SUPPORT",
    "TEAM",
    "BacklogLine",
    "Cut",
    "Day",
    "Durations",
    "Metric",
    "Metrics",
    "Narrowing",
    "Number",
    "Part",
    "Period",
    "ScoreLine",
    "StageLine",
    "Tally",
    "TargetsKept",
    "Unusual",
    "backlog",
    "count",
    "digest",
    "forecast",
    "identified",
    "identities",
    "more_than_usual",
    "of_customer",
    "pipeline",
    "records",
    "team",
]
