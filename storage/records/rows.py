"""Describe the row that every record of every noun has, and the words of names, which triggers keep in step.

Nobody writes them by hand: whoever writes a noun's table, in this release or the one before, has them written in the
same transaction (`keep_record`, made by the migrations). The application may only read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, Text, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database.engine import TENANT, Base

KEPT: dict[str, Any] = {}
"""The models of the nouns whose records have a row; each is added as it is defined."""
_reader: list[Callable[[Session], Mapping[str, Any]]] = []


def read_kept(read: Callable[[Session], Mapping[str, Any]]) -> None:
    """Name the function that returns the models of a session's nouns, those of its workspace's own among them."""
    _reader[:] = [read]


def kept(session: Session) -> Mapping[str, Any]:
    """Return the models of the nouns that a session's workspace has, by their keys."""
    return _reader[0](session) if _reader else KEPT


# Expressions are as Postgres writes them back, so that the check of migrations sees no difference.
_LIVE = text("merged_into_id IS NULL AND archived_at IS NULL")


class RecordRow(Base):
    """Name a record of any noun: what it is called, by which keys it is found, whether it is merged or archived.

    `find_key` is the whole name as people may write it, without spaces, marks and legal form; `words` are what a search
    finds it by.
    """

    __tablename__ = "record"
    __table_args__ = (
        Index("record_find_key_idx", "workspace_id", "noun", "find_key", "id"),
        Index(
            "record_words_idx",
            text(
                "string_to_array((((workspace_id || '/'::text) || noun) || '/'::text) || replace(words, ' '::text,"
                " (((' '::text || workspace_id) || '/'::text) || noun) || '/'::text), ' '::text)"
            ),
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
            postgresql_where=_LIVE,
        ),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    noun: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    name_key: Mapped[str] = mapped_column(Text(collation="C"))
    find_key: Mapped[str] = mapped_column(Text(collation="C"))
    words: Mapped[str]
    merged_into_id: Mapped[int | None]
    archived_at: Mapped[datetime | None]


class NameWord(Base):
    """Hold a word of a workspace's names, and the keys by which it is found from one that is nearly the same."""

    __tablename__ = "name_word"
    __table_args__ = (
        Index("name_word_word_idx", "workspace_id", "word"),
        Index(
            "name_word_near_idx",
            text(
                "string_to_array((workspace_id || '/'::text) || replace(near, ' '::text,"
                " (' '::text || workspace_id) || '/'::text), ' '::text)"
            ),
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        ),
        Index(
            "name_word_alike_idx",
            text("(workspace_id || ''::text)"),
            "word",
            postgresql_using="gin",
            postgresql_ops={"word": "gin_trgm_ops"},
            postgresql_with={"fastupdate": "off"},
        ),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    word: Mapped[str] = mapped_column(Text(collation="C"))
    near: Mapped[str]


class NameWordLeft(Base):
    """Hold a word that a record has lost; if no other has it, it is forgotten."""

    __tablename__ = "name_word_left"
    __table_args__ = {"info": TENANT}

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    word: Mapped[str] = mapped_column(Text(collation="C"))
