"""Measure how long the tests take: `python -m bench.suite --out bench/results.json`; further words are pytest's."""

from __future__ import annotations

import argparse
import ctypes
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

from bench.figures import Figure, merge

AS_MAKE_TEST = ["-n", "3", "--dist", "loadfile", "--no-loadscope-reorder"]
ADOPT = 36
"""PR_SET_CHILD_SUBREAPER: whoever outlives the process that started it becomes a child of ours, and is counted."""


def measure(words: list[str]) -> list[Figure]:
    """Run the tests and return the seconds they took, and those of processors; raise RuntimeError if one fails.

    Call it in a process of its own, as it waits for every child. Only Linux counts the servers that tests leave behind.
    """
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(ADOPT, 1, 0, 0, 0)
    begun = time.monotonic()
    code = subprocess.run([sys.executable, "-m", "pytest", *words], check=False).returncode
    took = time.monotonic() - begun
    if code:
        raise RuntimeError(f"the tests ended with {code}, so how long they took says nothing")
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            break
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return [Figure("tests_s", took, "s"), Figure("tests_cpu_s", used.ru_utime + used.ru_stime, "s")]


def main() -> None:
    """Measure, and keep the figures among the others."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    given, words = parser.parse_known_args()
    figures = measure(words or AS_MAKE_TEST)
    merge(given.out, figures, "")
    print(*(f"{figure.name} {figure.value:.1f}" for figure in figures))


if __name__ == "__main__":
    main()
