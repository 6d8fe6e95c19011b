"""Switch every bundled plugin on for a run of pytest: `-p tests.plugins.bundled`."""

from __future__ import annotations

from bot.registry import bundled, load

assert load.__kwdefaults__ is not None
load.__kwdefaults__["on"] = tuple(bundled())
