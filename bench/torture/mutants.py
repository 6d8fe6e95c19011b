"""Change the product for the worse on purpose and say which test noticed: `python -m bench.torture.mutants [WORDS]`.

Each change of `mistakes/` is made to a copy of the tree, where the tests named beside it run until one fails. That
test must pass without the change, or it has noticed something else. What noticed is written into docs/reliability.md.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).parents[2]
LISTED = Path(__file__).with_name("mistakes")
PAGE = "docs/reliability.md"
BEGIN, END = "<!-- mutants: written by make mutants -->", "<!-- end of mutants -->"
LONGEST_S = 1_800.0
"""After which a run that does not end is given up; it says nothing of the change."""
OURS = {"bot", "storage", "ml", "api", "sandbox", "bench", "tests"}
ONES_OWN = "storage/database/"
"""Changes whose tests need a server of their own: they change what all of its databases share, or what is migrated."""
THIRD_PARTY = (
    "sqlalchemy.orm",
    "sqlalchemy.dialects.postgresql",
    "alembic.command",
    "psycopg",
    "slack_bolt",
    "slack_sdk",
    "apscheduler.schedulers.background",
    "sklearn.linear_model",
    "sklearn.feature_extraction.text",
    "cryptography.fernet",
    "prometheus_client",
    "babel.dates",
)
"""What takes seconds to import and never changes."""
PATIENCE_S = "60"
"""How long tests wait here for what may never come."""
SURVIVED = "nothing"
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+?\.py(?:::\w+)+)", re.MULTILINE)


class Stale(Exception):
    """A change cannot be made, or its tests say nothing of it; `str()` is why."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """Hold one change: where, in a few words what is wrong then, the text before and after, and who should notice."""

    file: str
    change: str
    before: str
    after: str
    tests: Sequence[str]

    @property
    def key(self) -> tuple[str, str]:
        """Return what names it in the table."""
        return self.file, self.change

    def changed(self, root: Path) -> str:
        """Return the file's text with the change made; raise Stale where there is not one place for it."""
        where = root / self.file
        text = where.read_text("utf-8") if where.exists() else ""
        if (found := text.count(self.before)) != 1:
            raise Stale(f"{self.file}: {self.change}: the text before occurs {found} times")
        if missing := [test for test in self.tests if not (root / test.partition("::")[0]).exists()]:
            raise Stale(f"{self.file}: {self.change}: there is no {', '.join(missing)}")
        return text.replace(self.before, self.after)


def listed() -> list[Mutant]:
    """Return the changes, area by area."""
    areas = (tomllib.loads(path.read_text("utf-8"))["mutant"] for path in sorted(LISTED.glob("*.toml")))
    return [Mutant(**one) for area in areas for one in area]


def noticed_by(root: Path = ROOT) -> dict[tuple[str, str], str]:
    """Return what the page says noticed each change: a test, or nothing."""
    rows = [line.strip("| ").split(" | ") for line in _table(root).splitlines()[2:]]
    return {(row[0].strip("`"), row[1]): row[2].strip("`") for row in rows}


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the changes whose file or words hold one of the WORDS, all without any; return 1 if one was not noticed."""
    parser = argparse.ArgumentParser(prog="python -m bench.torture.mutants", description=__doc__)
    parser.add_argument("words", nargs="*", help="only changes with one of these in their file or words")
    parser.add_argument("--new", action="store_true", help="only changes that the page has no test for")
    options = parser.parse_args(arguments)
    # As after Ctrl-C, so that no test runs on by itself and the copy is thrown away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    known = noticed_by()
    chosen = [
        one
        for one in listed()
        if any(word in f"{one.file} {one.change}" for word in options.words or [""])
        and not (options.new and known.get(one.key, SURVIVED) != SURVIVED)
    ]
    wrong = 0
    with _copied() as copy:
        for one in chosen:
            began = time.monotonic()
            try:
                known[one.key] = copy.noticed(one)
                wrong += known[one.key] == SURVIVED
                said = "SURVIVED" if known[one.key] == SURVIVED else known[one.key]
            except Stale as stale:
                wrong += 1
                said = f"STALE: {stale}"
            print(f"{one.file}: {one.change} -> {said} ({time.monotonic() - began:.0f} s)", flush=True)
            _write(known)
    print(f"{len(chosen)} changes, {wrong} of them not noticed or not to be made")
    return 1 if wrong else 0


class Copy:
    """Run tests in a copy of the tree, with and without a change; `warm` is what the tests' `--warm` takes."""

    def __init__(self, root: Path, warm: Path | None = None) -> None:
        self._root = root
        self._warm = warm
        self._sound: dict[str, bool] = {}

    def noticed(self, mutant: Mutant) -> str:
        """Return the test that fails with the change and passes without it, or that it is nothing; raise Stale."""
        where = self._root / mutant.file
        original, stamp = where.read_bytes(), where.stat()
        changed = mutant.changed(self._root)
        warm = self._warm if not mutant.file.startswith(ONES_OWN) else None
        try:
            where.write_text(changed, "utf-8")
            failed = self._first_failure(mutant.tests, warm)
        finally:
            where.write_bytes(original)
            os.utime(where, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        if failed is None:
            return SURVIVED
        if failed not in self._sound:
            self._sound[failed] = self._first_failure([failed], warm) is None
        if not self._sound[failed]:
            raise Stale(f"{failed} fails without the change too")
        return failed

    def _first_failure(self, tests: Sequence[str], warm: Path | None) -> str | None:
        arguments = ["-x", "--tb=short", "-rfE", "-p", "no:cacheprovider", *tests]
        if warm:
            arguments += ["--warm", str(warm)]
        code, said = self._run(arguments)
        if code == 0:
            return None
        found = _FAILED.search(said)
        if code != 1 or found is None:
            raise Stale(f"the tests could not run: {said[-1000:]}")
        return found[1]

    def _run(self, arguments: Sequence[str]) -> tuple[int, str]:
        """Run pytest in a process forked from this one, which has imported what does not change."""
        with tempfile.TemporaryFile() as said:
            pid = os.fork()
            if pid == 0:
                _be_pytest(self._root, arguments, said.fileno())
            deadline = time.monotonic() + LONGEST_S
            try:
                while (ended := os.waitpid(pid, os.WNOHANG)) == (0, 0):
                    if time.monotonic() > deadline:
                        raise Stale(f"the tests did not end in {LONGEST_S:g} s")
                    time.sleep(0.05)
            except BaseException:
                os.killpg(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                raise
            said.seek(0)
            return os.waitstatus_to_exitcode(ended[1]), said.read().decode(errors="replace")


def _be_pytest(root: Path, arguments: Sequence[str], said: int) -> NoReturn:
    """Run pytest in this process, in another folder than ours, and end."""
    code = 3
    try:
        os.setpgid(0, 0)
        os.chdir(root)
        os.dup2(said, 1)
        os.dup2(said, 2)
        sys.stdout = sys.stderr = os.fdopen(1, "w", closefd=False)
        sys.path[:] = [str(root), *(one for one in sys.path if Path(one or ".").resolve() not in {ROOT, Path.cwd()})]
        for name in [name for name in sys.modules if name.partition(".")[0] in OURS]:
            del sys.modules[name]
        for name in [name for name in os.environ if name.startswith(("SLACK_", "RAPPORT_", "DATABASE_"))]:
            del os.environ[name]
        os.environ |= {"PYTHONPATH": str(root), "TEST_PATIENCE_S": PATIENCE_S}
        code = int(pytest.main(list(arguments)))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


@contextmanager
def _copied() -> Iterator[Copy]:
    """Copy what git knows of the tree, as it is at this moment, to a folder that is thrown away."""
    asked = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in THIRD_PARTY:
        import_module(name)
    with tempfile.TemporaryDirectory(prefix="rapport-mutants-") as folder:
        root = Path(folder, "tree")
        for name in filter(None, names):
            if (ROOT / name).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, root / name)
        with _warm(Path(folder)) as warm:
            yield Copy(root, warm)


@contextmanager
def _warm(folder: Path) -> Iterator[Path]:
    """Keep a server with a migrated database, and a model, which most tests would else make for themselves."""
    command = [sys.executable, "-m", "bench.torture.warm", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            made = folder / "warm.json"
            made.write_bytes(process.stdout.readline())
            yield made
        finally:
            process.stdin.close()
            process.wait()


def table(mutants: Iterable[Mutant], known: Mapping[tuple[str, str], str]) -> str:
    """Return the page's table."""
    rows = [f"| `{one.file}` | {one.change} | {_shown(known.get(one.key, SURVIVED))} |" for one in mutants]
    return "\n".join(["| file | what was changed | what noticed |", "|---|---|---|", *rows])


def _shown(test: str) -> str:
    return test if test == SURVIVED else f"`{test}`"


def _table(root: Path) -> str:
    text = (root / PAGE).read_text("utf-8")
    return text.partition(BEGIN)[2].partition(END)[0].strip()


def _write(known: Mapping[tuple[str, str], str]) -> None:
    page = ROOT / PAGE
    before, _, rest = page.read_text("utf-8").partition(BEGIN)
    page.write_text(f"{before}{BEGIN}\n{table(listed(), known)}\n{END}{rest.partition(END)[2]}", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
