"""Run the PostgreSQL that Debian ships, as a server of an operator's own that has never seen us."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from storage.database import embedded_account
from storage.database.embedded import UNSAFE_BUT_FAST, EmbeddedPostgres, EmbeddedPostgresError

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))


@contextmanager
def debian_postgres(folder: Path) -> Iterator[str]:
    """Start it on an empty folder and give the superuser's URL; skip where it is not installed or cannot run."""
    if not PROGRAMS:
        pytest.skip("Debian's postgresql is not installed")
    with pytest.MonkeyPatch.context() as patched:
        # The account and the supervision are ours, the programs Debian's.
        patched.setattr(embedded_account, "programs_folder", lambda: PROGRAMS[0].parent)
        server = EmbeddedPostgres(folder, settings=UNSAFE_BUT_FAST, dies_with_starter=True)
        try:
            url = server.start()
        except (EmbeddedPostgresError, OSError) as exc:
            pytest.skip(f"Debian's postgresql cannot run here: {exc}")
        try:
            yield url
        finally:
            server.remove()
