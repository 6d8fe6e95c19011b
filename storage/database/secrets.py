"""Seal tokens so that a copy of the database is of no use without the keys.

Fernet (AES-128-CBC with HMAC-SHA256) has no associated data, so what a secret belongs to is sealed with it: a token
copied into another workspace's row cannot be opened there.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class SealBroken(Exception):
    """A sealed secret was altered, belongs to another workspace, or its key is not among ours."""


@dataclass(frozen=True)
class Sealed:
    """Hold an encrypted secret and the id of the key that opens it."""

    text: str
    key_id: str


class Vault:
    """Seal secrets with the first of several Fernet keys and open them with any.

    To change keys, put the new one in front, `reseal` what is stored, and take the old one away. Raises ValueError for
    a key that is not 32 bytes in URL-safe base64, and for no key at all.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("an encryption key is needed")
        self._by_id = {key_id(key): Fernet(key) for key in keys}
        self._all = MultiFernet(list(self._by_id.values()))
        self.key_id = next(iter(self._by_id))

    def seal(self, secret: str, *, workspace_id: str) -> Sealed:
        """Return the secret encrypted for one workspace."""
        inside = json.dumps({"team_id": workspace_id, "secret": secret})
        return Sealed(self._all.encrypt(inside.encode()).decode(), self.key_id)

    def open(self, sealed: Sealed, *, workspace_id: str) -> str:
        """Return the secret; raise SealBroken if it cannot be opened with our keys for this workspace."""
        try:
            inside = json.loads(self._all.decrypt(sealed.text.encode()))
        except InvalidToken as exc:
            known = "its key is ours, so it was altered" if sealed.key_id in self._by_id else "its key is not ours"
            raise SealBroken(f"The token of {workspace_id} cannot be opened: {known} (key {sealed.key_id}).") from exc
        if inside["team_id"] != workspace_id:
            raise SealBroken(f"The token in the row of {workspace_id} belongs to another workspace.")
        secret: str = inside["secret"]
        return secret

    def reseal(self, sealed: Sealed, *, workspace_id: str) -> Sealed:
        """Return the secret under the newest key; the same object if it is already."""
        if sealed.key_id == self.key_id:
            return sealed
        return self.seal(self.open(sealed, workspace_id=workspace_id), workspace_id=workspace_id)


def key_id(key: str) -> str:
    """Return the name of a key, which tells nothing of it: the beginning of its SHA-256."""
    return hashlib.sha256(key.encode()).hexdigest()[:8]


def new_key() -> str:
    """Return a key for RAPPORT_ENCRYPTION_KEYS."""
    return Fernet.generate_key().decode()
