"""A running bot, its sandbox Slack, and the people of a company who use it."""

from __future__ import annotations

from collections.abc import Callable

from bot.testing import Company, seed_of, start_company_on

__all__ = ["Company", "Starter", "seed_of", "start_company_on"]

Starter = Callable[..., Company]
