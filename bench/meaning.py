"""Measure the search by meaning in many notes, and how much of the exact ranking it finds: `measure()`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import company
from bench.figures import Figure, percentile
from ml.starter import load_examples
from ml.text.encoder import installed
from ml.text.meaning import cosines, encoder, packed, signs
from storage.database.embedded import EmbeddedPostgres
from storage.database.engine import Database
from storage.meaning import search

Floats = NDArray[np.floating[Any]]

ROWS, ROWS_QUICK = 100_000, 2_000
CUSTOMERS = 1_000
ASKED = 60
WARM_UP = 10
FOUND = 10
STRAY = 0.5
"""How far a message is from two of the starter's examples between which it lies."""
BATCH = 5_000


def measure(rows: int, logs: Path, settings: dict[str, str]) -> tuple[list[Figure], str]:
    """Search `rows` notes, from the encoded question to the ten that mean most the same; nothing without the encoder.

    The vectors lie between those of two examples of one category, with noise beside.
    """
    if not installed():
        return [], ""
    logs.mkdir(exist_ok=True)
    made = made_up(rows + ASKED)
    kept, asked = made[:rows], made[rows:]
    with EmbeddedPostgres(logs / "postgres", settings=settings) as server:
        url = server.start()
        company.fill(url, CUSTOMERS, related=rows)
        order = _keep(url, kept)
        database = Database(url, pool_size=1)
        milliseconds, hits = [], 0
        try:
            for question in asked:
                exact = set(np.argsort(-(kept @ question))[:FOUND].tolist())
                begun = time.perf_counter()
                with database.transaction(company.TEAM) as session:
                    near = search.candidates(session, signs(question[None])[0])
                best = np.argsort(-cosines(question, [one.vector for one in near]))[:FOUND]
                milliseconds.append(1000 * (time.perf_counter() - begun))
                hits += len(exact & {order[near[i].id] for i in best})
        finally:
            database.dispose()
        version = company.version(url)
    at = f"{rows} notes"
    return [
        Figure("meaning_search_p50", percentile(milliseconds[WARM_UP:], 0.5), "ms", at),
        Figure("meaning_search_recall_at_10", hits / (FOUND * len(asked)), "share", at),
    ], version


def made_up(count: int) -> Floats:
    """Return vectors (count, 512), each between those of two examples of one category."""
    examples, random = load_examples(), np.random.default_rng(0)
    known, labels = encoder().vectors(examples.texts), np.array(examples.labels)
    first = random.integers(len(known), size=count)
    second = np.empty(count, dtype=int)
    for label in np.unique(labels):
        of_it = np.flatnonzero(labels[first] == label)
        second[of_it] = random.choice(np.flatnonzero(labels == label), len(of_it))
    stray = random.normal(size=(count, known.shape[1])) / np.sqrt(known.shape[1])
    found = known[first] + random.random((count, 1)) * known[second] + STRAY * stray
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), dtype=np.float32)


def _keep(url: str, vectors: Floats) -> dict[int, int]:
    """Keep a vector for each note, and return the number of each row's vector."""
    with closing(company.connect(url)) as connection:
        notes = [row[0] for row in connection.execute("SELECT id FROM note ORDER BY id LIMIT %s", [len(vectors)])]
        into = "COPY meaning (workspace_id, note_id, signs, vector) FROM STDIN"
        with connection.cursor() as cursor, cursor.copy(into) as copy:
            for row in _rows(notes, vectors):
                copy.write_row(row)
        connection.execute("VACUUM (ANALYZE) meaning")
        number = {note: i for i, note in enumerate(notes)}
        return {row: number[note] for row, note in connection.execute("SELECT id, note_id FROM meaning")}


def _rows(notes: list[int], vectors: Floats) -> Iterator[tuple[str, int, str, bytes]]:
    for begin in range(0, len(notes), BATCH):
        for note, (kept, bits) in zip(
            notes[begin : begin + BATCH], packed(vectors[begin : begin + BATCH]), strict=True
        ):
            yield company.TEAM, note, bits, kept
