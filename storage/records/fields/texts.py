"""Type the fields of nouns that hold text: lines, notes, addresses of all kinds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from storage.errors import Invalid
from storage.names import NAME_LIMIT, NOTE_LIMIT, check_email, check_name, check_text, short
from storage.records.fields.field import RecordField

PHONE_LIMIT = 40
ADDRESS_LIMIT = 2_000


@dataclass(frozen=True, kw_only=True)
class TextField(RecordField):
    """Hold one line of text."""

    most: int = NAME_LIMIT

    def checked(self, session: Session, value: Any) -> str:
        """Return the text without the spaces around it; raise Invalid for one that is empty or too long."""
        text = check_name(_text(self, value), field=self.key)
        if len(text) > self.most:
            raise _too_long(self, text, self.most)
        return text


@dataclass(frozen=True, kw_only=True)
class LongTextField(RecordField):
    """Hold text of many lines."""

    most: int = NOTE_LIMIT
    column: ClassVar[str | None] = None

    def checked(self, session: Session, value: Any) -> str | None:
        """Return the text without the spaces around it; raise Invalid for one that is too long."""
        text = check_text(_text(self, value), field=self.key).strip()
        if len(text) > self.most:
            raise _too_long(self, text, self.most)
        return text or None


@dataclass(frozen=True, kw_only=True)
class EmailField(RecordField):
    """Hold an e-mail address."""

    written = re.compile(r"[^\s<>()\"',;:@]+@[^\s<>()\"',;:@]+\.[^\s<>()\"',;:@]+")

    def checked(self, session: Session, value: Any) -> str:
        """Return the address; raise Invalid for what does not look like one."""
        return check_email(_text(self, value), field=self.key)


@dataclass(frozen=True, kw_only=True)
class PhoneField(RecordField):
    """Hold a telephone number as it was typed."""

    written = re.compile(r"\+\d[\d ()./-]{5,}\d")

    def checked(self, session: Session, value: Any) -> str:
        """Return the number; raise Invalid if it has no digit or more than 40 characters."""
        phone = check_text(_text(self, value), field=self.key).strip()
        if len(phone) > PHONE_LIMIT or not any(character.isdigit() for character in phone):
            raise Invalid(
                "This does not look like a telephone number: {phone}", field=self.key, typed=phone, phone=phone
            )
        return phone


@dataclass(frozen=True, kw_only=True)
class AddressField(RecordField):
    """Hold a web address."""

    def checked(self, session: Session, value: Any) -> str:
        """Return the address, with https:// where it has no scheme; raise Invalid for what is none."""
        typed = check_text(_text(self, value), field=self.key).strip()
        address = typed if "://" in typed else f"https://{typed}"
        try:
            parts = urlsplit(address)
            good = parts.scheme in {"http", "https"} and "." in (parts.hostname or "")
        except ValueError:
            good = False
        if not good or len(address) > ADDRESS_LIMIT or any(character.isspace() for character in address):
            raise Invalid(
                "This does not look like a web address: {address}", field=self.key, typed=typed, address=typed
            )
        return address


def _text(field: RecordField, value: Any) -> str:
    if not isinstance(value, str):
        raise Invalid("{value} is no text.", field=field.key, typed=str(value), value=short(value))
    return value


def _too_long(field: RecordField, text: str, limit: int) -> Invalid:
    return Invalid(
        "The {name} may have up to {limit} characters; this one has {length}.",
        field=field.key,
        typed=text,
        name=field.key,
        limit=limit,
        length=len(text),
    )
