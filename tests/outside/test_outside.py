"""Build the product and somebody else's plugin as wheels, install both where nothing of ours is, and use them there.

The environment has the packages that the product depends on from the one that runs the tests, by a line in a `.pth`
file: what that installs as editable is not seen through it. Nothing is fetched.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from contextlib import closing
from pathlib import Path

import pytest

from bot.registry import Registry
from storage.database import migrate
from tests.support.cluster import connect
from tests.support.company import start_company_on

ROOT = Path(__file__).parents[2]
PLUGIN = Path(__file__).parent / "contracts"
PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:schemathesis")
PARTS = ("bot", "storage", "ml", "api", "sandbox")


class Environment:
    """Hold an environment of its own, with the product's wheel in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.wheels = folder / "wheels"
        venv.create(folder / "env", with_pip=False, symlinks=True)
        self.python = folder / "env" / "bin" / "python"
        here = Path(sysconfig.get_path("purelib", vars={"base": str(folder / "env")}))
        (here / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
        product = folder / "product"
        product.mkdir()
        for name in PARTS:
            shutil.copytree(ROOT / name, product / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, product)
        self.builds(product)

    def builds(self, project: Path) -> None:
        """Build a project's wheel and install it."""
        offline = ("--no-index", "--no-deps", "--disable-pip-version-check", "-q")
        pip = [sys.executable, "-m", "pip"]
        build = [*pip, "wheel", *offline, "--no-build-isolation", "-w", str(self.wheels), str(project)]
        subprocess.run(build, check=True, capture_output=True, timeout=600)
        (made,) = self.wheels.glob("*.whl")
        put = [*pip, "--python", str(self.python), "install", *offline, "--no-compile", "--ignore-installed", str(made)]
        subprocess.run(put, check=True, capture_output=True, timeout=600)
        made.unlink()

    def removes(self, name: str) -> None:
        """Take a package out again."""
        pip = [sys.executable, "-m", "pip", "--python", str(self.python), "uninstall", "-y", "-q", name]
        subprocess.run(pip, check=True, capture_output=True, timeout=600)

    def runs(self, *words: str, at: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment, far from the checkout."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("RAPPORT_", "PYTHON"))}
        return subprocess.run(
            [str(self.python), *words],
            cwd=self.folder / at,
            env={**kept, "COLUMNS": "1000", **settings},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def rapport(self, *words: str, **settings: str) -> str:
        """Run a command of the product and return what it says."""
        ended = self.runs("-m", "bot.cli.main", *words, **settings)
        assert "Traceback" not in ended.stderr, ended.stderr
        return ended.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Make the environment, with the plugin in it."""
    made = Environment(tmp_path_factory.mktemp("outside"))
    shutil.copytree(
        PLUGIN, made.folder / "contracts", ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info")
    )
    made.builds(made.folder / "contracts")
    return made


def test_what_is_used_is_what_is_installed(environment: Environment) -> None:
    said = environment.runs(
        "-c", "import bot, rapport_contracts; print(bot.__file__); print(rapport_contracts.__file__)"
    )
    for line in said.stdout.split():
        assert line.startswith(str(environment.folder / "env")), said


def test_its_own_tests_run_there_and_those_of_a_plugin_that_is_just_written(environment: Environment) -> None:
    assert "is written" in environment.rapport("new-plugin", "visit")
    # The new one is not installed: it is found by the project beside its tests.
    tests = environment.folder / "rapport-visits" / "tests"
    shutil.copy(PLUGIN / "tests" / "test_contracts.py", tests)
    ended = environment.runs(*PYTEST, at="rapport-visits")
    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-2000:]
    assert ended.stdout.startswith("....")


def test_it_is_in_the_manifest_and_the_docs(environment: Environment) -> None:
    manifest = json.loads(environment.rapport("manifest"))
    assert "/contract" in {one["command"] for one in manifest["features"]["slash_commands"]}
    folder = environment.folder / "pages"
    environment.rapport("docs", str(folder))
    assert "`/contract add <name>" in (folder / "commands.md").read_text("utf-8")
    page = (folder / "plugins" / "contracts.md").read_text("utf-8")
    for told in (
        "contracts.mine",
        "contracts.soon",
        "contracts.signed",
        "`ahead`: Days to look ahead, 90 unless changed",
    ):
        assert told in page


@pytest.fixture
def left_behind(environment: Environment, empty_url: str) -> str:
    """Use the plugin, and take it out: what it has stored stays."""
    add = """
        import os
        from bot.registry import load
        from storage.database import migrate
        from storage.database.engine import Database
        from storage.records import history, lifecycle
        from storage.workspace import workspaces
        registry = load()
        for line in registry.lines:
            migrate.upgrade(os.environ["DATABASE_URL"], line=line)
        database = Database(os.environ["DATABASE_URL"])
        with database.transaction("TA") as session:
            workspaces.ensure(session, name="Acme", url=None, zone=None, locale=None)
            with history.recording(session, actor_id="UAREP", source="test"):
                lifecycle.add(session, registry.nouns["contract"].declaration, {"name": "Quay lease"})
        database.dispose()
    """
    script = "\n".join(line[8:] for line in add.splitlines())
    ended = environment.runs("-c", script, DATABASE_URL=empty_url)
    assert ended.returncode == 0, ended.stderr
    environment.removes("rapport-contracts")
    return empty_url


def test_removed_the_bot_starts_and_says_what_stays(
    environment: Environment, left_behind: str, registry: Registry, tmp_path: Path
) -> None:
    company = start_company_on(left_behind, left_behind, registry, tmp_path, "socket", {}, warm=False)
    try:
        for line in ("/crm find quay", "/crm find K-1", "/crm K-1", "/crm history", "/crm undo", "/crm history K-1"):
            said = company.rep.types(line).text
            assert said and "on our side" not in said, line
    finally:
        company.close()
    assert "contracts; `rapport db drop-plugin NAME` deletes them" in environment.rapport(
        "doctor", DATABASE_URL=left_behind
    )
    assert "are gone" in environment.rapport("db", "drop-plugin", "contracts", "--yes", DATABASE_URL=left_behind)
    assert migrate.plugin_schemas(left_behind) == ["renewals"]
    with closing(connect(left_behind)) as connection:
        assert connection.execute("SELECT count(*) FROM record WHERE noun = 'contract'").fetchone() == (0,)
