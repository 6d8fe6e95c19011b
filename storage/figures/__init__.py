"""Count what a digest tells: sales and support, each number with the records behind it."""

from storage.figures.counting import (
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
from storage.figures.meaning import Cut, Figure, Part, Period
from storage.figures.reading import PIPELINE, SUPPORT, TEAM, Day, Durations, Number, Promise, Reading, digest
from storage.figures.unusual import Unusual, more_than_usual

__all__ = [
    "PIPELINE",
    "SUPPORT",
    "TEAM",
    "BacklogLine",
    "Cut",
    "Day",
    "Durations",
    "Figure",
    "Number",
    "Part",
    "Period",
    "Promise",
    "Reading",
    "StageLine",
    "Unusual",
    "backlog",
    "count",
    "digest",
    "forecast",
    "identified",
    "identities",
    "more_than_usual",
    "pipeline",
    "records",
    "team",
]
