"""Say what arrives from a shop, whichever that is, and read its texts, times and amounts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from storage.errors import Invalid
from storage.money import LARGEST, check_currency, exponent
from storage.names import NAME_LIMIT, short

Json = Mapping[str, Any]
_UNSEEN = re.compile(r"[\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class Buyer:
    """Name who bought, as the shop knows them."""

    name: str = ""
    email: str = ""
    phone: str = ""
    company: str = ""


@dataclass(frozen=True, slots=True)
class ArrivingLine:
    """Hold a line: of the `quantity`, `shipped` have left; `price_minor` is that of one."""

    outside_id: str
    sku: str
    name: str
    quantity: int
    price_minor: int
    shipped: int = 0


@dataclass(frozen=True, slots=True)
class ArrivingRefund:
    """Hold a refund, and how many of which lines came back with it, by the shop's numbers of lines."""

    outside_id: str
    amount_minor: int
    at: datetime
    reason: str = ""
    back: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ArrivingOrder:
    """Hold an order as a shop has it at a time, whole; amounts are minor units of the currency."""

    source: str
    outside_id: str
    number: str
    at: datetime
    placed_at: datetime
    currency: str
    total_minor: int
    discount_minor: int
    tax_minor: int
    payment: str
    cancelled: bool
    buyer: Buyer
    lines: Sequence[ArrivingLine]
    refunds: Sequence[ArrivingRefund] = ()
    delivered: bool = False
    cart: str = ""
    shipping_minor: int = 0
    tax_included: bool = False


@dataclass(frozen=True, slots=True)
class ArrivingCart:
    """Hold a checkout that somebody began."""

    source: str
    outside_id: str
    at: datetime
    currency: str
    total_minor: int
    items: str
    address: str
    buyer: Buyer
    completed: bool


@dataclass(frozen=True, slots=True)
class ArrivingProduct:
    """Hold a product, or one of its variants; `stock` is None where the shop counts none.

    `outside_id` is that of the product, which all its variants share.
    """

    source: str
    outside_id: str
    sku: str
    name: str
    price_minor: int
    currency: str
    stock: int | None
    at: datetime


def signed(secret: str | None, raw: bytes, signature: str) -> bool:
    """Tell whether a signature is the base64 of HMAC-SHA256 over a body under the secret; without one nothing is.

    Both shops sign so: Shopify in `X-Shopify-Hmac-Sha256`, WooCommerce in `X-WC-Webhook-Signature`.
    """
    if not secret or not signature.isascii():
        return False
    expected = base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest())
    return hmac.compare_digest(expected, signature.encode())


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Raise Invalid where what is read in the block is not as the shop describes it."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, InvalidOperation, OverflowError) as wrong:
        raise Invalid("This {what} cannot be read: {why}.", what=what, why=short(wrong, 80)) from None


def line_of(text: Any, most: int = NAME_LIMIT) -> str:
    """Return a text as one line, with a mark that there is more where it is longer than fits."""
    return short(" ".join(_UNSEEN.sub(" ", str(text or "")).split()), most)


def sku_of(text: Any) -> str:
    """Return a SKU as one word without a colon, as people type them here, empty for none."""
    return "-".join(line_of(text).replace(":", "-").split())


def number_of(value: Any) -> str:
    """Return a shop's number of something; raise ValueError for none."""
    number = line_of(value)
    if not number or value is None or isinstance(value, bool):
        raise ValueError("a number is missing")
    return number


def minor(amount: Any, currency: str) -> int:
    """Return an amount of a shop's in minor units, rounded half up, 0 for none; raise ValueError beyond any amount."""
    exact = Decimal(str(amount or 0)).scaleb(exponent(check_currency(currency)))
    if not exact.is_finite() or abs(exact) > LARGEST:
        raise ValueError(f"{short(amount, 20)} is no amount")
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def count(value: Any, most: int = 1_000_000) -> int:
    """Return how many a shop says, 0 for none; raise ValueError for what cannot be."""
    number = int(value or 0)
    if not 0 <= number <= most:
        raise ValueError(f"{number} is no quantity")
    return number


def moment_of(text: Any) -> datetime:
    """Return a time of a shop's, in UTC where it names no zone; raise ValueError for none."""
    at = datetime.fromisoformat(str(text))
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def named(*parts: Any) -> str:
    """Return a person's name from its parts."""
    return line_of(" ".join(str(one) for one in parts if one))
