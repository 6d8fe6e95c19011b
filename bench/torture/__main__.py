"""Run the long forms and write the findings: `python -m bench.torture [flood] [storm] [--short] [--out FILE]`."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from rich.console import Console

from bench.figures import Figure, merge, table
from bench.torture import flood, storm
from bench.torture.stage import stage

PARTS = ("flood", "storm")
SHOWN = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts; return 1 if anything was lost or came twice, or if a part could not be ended."""
    parser = argparse.ArgumentParser(prog="python -m bench.torture", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=(*PARTS, []), help="which parts; all of them without any")
    parser.add_argument("--short", action="store_true", help="what the tests run: about a minute and a half")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    options = parser.parse_args(arguments)
    console = Console()
    # As after Ctrl-C, what was started is stopped and thrown away.
    signal.signal(signal.SIGTERM, _interrupt)
    figures: list[Figure] = []
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="rapport-torture-") as folder:
        try:
            with stage(Path(folder)) as set_up:
                postgres = set_up.version
                for part in options.parts or PARTS:
                    console.print(f"{part}…")
                    if part == "flood":
                        flooded = flood.run(set_up, flood.SHORT if options.short else flood.LONG)
                        figures += flooded.figures()
                        wrong += flooded.lost + flooded.doubled
                    else:
                        stormed = storm.run(set_up, storm.SHORT if options.short else storm.LONG)
                        figures += stormed.figures()
                        wrong += [f"{one} is lost" for one in stormed.lost]
                        wrong += [f"{one} can be seen twice" for one in stormed.duplicated]
        except RuntimeError as error:
            log = Path(folder) / "log"
            console.print(error, log.read_text(errors="replace")[-4000:] if log.exists() else "", markup=False)
            return 1
        except KeyboardInterrupt:
            console.print("Interrupted; nothing is left running and nothing is written.")
            return 130
    console.print(table(figures))
    for line in wrong[:SHOWN]:
        console.print(line, markup=False)
    if options.out:
        merge(options.out, figures, postgres)
    return 1 if wrong else 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
