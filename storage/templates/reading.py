"""Read a set-up file: YAML of plain values, each of which knows the line it stands on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from storage.errors import Invalid

LARGEST = 1 << 20
"""So many characters a file may have."""


@dataclass(frozen=True)
class FilePart:
    """Hold a part of a file: text, number, yes or no, a list or a mapping of parts, and the line it begins on."""

    value: Any
    line: int

    def fault(self, template: str, /, **params: Any) -> Invalid:
        """Return the error for what is wrong here."""
        return Invalid("Line {line}: {why}", line=self.line, why=template.format(**params))

    def items(self) -> Iterator[tuple[str, FilePart]]:
        """Yield the keys and parts of a mapping; raise Invalid for anything else."""
        if not isinstance(self.value, dict):
            raise self.fault("here must be names with a colon and what belongs to them.")
        yield from self.value.items()

    def each(self) -> Iterator[FilePart]:
        """Yield the parts of a list; raise Invalid for anything else."""
        if not isinstance(self.value, list):
            raise self.fault("here must be a list: one a line, each with a dash.")
        yield from self.value

    def text(self, key: str, default: str | None = None) -> str:
        """Return the text under a key; raise Invalid where it is missing or is none."""
        found = self.get(key)
        if found is None:
            if default is None:
                raise self.fault("{key} is missing.", key=key)
            return default
        if not isinstance(found.value, str | int) or isinstance(found.value, bool):
            raise found.fault("{key} must be text.", key=key)
        return str(found.value)

    def number(self, key: str, default: int | None = None) -> int | None:
        """Return the whole number under a key, the default where there is none; raise Invalid for anything else."""
        found = self.get(key)
        if found is None:
            return default
        if not isinstance(found.value, int) or isinstance(found.value, bool):
            raise found.fault("{key} must be a whole number.", key=key)
        return found.value

    def yes(self, key: str) -> bool:
        """Return the yes or no under a key, no where there is none; raise Invalid for anything else."""
        found = self.get(key)
        if found is not None and not isinstance(found.value, bool):
            raise found.fault("{key} must be true or false.", key=key)
        return found is not None and found.value

    def get(self, key: str) -> FilePart | None:
        """Return the part under a key, None where there is none; raise Invalid for what is no mapping."""
        return dict(self.items()).get(key)

    def only(self, *keys: str) -> None:
        """Raise Invalid for a key of the mapping that means nothing here."""
        for key, part in self.items():
            if key not in keys:
                raise part.fault("{key} means nothing here; there are {keys}.", key=key, keys=", ".join(keys))


def read(text: str) -> FilePart:
    """Return what a file says; raise Invalid naming the line for what is no YAML of plain values."""
    if len(text) > LARGEST:
        raise Invalid("This file is too large to be a set-up.")
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise FilePart(None, line).fault("anchors (& and *) are not read.")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise FilePart(None, mark.line + 1 if mark else 1).fault(
            "{why}.", why=error.problem or "this is no YAML"
        ) from None
    except (yaml.YAMLError, RecursionError):
        raise Invalid("This is no YAML.") from None
    if node is None:
        raise Invalid("This file is empty.")
    return _part(node)


def _part(node: Any) -> FilePart:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return FilePart([_part(one) for one in node.value], line)
    if isinstance(node, yaml.MappingNode):
        parts: dict[str, FilePart] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise FilePart(None, line).fault("a name before a colon must be plain text.")
            if key.value in parts:
                raise FilePart(None, key.start_mark.line + 1).fault("{key} is given twice.", key=key.value)
            parts[key.value] = FilePart(_part(value).value, key.start_mark.line + 1)
        return FilePart(parts, line)
    match node.tag.rpartition(":")[2]:
        case "int":
            try:
                return FilePart(int(node.value), line)
            except ValueError:
                return FilePart(node.value, line)
        case "bool":
            return FilePart(node.value.lower() in {"true", "yes", "on"}, line)
        case "null":
            return FilePart("", line)
        case "str" | "float" | "timestamp":
            return FilePart(node.value, line)
    raise FilePart(None, line).fault("only text, numbers, true and false are read.")
