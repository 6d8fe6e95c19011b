"""Give tests the whole bot: a sandbox Slack, a database of its own, and the people of a company."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot import invalidation
from bot.registry import Registry
from bot.testing import admin, agent, manager, rep
from ml.classify.classifier import MessageClassifier
from ml.learn.train import ensure_starter
from tests.support.cluster import Cluster
from tests.support.company import Company, Starter, start_company_on
from tests.support.contents import Contents
from tests.support.trial_plugin import SLOW_S, Trial
from tests.support.waiting import until

__all__ = ["admin", "agent", "manager", "rep"]
"""The people of `bot.testing` are those of our own tests too."""


@pytest.fixture(params=["socket"])
def transport(request: pytest.FixtureRequest) -> str:
    """Choose how Slack reaches the bot; a test asks for others with parametrize(indirect=True)."""
    return str(request.param)


@pytest.fixture
def start_company(admin_url: str, registry: Registry, models: Path, transport: str) -> Iterator[Starter]:
    """Start companies; what a test changes of the settings are keyword arguments."""
    running: list[Company] = []

    def start(database_url: str = admin_url, **changed: object) -> Company:
        running.append(start_company_on(database_url, admin_url, registry, models, transport, changed))
        return running[-1]

    yield start
    for company in reversed(running):
        company.close()


@pytest.fixture(scope="session")
def companies(cluster: Cluster, template: str, registry: Registry, models: Path) -> Iterator[Callable[[str], Company]]:
    """Lend a company for each transport that serves one test after the other; starting one takes seconds."""
    kept: dict[str, Company] = {}
    # It may hear of a workspace of which the rows are just being forgotten.
    invalidation.RETRY_S = 0.1

    def lend(transport: str) -> Company:
        if transport not in kept:
            url = cluster.lend(template)
            kept[transport] = start_company_on(url, url, registry, models, transport, {})
            # What is learned before would be doubted once.
            until(lambda: kept[transport].bot.hearing.misses_nothing)
        else:
            kept[transport].begin_again()
        return kept[transport]

    yield lend
    for company in kept.values():
        company.close()


@pytest.fixture
def company(companies: Callable[[str], Company], transport: str) -> Company:
    """Return a company on its first day, with the usual settings."""
    return companies(transport)


@pytest.fixture
def contents(admin_url: str) -> Iterator[Contents]:
    """Tell whether anything in the test's database has changed."""
    with closing(Contents(admin_url)) as read:
        yield read


@pytest.fixture(scope="session")
def trials(
    cluster: Cluster, template: str, registry: Registry, models: Path
) -> Iterator[Callable[[str], tuple[Company, Trial]]]:
    """Lend a company that has the trial plugin, for each transport one."""
    kept: dict[str, tuple[Company, Trial]] = {}

    def lend(transport: str) -> tuple[Company, Trial]:
        if transport not in kept:
            trial = Trial()
            with_it = Registry([*registry.plugins.values(), trial.plugin])
            url = cluster.lend(template)
            kept[transport] = start_company_on(url, url, with_it, models, transport, {}), trial
        else:
            kept[transport][0].begin_again()
        kept[transport][1].reset()
        return kept[transport]

    yield lend
    for company, _trial in kept.values():
        company.close()


@pytest.fixture
def tried(trials: Callable[[str], tuple[Company, Trial]], transport: str) -> tuple[Company, Trial]:
    """Return a company on its first day and its trial plugin."""
    return trials(transport)


@pytest.fixture
def slow(tried: tuple[Company, Trial]) -> Iterator[tuple[Company, Trial]]:
    """Hold every handler at the gate, for longer than the dispatcher waits."""
    company, trial = tried
    company.bot.dispatcher.patience = SLOW_S
    trial.gate.clear()
    yield tried
    trial.gate.set()
    company.settles()
    company.hurry_nobody()


@pytest.fixture(scope="session")
def model(models: Path) -> MessageClassifier:
    """Return the starter model."""
    return ensure_starter(models / "models")
