"""Measure on sources never seen how often what is answered is right: `python -m ml.evaluate.promises --data DIR`."""

import argparse
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ml.classify.classifier import MessageClassifier
from ml.classify.track_record import ENOUGH, TrackRecord
from ml.evaluate.banking_mapping import INTENTS as BANKING
from ml.evaluate.bitext_mapping import INTENTS as BITEXT
from ml.evaluate.clinc_mapping import INTENTS as CLINC
from ml.evaluate.public_data import read_csv
from ml.learn.figures import Labelled
from ml.learn.train import starter_model
from ml.starter import load_examples

SETS: dict[str, tuple[Sequence[str], tuple[str, str], Mapping[str, str]]] = {
    "banking77": (("train", "test"), ("text", "category"), BANKING),
    "bitext": (("train", "dev", "test"), ("utterance", "intent"), BITEXT),
    "clinc150": (("train", "val", "test"), ("text", "label"), CLINC),
}
MOST = 3_000
DRAWS = 20
_CHINESE = re.compile("[\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class SourceTrack:
    """Hold what a model promised of its answers and what it kept, as shares; `numbers` is how many cards had one.

    `raw` is the model's own confidence, `promised` what cards said after the workspace's first answers.
    """

    source: str
    messages: int
    answers: int
    raw: float
    raw_kept: float
    numbers: float
    promised: float
    kept: float
    within: float

    def line(self) -> str:
        """Return the figures as a row of a table."""
        shares = (self.raw, self.raw_kept, self.numbers, self.promised, self.kept, self.within)
        counts = f"| {self.source} | {self.messages} | {self.answers} |"
        return counts + "".join(" – |" if np.isnan(share) else f" {share:.1%} |" for share in shares)


def promises(data: Path) -> Iterator[SourceTrack]:
    """Measure the starter on each public set, and on the examples of a language when it learned those of the other."""
    examples = load_examples()
    model = starter_model().fit(examples.texts, examples.labels)
    for name, (parts, columns, categories) in SETS.items():
        yield promise(name, model, _mapped(data / name, parts, columns, categories))
    is_chinese = [bool(_CHINESE.search(text)) for text in examples.texts]
    rows = list(zip(examples.texts, examples.labels, is_chinese, strict=True))
    for name, chinese in (("Chinese from English", True), ("English from Chinese", False)):
        learned = [row for row in rows if row[2] is not chinese]
        model = starter_model().fit([text for text, _, _ in learned], [label for _, label, _ in learned])
        asked = [row for row in rows if row[2] is chinese and row[1] != model.filter_label]
        yield promise(name, model, ([text for text, _, _ in asked], [label for _, label, _ in asked]))


def promise(source: str, model: MessageClassifier, asked: Labelled) -> SourceTrack:
    """Ask a model, and let a workspace of `ENOUGH` answers promise the rest, in several draws."""
    random = np.random.default_rng(0)
    chosen = random.permutation(len(asked[0]))[:MOST].tolist()
    verdicts = [model.classify(asked[0][i], reasons=False) for i in chosen]
    answers = [
        (one.confidence, one.category == asked[1][i])
        for i, one in zip(chosen, verdicts, strict=True)
        if not one.abstained and not one.chatter
    ]
    sure, right = np.array([one for one, _ in answers]), np.array([one for _, one in answers])
    found = [_after(sure, right, random.permutation(len(sure))) for _ in range(DRAWS)]
    shown = [one for one in found if one[0] > 0]
    promised, kept = (np.array([one[n] for one in shown]) for n in (1, 2))
    return SourceTrack(
        source,
        len(chosen),
        len(sure),
        float(sure.mean()),
        float(right.mean()),
        float(np.mean([one[0] for one in found])),
        float(promised.mean()) if shown else np.nan,
        float(kept.mean()) if shown else np.nan,
        float(np.mean(np.abs(promised - kept) <= 0.05)) if shown else np.nan,
    )


def _after(sure: np.ndarray, right: np.ndarray, order: np.ndarray) -> tuple[float, float, float]:
    """Return how many of the later answers get a number, and what these promise and keep on average."""
    first, later = order[:ENOUGH], order[ENOUGH:]
    record = TrackRecord().fit(sure[first], right[first])
    said = np.array([np.nan if (share := record.of(one)) is None else share for one in sure[later].tolist()])
    numbers = ~np.isnan(said)
    if not numbers.any():
        return 0.0, np.nan, np.nan
    return float(numbers.mean()), float(said[numbers].mean()), float(right[later][numbers].mean())


def _mapped(folder: Path, parts: Sequence[str], columns: tuple[str, str], categories: Mapping[str, str]) -> Labelled:
    read = map(partial(_part, folder, columns=columns), parts)
    rows = [(text, categories[label]) for part in read for text, label in part if label in categories]
    return [text for text, _ in rows], [label for _, label in rows]


def _part(folder: Path, part: str, columns: tuple[str, str]) -> list[tuple[str, str]]:
    return list(zip(*read_csv(folder / f"{part}.csv", *columns), strict=True))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line: print a row for each source."""
    parser = argparse.ArgumentParser(prog="python -m ml.evaluate.promises", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with banking77, clinc150 and bitext")
    for found in promises(parser.parse_args(arguments).data):
        sys.stdout.write(found.line() + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
