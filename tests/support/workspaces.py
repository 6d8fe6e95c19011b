"""The workspaces of most tests."""

from __future__ import annotations

WORKSPACE = "T0ACME"
SECOND_WORKSPACE = "T0OTHER"
