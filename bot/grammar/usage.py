"""Read a command's usage line, which is both its grammar and what people are shown."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.grammar.reading import ValueType
from bot.grammar.types import WORD

_ITEM = re.compile(r"\[[^\]]*\]|<[^>]*>|[^\s\"]+(?:\"[^\"]*\")?")
_KEY = re.compile(r"([^\W\d_][\w-]*):(\S.*)", re.DOTALL)
_FILTERS = "filters"


@dataclass(frozen=True)
class Positional:
    """Hold a place for words without a key, such as `<name>` or `[note]`; one without a type takes them as typed."""

    name: str
    required: bool
    type: ValueType[Any] | None = None


@dataclass(frozen=True)
class Key:
    """Hold a `key:value` a command takes, with an example of its value and how it is read."""

    name: str
    example: str
    required: bool
    type: ValueType[Any] = WORD

    @property
    def written(self) -> str:
        """Return the key with its example as one would type it."""
        return f'{self.name}:"{self.example}"' if " " in self.example else f"{self.name}:{self.example}"


@dataclass(frozen=True)
class Usage:
    """Hold what a command takes: at most two places for words, its keys, and whether it takes filters."""

    line: str
    positionals: tuple[Positional, ...]
    keys: dict[str, Key]
    filters: bool

    @classmethod
    def parse(cls, line: str, *, everywhere: str = "", types: Mapping[str, ValueType[Any]] | None = None) -> "Usage":
        """Read a usage line such as `<name> [amount:12k] when:"friday 9am" [filters]`.

        `<x>` is required and `[x]` optional; a bare `key:example` is a required key. `everywhere` declares keys that
        every command takes, so that no usage line needs to show them. `types` say how the values of keys and places are
        read; a key without one is a word. Raises ValueError for a line that cannot be followed: three places for
        words, a required one after an optional one, a name given twice, a type for what is not there.
        """
        types = types or {}
        positionals: list[Positional] = []
        keys: dict[str, Key] = {}
        filters = False
        for item in _ITEM.findall(f"{line} {everywhere}"):
            required = not item.startswith("[")
            inner = item.strip("[]<>").strip()
            key = None if item.startswith("<") else _KEY.fullmatch(inner)
            if not inner or inner in keys or inner in [p.name for p in positionals] or (key and key[1] in keys):
                raise ValueError(f"{item!r} is empty or given twice in the usage {line!r}")
            if key:
                keys[key[1]] = Key(key[1], key[2].strip('"'), required, types.get(key[1], WORD))
            elif item == f"[{_FILTERS}]":
                filters = True
            elif item[0] in "<[":
                positionals.append(Positional(inner, required, types.get(inner)))
            else:
                raise ValueError(f"{item!r} is neither <x>, [x] nor key:example in the usage {line!r}")
        if len(positionals) > 2 or [p.required for p in positionals] == [False, True]:
            raise ValueError(f"the words of {line!r} cannot be told apart")
        if any(p.name in keys for p in positionals):
            raise ValueError(f"a place and a key of {line!r} have the same name")
        if unknown := types.keys() - keys.keys() - {p.name for p in positionals}:
            raise ValueError(f"{', '.join(sorted(unknown))} has a type and is not in the usage {line!r}")
        return cls(" ".join(line.split()), tuple(positionals), keys, filters)

    @property
    def required(self) -> list[str]:
        """Return the names of the places and keys that may not be left out."""
        parts: list[Positional | Key] = [*self.positionals, *self.keys.values()]
        return [part.name for part in parts if part.required]

    def text(self, command: str) -> str:
        """Return the usage line of a command as people are shown it, given its words (`deal add`)."""
        return f"/{command.removeprefix('/')} {self.line}".rstrip()

    def declares(self, name: str) -> bool:
        """Tell whether a key or a place has this name."""
        return name in self.keys or any(p.name == name for p in self.positionals)

    def type_of(self, name: str) -> ValueType[Any] | None:
        """Return the type of a key or a place; None for a place without one."""
        key = self.keys.get(name)
        return key.type if key else next((p.type for p in self.positionals if p.name == name), None)
