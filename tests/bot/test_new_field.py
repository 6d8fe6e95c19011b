"""Add a field to a noun on a copy of the product: three lines and a migration, and people have it everywhere."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARTS = ("api", "bot", "ml", "sandbox", "storage", "tests", "pyproject.toml")
COLUMN = ("    owner_id: Mapped[str | None]\n", "    website: Mapped[str | None]\n")
IMPORT = ("import PersonField, TextField", "import AddressField, PersonField, TextField")
FIELD = (
    '        PersonField(key="owner",',
    '        AddressField(key="website", label="Website", example="acme.com"),\n',
)
MIGRATION = '''"""Give customers a website."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{last}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("customer", sa.Column("website", sa.Text))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("customer", "website")
'''
MATCHES = "test_the_migrations_make_what_the_models_describe"
CONVERSATION = '''"""Use the new field as a person does."""

from sandbox.control.client import Person


def test_people_have_it_everywhere(rep: Person) -> None:
    added = rep.types("/customer add Acme website:acme.com/about tier:gold").text
    assert "Website" in added and "acme.com/about" in added
    assert "does not look like a web address" in rep.types("/customer edit C-1 website:nothing").text
    assert "acme.org" in rep.types("/customer edit C-1 website:acme.org").text
    rep.clicks("Edit")
    assert "web address" in rep.submits(Website="no address").errors["website"]
    rep.submits(Website="https://acme.net")
    rep.sees("acme.net")
    assert "acme.net" in rep.types("/customer list").text
    assert "[website:acme.com]" in rep.types("/crm help customer add").text
    assert "acme.net" in rep.types("/crm history C-1").text
    rep.types("/crm undo")
    assert "acme.org" in rep.types("/customer show C-1").text
'''


def test_a_field_of_customers_is_three_lines_and_a_migration(tmp_path: Path) -> None:
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
        copy(ROOT / part, tmp_path / part)
    customers = tmp_path / "storage" / "crm" / "customers.py"
    before = customers.read_text()
    text = before.replace(COLUMN[0], COLUMN[0] + COLUMN[1], 1)
    text = text.replace(*IMPORT).replace(FIELD[0], FIELD[1] + FIELD[0], 1)
    assert len(text.splitlines()) - len(before.splitlines()) == 2, "and one import is changed"
    customers.write_text(text)
    versions = tmp_path / "storage" / "database" / "migrations" / "versions"
    last = sorted(path.stem for path in versions.glob("0*.py"))[-1].partition("_")[0]
    (versions / "9999_website.py").write_text(MIGRATION.format(last=last))
    (tmp_path / "tests" / "bot" / "handlers" / "test_website.py").write_text(CONVERSATION)
    tests = ["tests/bot/handlers/test_website.py", f"tests/storage/database/test_migrate.py::{MATCHES}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4_000:]
