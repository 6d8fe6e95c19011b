"""Keep warm what tests need and no change touches, until standard input ends: `python -m bench.torture.warm FOLDER`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bench.torture.stage import stage


def main() -> None:
    """Say, in a line of JSON, where a server, a migrated database on it and the folder with the model are."""
    with stage(Path(sys.argv[1])) as made:
        place = {"server": made.server, "template": made.database("template"), "data": str(made.data)}
        print(json.dumps(place), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
