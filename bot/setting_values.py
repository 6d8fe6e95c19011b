"""Read the text of one setting into its value; ValueError says what it must be, and never what it was."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_network
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from storage.webhooks.addresses import Allowed


def matching(pattern: str, what: str) -> Callable[[str], str]:
    """Return what takes text of a pattern."""

    def read(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(what)
        return value

    return read


def number(lowest: int, highest: int) -> Callable[[str], int]:
    """Return what takes a whole number of a range."""

    def read(value: str) -> int:
        number = int(value) if value.isascii() and value.isdigit() else None
        if number is None or not lowest <= number <= highest:
            raise ValueError(f"must be a whole number from {lowest} to {highest}")
        return number

    return read


def seconds(value: str) -> float:
    """Take a number of seconds up to an hour."""
    if not re.fullmatch(r"\d+(\.\d+)?", value, re.ASCII) or not 0 < float(value) <= 3600:
        raise ValueError("must be a number of seconds, above 0 and up to 3600")
    return float(value)


def pace(value: str) -> float:
    """Take how many times as fast something may be."""
    if not re.fullmatch(r"\d+(\.\d+)?", value, re.ASCII) or not 0.1 <= float(value) <= 100:
        raise ValueError("must be a number from 0.1 to 100")
    return float(value)


def words(pattern: str, what: str) -> Callable[[str], frozenset[str]]:
    """Return what takes words of a pattern, separated by commas or blanks."""

    def read(value: str) -> frozenset[str]:
        words = frozenset(re.split(r"[,\s]+", value.strip(", \t\n")))
        if not all(re.fullmatch(pattern, word) for word in words):
            raise ValueError(what)
        return words

    return read


plugins = words(r"[a-z][a-z0-9_-]*", "must be names of plugins, separated by commas")


def fernet_keys(value: str) -> tuple[str, ...]:
    """Take keys for sealing tokens."""
    keys = tuple(re.split(r"[,\s]+", value.strip(", \t\n")))
    for key in keys:
        try:
            Fernet(key)
        except ValueError:
            raise ValueError("must be one or more Fernet keys, separated by commas, the newest first") from None
    return keys


def allowed_inside(value: str) -> Allowed:
    """Take hosts and networks, separated by commas or blanks."""
    hosts, networks = set(), []
    for word in re.split(r"[,\s]+", value.strip(", \t\n")):
        try:
            networks.append(ip_network(word))
        except ValueError:
            if not re.fullmatch(r"(?!-)[a-z0-9-]+(\.[a-z0-9-]+)*", word.lower()) or re.fullmatch(r"[0-9.]+", word):
                raise ValueError("must be hosts such as hooks.local and networks such as 10.1.2.0/24") from None
            hosts.add(word.lower())
    return Allowed(frozenset(hosts), tuple(networks))


def database_url(value: str) -> str:
    """Take the address of a PostgreSQL."""
    what = "must look like postgresql://user:password@host:5432/database"
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        raise ValueError(what) from None
    if url.drivername not in ("postgres", "postgresql", "postgresql+psycopg") or not url.database:
        raise ValueError(what)
    return value


def api_url(value: str) -> str:
    """Take the address of a Slack."""
    if not _is_web_address(value) or not value.endswith("/api/"):
        raise ValueError("must be an http or https address that ends with /api/")
    return value


def public_url(value: str) -> str:
    """Take the address of a website."""
    if not _is_web_address(value) or urlsplit(value).path.strip("/"):
        raise ValueError("must be an http or https address without a path")
    return value.rstrip("/")


def _is_web_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False
