"""Show that the SQL in the installation guide is enough, for the most modest of the roles it describes."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import NullPool, create_engine, make_url, text

from storage.database import migrate
from storage.database.embedded import UNSAFE_BUT_FAST, EmbeddedPostgres
from storage.database.engine import APP_ROLE, Database

GUIDE = Path(__file__).parents[2] / "docs" / "install.md"


def run(url: str, statements: str) -> None:
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in re.sub("--.*", "", statements).split(";"):
            if statement.strip():
                connection.execute(text(statement))


def test_the_guides_roles_are_enough_without_the_right_to_create_roles(tmp_path: Path) -> None:
    roles, prepared = re.findall(r"```sql\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    server = EmbeddedPostgres(tmp_path / "postgres", settings=UNSAFE_BUT_FAST, dies_with_starter=True)
    admin = make_url(server.start())
    try:
        run(admin.render_as_string(hide_password=False), roles.replace("'...'", "'secret'").replace("CREATEROLE ", ""))
        inside = admin.set(database="rapport")
        run(inside.render_as_string(hide_password=False), prepared)
        owner, login = (
            inside.set(username=name, password="secret").render_as_string(hide_password=False)
            for name in ("rapport_owner", "rapport")
        )
        migrate.upgrade(owner, login="rapport")
        migrate.check(login)
        database = Database(login, pool_size=1)
        with database.transaction("T0ACME") as session:
            assert session.execute(text("SELECT current_user")).scalar_one() == APP_ROLE
        database.dispose()
    finally:
        server.remove()
