"""Call what is tried with many inputs, and know what is another workspace's by one word in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

SECRET = "Zanzibar"


def fuzz(use: Callable[..., None], examples: int, **given_by: st.SearchStrategy[Any]) -> None:
    """Call a function with so many examples, the same in every run."""
    settings(
        max_examples=examples,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=True,
    )(given(**given_by)(use))()
