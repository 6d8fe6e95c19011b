"""Turn a noun and its number into the reference people see, and back."""

import re
import unicodedata
from enum import StrEnum


class Noun(StrEnum):
    """Name the records that people name; the value is also the table's name."""

    CUSTOMER = "customer"
    CONTACT = "contact"
    DEAL = "deal"
    TICKET = "ticket"
    FOLLOWUP = "followup"
    DIGEST = "digest"

    @property
    def prefix(self) -> str:
        """Return the letter that begins this noun's references."""
        return _PREFIX[self]


_PREFIX = {
    Noun.CUSTOMER: "C",
    Noun.CONTACT: "P",
    Noun.DEAL: "D",
    Noun.TICKET: "T",
    Noun.FOLLOWUP: "F",
    Noun.DIGEST: "G",
}
_NOUN = {prefix: noun for noun, prefix in _PREFIX.items()}

# Telephones write an en dash, a minus or a full-width hyphen for "-". Eighteen digits always fit a bigint.
# What a sentence puts around one is no part of it: "see (T-90)."
_REFERENCE = re.compile(
    r"[(\[{<\"'“‘«「『《【]*([A-Za-z])[-\u2010-\u2015\u2212]([0-9]{1,18})[)\]}>\"'”’»」』》】.,;:!?。、]*"
)


def reference(noun: Noun | str, record_id: int) -> str:
    """Return the reference of a record, such as `D-88`.

    Raises ValueError for a noun that has no references.
    """
    return f"{Noun(noun).prefix}-{record_id}"


def parse_reference(text: str) -> tuple[Noun, int] | None:
    """Return noun and number of a reference as people type it (`d-88`, full-width too), or None if it is none.

    The quotes, brackets and punctuation of a sentence around it do not matter.
    """
    match = _REFERENCE.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if match is None:
        return None
    noun = _NOUN.get(match[1].upper())
    number = int(match[2])
    return (noun, number) if noun is not None and number > 0 else None
