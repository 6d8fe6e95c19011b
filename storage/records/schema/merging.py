"""Let the values and links of a workspace's own fields follow a record into the one it is merged into."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.database.engine import current_workspace
from storage.records.fields import LinkField, with_value
from storage.records.named import Named
from storage.records.rows import KEPT
from storage.records.schema.own import model_of
from storage.records.schema.workspace_schema import whole
from storage.records.values import FieldValue


def carry(session: Session, gone: Named, kept: Named) -> None:
    """Give a record the own values of another that it lacks, and the links that led there."""
    lacking = {number: value for number, value in gone.custom.items() if number not in kept.custom}
    if lacking:
        kept.custom = {**kept.custom, **lacking}
    for field in whole(session).by_id.values():
        if not isinstance(field, LinkField) or field.to.__noun__ != gone.__noun__:
            continue
        led = (FieldValue.field_id == field.custom_id, FieldValue.number == gone.id)
        for noun, number in session.execute(select(FieldValue.noun, FieldValue.record_id).where(*led)).all():
            record = session.get(KEPT.get(noun) or model_of(noun), (current_workspace(session), number))
            if record is not None:
                record.custom = with_value(record.custom, field, kept.id)
    session.flush()
