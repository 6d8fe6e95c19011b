"""Show that the schema is made, checked, taken back and made again, alone and by several at once."""

from __future__ import annotations

import importlib
import pkgutil

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import NullPool, create_engine, text

import storage
from storage.database import Base


def test_the_migrations_make_what_the_models_describe(admin_url: str) -> None:
    for module in pkgutil.iter_modules(storage.__path__, "storage."):
        importlib.import_module(module.name)
    with create_engine(admin_url, poolclass=NullPool).connect() as connection:
        partitions = set(connection.scalars(text("SELECT relname FROM pg_class WHERE relispartition")))
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_server_default": True,
                "include_name": lambda name, kind, _parents: kind != "table" or name not in partitions,
            },
        )
        assert compare_metadata(context, Base.metadata) == []
