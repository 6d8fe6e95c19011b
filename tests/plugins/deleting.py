"""Delete a bundled plugin that is off from a copy of the repository, and run other tests there.

    python -m tests.plugins.deleting commerce             # what knows of plugins: registry, docs, house rules, layout
    python -m tests.plugins.deleting finance tests        # all of them

The plugin's folder goes, with its tests and its seeds, and `rapport docs` derives the pages anew. Its page in `docs/`
stays: nobody types the commands of a page that says to switch on what is not there.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.support.sources import ROOT

GOES = ("bot/plugins", "tests/bot/plugins", "tests/plugins")
TESTS = (
    "tests/test_docs.py",
    "tests/test_house_rules.py",
    "tests/test_layout.py",
    "tests/bot/test_registry.py",
    "tests/bot/test_i18n.py",
)


def main(name: str, tests: Sequence[str]) -> int:
    """Return how pytest ended in the copy."""
    with tempfile.TemporaryDirectory() as made:
        copy = Path(made) / "rapport"
        files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        gone = tuple(f"{folder}/{name}/" for folder in GOES)
        for file in filter(None, files.split("\0")):
            if not file.startswith(gone):
                (copy / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / file, copy / file)
        subprocess.run([sys.executable, "-m", "bot.cli.main", "docs"], cwd=copy, capture_output=True, check=True)
        run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *(tests or TESTS)]
        return subprocess.run(run, cwd=copy, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
