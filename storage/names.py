"""Decide what may be stored as a name, note or address, and when two of them are the same."""

import re
import unicodedata

from storage.errors import Invalid

NAME_LIMIT = 200
NOTE_LIMIT = 10_000
EMAIL_LIMIT = 320  # RFC 5321: 64 before the @, 255 after it

# NFKC makes up to 18 characters of one; a longer key would not fit a btree page (2,704 bytes).
KEY_LIMIT = 400

_VARIATION_SELECTORS = frozenset("\ufe0e\ufe0f")
# One @ and no spaces: whether an address exists only its mail server knows.
_EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]]+@[^\s@<>,;:\"()\[\]]+")


def name_key(text: str) -> str:
    """Return the form by which names are compared: NFKC, case folded, spaces collapsed, at most 400 characters.

    Characters that cannot be seen (zero-width, direction marks, controls) and those that no database stores (NUL, half
    surrogates) are left out, so any text is safe to look up.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    # Most names are ASCII and printable: nothing in them is invisible.
    visible = folded if folded.isascii() and folded.isprintable() else "".join(map(_visible, folded))
    return " ".join(visible.split())[:KEY_LIMIT].rstrip()


def choice_key(text: str) -> str:
    """Return the form by which names of choices are compared: that of a name, without the sign before it.

    A coloured circle before a name is how a choice has a colour; people type the name with it or without.
    """
    key = name_key(text)
    words = key.lstrip("".join({one for one in key if unicodedata.category(one) in {"So", "Sk"}}) + " ")
    return words or key


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category in {"Cf", "Cs"} or character in _VARIATION_SELECTORS:
        return ""
    return " " if category == "Cc" else character


def short(text: object, most: int = 40) -> str:
    """Return a text as it is quoted in a sentence: whole, or its beginning with a mark that there is more."""
    whole = str(text)
    return whole if len(whole) <= most else whole[: most - 1] + "…"


def email_key(text: str) -> str:
    """Return the form of an e-mail address by which addresses are compared.

    The part before the @ is folded too: mail servers that tell its case apart are gone.
    """
    return name_key(text).replace(" ", "")[:EMAIL_LIMIT]


def check_text(text: str, *, field: str | None = None) -> str:
    """Return the text as it was typed, or raise Invalid for NUL and half surrogates, which cannot be stored."""
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise Invalid("The text contains a character that cannot be stored.", field=field, typed=text)
    return text


def check_name(text: str, *, field: str = "name") -> str:
    """Return a name without the spaces around it; raise Invalid if it is empty, too long or cannot be stored."""
    name = check_text(text, field=field).strip()
    if not name_key(name):
        raise Invalid("A name needs at least one visible character.", field=field, typed=text)
    return _within(name, NAME_LIMIT, "A name may have up to {limit} characters; this one has {length}.", field, text)


def check_note(text: str, *, field: str = "text") -> str:
    """Return a note without the spaces around it; raise Invalid if it is empty, too long or cannot be stored."""
    note = check_text(text, field=field).strip()
    if not note:
        raise Invalid("The note is empty.", field=field, typed=text)
    return _within(note, NOTE_LIMIT, "A note may have up to {limit} characters; this one has {length}.", field, text)


def check_email(text: str, *, field: str = "email") -> str:
    """Return an address without the spaces around it; raise Invalid if it does not look like one."""
    email = check_text(text, field=field).strip()
    if len(email) > EMAIL_LIMIT or _EMAIL.fullmatch(email) is None:
        raise Invalid("This does not look like an e-mail address: {email}", field=field, typed=text, email=email)
    return email


def _within(value: str, limit: int, template: str, field: str, typed: str) -> str:
    if len(value) > limit:
        raise Invalid(template, field=field, typed=typed, limit=limit, length=len(value))
    return value
