"""Lend databases that also have the sample tables, and servers of a test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine

from storage.database.embedded import UNSAFE_BUT_FAST, EmbeddedPostgres
from tests.support.cluster import Cluster
from tests.support.sample_tables import create_samples


@pytest.fixture(scope="session")
def sample_template(cluster: Cluster, template: str) -> str:
    """Add the sample tables to a copy of the template."""
    url = cluster.create(template)
    with create_engine(url, poolclass=NullPool).begin() as connection:
        create_samples(connection)
    return url


@pytest.fixture
def sampled_url(cluster: Cluster, sample_template: str) -> Iterator[str]:
    """Lend a database with the sample tables."""
    url = cluster.lend(sample_template)
    yield url
    cluster.give_back(sample_template, url)


@pytest.fixture(scope="session")
def made_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Make a server with nothing in it, and stop it; `copy_server` takes a tenth of the time."""
    folder = tmp_path_factory.mktemp("made") / "postgres"
    server = EmbeddedPostgres(folder, settings=UNSAFE_BUT_FAST)
    server.start()
    server.stop()
    yield folder
    server.remove()
