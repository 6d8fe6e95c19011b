"""Make the pages that are derived from what plugins declare, of all that come with the product, also those off."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache

from tests.support.sources import ROOT

PROGRAM = """
import json
from bot.cli.reference import pages
from bot.registry import bundled, load
registry = load(on=bundled())
print(json.dumps([list(registry.plugins), pages(registry)]))
"""


@cache
def every_plugin() -> tuple[list[str], dict[str, str]]:
    """Return the names of all plugins, and each derived page by its name.

    In a process of its own: what is imported cannot be taken back, and other tests' databases lack the tables of
    plugins that are off.
    """
    run = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    names, pages = json.loads(done.stdout)
    return names, pages
