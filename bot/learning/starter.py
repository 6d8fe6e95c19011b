"""Load the model that ships, once, in a thread of its own: scikit-learn takes seconds to import."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ml.classify.classifier import MessageClassifier


class Starter:
    """Give the model that ships; who asks first has it loaded, and whoever asks waits for it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._lock = threading.Lock()
        self._loading: Future[MessageClassifier] | None = None

    def model(self) -> MessageClassifier:
        """Return the model, once it is loaded; raise what its loading raised."""
        with self._lock:
            if self._loading is None:
                self._loading = self._thread.submit(_load, self._folder)
        return self._loading.result()

    def close(self) -> None:
        """Load nothing any more."""
        self._thread.shutdown(cancel_futures=True)


def _load(folder: Path) -> MessageClassifier:
    from ml.classify.signals import read_signals
    from ml.learn.train import ensure_starter

    model = ensure_starter(folder)
    # Whoever writes first is not to wait for what is loaded with the first message.
    read_signals("hello")
    model.classify("hello")
    return model
