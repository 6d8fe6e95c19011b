"""The files of the repository, as the tests of its layout read them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ("bot", "storage", "ml", "api", "sandbox")
SOURCES = sorted(path for package in PRODUCT for path in (ROOT / package).rglob("*.py"))
MEASURING = ("bench",)
EVERY_SOURCE = [*SOURCES, *(path for folder in ("tests", *MEASURING) for path in sorted((ROOT / folder).rglob("*.py")))]


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def imports(path: Path) -> Iterator[str]:
    """Give the name of every module a file imports, wherever in the file it does."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)


def plugin_of(name: str) -> str | None:
    """Return the handler or plugin a module is (part of): `bot.handlers.deals.cards` is of `bot.handlers.deals`."""
    parts = name.split(".")
    return ".".join(parts[:3]) if len(parts) > 2 and parts[:2] in (["bot", "handlers"], ["bot", "plugins"]) else None
