"""Run a sandbox: `python -m sandbox --port 3000 --data DIR [--seed FILE.json]`."""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from sandbox.server import Sandbox


def main() -> None:
    """Serve until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(prog="sandbox", description="A Slack that runs on this machine.")
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 inside a container")
    parser.add_argument("--data", type=Path, help="folder where the workspace is kept")
    parser.add_argument("--seed", type=Path, help="JSON file to start from when there is nothing kept yet")
    parser.add_argument("--with-parent", action="store_true", help="stop when standard input is closed")
    options = parser.parse_args()
    if options.with_parent:
        threading.Thread(target=_follow_parent, daemon=True).start()
    try:
        Sandbox(options.port, options.data, options.seed, options.host).serve()
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.exit(f"The sandbox cannot start: {error}")


def _follow_parent() -> None:
    """Stop as by a signal once whoever started this process is gone, however it went."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
