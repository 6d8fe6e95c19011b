"""Run a sandbox: `python -m sandbox --port 3000 --data DIR [--seed FILE.json]`."""

import argparse
from pathlib import Path

from sandbox.server import Sandbox


def main() -> None:
    """Serve until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(prog="sandbox", description="A Slack that runs on this machine.")
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--data", type=Path, help="folder where the workspace is kept")
    parser.add_argument("--seed", type=Path, help="JSON file to start from when there is nothing kept yet")
    options = parser.parse_args()
    Sandbox(options.port, options.data, options.seed).serve()


if __name__ == "__main__":
    main()
