"""Know what a workspace has made its own: its nouns, and the fields that it gave to nouns."""

from storage.records.schema.definition_rows import FieldRow, LayoutRow, NounRow
from storage.records.schema.own import OwnRecord, model_of
from storage.records.schema.typed import TYPES
from storage.records.schema.workspace_schema import (
    CHANNEL,
    KNOWN,
    REMEMBERED,
    Schema,
    extended,
    label_of,
    of,
    see_as,
    whole,
)

__all__ = [
    "CHANNEL",
    "KNOWN",
    "REMEMBERED",
    "TYPES",
    "FieldRow",
    "LayoutRow",
    "NounRow",
    "OwnRecord",
    "Schema",
    "extended",
    "label_of",
    "model_of",
    "of",
    "see_as",
    "whole",
]
