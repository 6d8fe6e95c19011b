"""Keep a fitted model as JSON and npz, and load it without executing anything."""

import hashlib
import json
import math
import os
import re
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from ml.classify.blend import Blend, Head, Usual, Warmth
from ml.classify.calibration import Calibration
from ml.classify.classifier import MessageClassifier
from ml.text.encoder import installed
from ml.text.features import TextFeatures
from ml.text.meaning import DIMENSIONS
from ml.text.neighbours import Neighbours

FORMAT = 1
MODEL_FILE = "model.json"
MAX_JSON_BYTES = 64 * 2**20
MAX_WEIGHT_BYTES = 256 * 2**20
_ARRAYS = ("coef", "idf", "intercept")
_VECTORS = ("classes", "examples", "head", "head_intercept")
_SENSE = "sense"
"""Names what a model makes of meaning; what was kept by another name was mixed otherwise, and its words answer."""
_WEIGHTS_NAME = re.compile(r"(?:weights|meaning)-[0-9a-f]{16}\.npz")


class ModelRefused(ValueError):
    """The model's files cannot be trusted or read: missing, too large, tampered with, or of another format."""


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model as loaded, and the `notes` that were saved with it (plain JSON)."""

    model: MessageClassifier
    notes: dict[str, Any]


def save(model: MessageClassifier, directory: Path, notes: dict[str, Any] | None = None) -> None:
    """Write a fitted model into a directory, made if need be, replacing the one there in one step.

    The weights go into a file named by their hash and `model.json` is swapped last: a crash leaves the old model or the
    new one.
    """
    directory.mkdir(parents=True, exist_ok=True)
    words = model.plain_ or model.calibration
    weights = _packed(coef=model.coef_, idf=model.features_.idf_, intercept=model.intercept_)
    kept = {_name("weights", weights): weights}
    # What only those read who know of it: a program without the encoder, or of the release before, answers by words.
    meaning, parameters = None, model.get_params()
    if model.blend_ is not None:
        head, beside = model.blend_.head, model.blend_.neighbours
        compared = {"examples": beside.examples, "classes": beside.classes}
        vectors = _packed(head=head.coef, head_intercept=head.intercept, **compared)
        kept[_name("meaning", vectors)] = vectors
        meaning = asdict(model.calibration) | {
            "warmth": asdict(model.blend_.warmth),
            "usual": asdict(model.blend_.usual),
            "figures": model.figures_,
            "weights": _about("meaning", vectors),
        }
    del parameters["meaning"]
    body = {
        "format": FORMAT,
        "version": model.version_,
        "parameters": parameters,
        "classes": model.classes_.tolist(),
        "words": list(model.features_.words_),
        "grams": list(model.features_.grams_),
        **asdict(words),
        "figures": model.figures_,
        "weights": _about("weights", weights),
        _SENSE: meaning,
        "notes": notes or {},
    }
    for name, content in kept.items():
        _replace(directory / name, content)
    _replace(directory / MODEL_FILE, document(body))
    for old in [*directory.glob("weights-*.npz"), *directory.glob("meaning-*.npz")]:
        if old.name not in kept:
            old.unlink(missing_ok=True)


def load(directory: Path) -> StoredModel:
    """Read the model of a directory; raise ModelRefused, saying why, for anything but what `save` wrote."""
    body = _read_body(directory / MODEL_FILE)
    try:
        model = _assemble(body, _read_weights(directory, body["weights"], _ARRAYS))
        meaning = body.get(_SENSE)
        if meaning is not None and installed():
            _add_meaning(model, meaning, _read_weights(directory, meaning["weights"], _VECTORS))
        return StoredModel(model, body["notes"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, ModelRefused):
            raise
        raise ModelRefused(f"The model file does not have the expected fields: {error!r}.") from error


def document(body: dict[str, Any]) -> bytes:
    """Return the one way to write a body, its checksum before it: a single changed byte is then seen."""
    plain = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    checksum = hashlib.sha256(plain.encode()).hexdigest()
    return f'{{"sha256":"{checksum}","body":{plain}}}\n'.encode()


def _replace(path: Path, content: bytes) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_bytes(content)
    fresh.replace(path)


def _read(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise ModelRefused(f"There is no readable model: {path.name} ({error.strerror}).") from error
    if len(content) > limit:
        raise ModelRefused(f"{path.name} is larger than {limit // 2**20} MB.")
    return content


def _read_body(path: Path) -> dict[str, Any]:
    content = _read(path, MAX_JSON_BYTES)
    try:
        body = json.loads(content)["body"]
        intact = isinstance(body, dict) and document(body) == content
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelRefused(f"{path.name} is not a model file.") from error
    if not intact:
        raise ModelRefused(f"{path.name} was changed after it was written: its checksum differs.")
    if body.get("format") != FORMAT:
        raise ModelRefused(f"{path.name} has format {body.get('format')!r}; this program reads {FORMAT}.")
    return dict(body)


def _packed(**arrays: Any) -> bytes:
    buffer = BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def _name(kind: str, content: bytes) -> str:
    return f"{kind}-{hashlib.sha256(content).hexdigest()[:16]}.npz"


def _about(kind: str, content: bytes) -> dict[str, str]:
    return {"file": _name(kind, content), "sha256": hashlib.sha256(content).hexdigest()}


def _read_weights(directory: Path, weights: dict[str, str], names: Sequence[str]) -> dict[str, Any]:
    if not _WEIGHTS_NAME.fullmatch(weights["file"]):
        raise ModelRefused("The model file names weights outside its directory.")
    content = _read(directory / weights["file"], MAX_WEIGHT_BYTES)
    if hashlib.sha256(content).hexdigest() != weights["sha256"]:
        raise ModelRefused(f"{weights['file']} was changed after it was written: its checksum differs.")
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            members = {member.filename: member.file_size for member in archive.infolist()}
    except zipfile.BadZipFile as error:
        raise ModelRefused(f"{weights['file']} holds no weights.") from error
    if sorted(members) != sorted(f"{name}.npy" for name in names) or sum(members.values()) > MAX_WEIGHT_BYTES:
        raise ModelRefused(f"{weights['file']} holds other arrays than a model's, or too large ones.")
    with np.load(BytesIO(content), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in names}


def _assemble(body: dict[str, Any], arrays: dict[str, Any]) -> MessageClassifier:
    """Build the classifier and check that its parts fit together."""
    model = MessageClassifier(**body["parameters"])
    model.classes_ = np.array(body["classes"], dtype=str)
    model.features_ = TextFeatures(model.min_gram_df)
    model.features_.set_vocabulary(body["words"], body["grams"])
    model.features_.idf_, model.coef_, model.intercept_ = arrays["idf"], arrays["coef"], arrays["intercept"]
    model.calibration, model.plain_, model.blend_ = _calibration(body), None, None
    model.figures_ = {str(name): float(value) for name, value in body["figures"].items()}
    model.version_ = str(body["version"])
    n_features, n_classes = len(body["words"]) + len(body["grams"]), len(body["classes"])
    if len(model.features_.words_) + len(model.features_.grams_) != n_features or n_classes < 2:
        raise ModelRefused("The model's vocabulary or classes repeat or are missing.")
    shapes = {"coef": (n_features, n_classes), "idf": (n_features,), "intercept": (n_classes,)}
    for name, shape in shapes.items():
        array = arrays[name]
        if array.shape != shape or array.dtype.kind != "f" or not np.isfinite(array).all():
            raise ModelRefused(f"The model's {name} is not {shape} finite numbers.")
    return model


def _add_meaning(model: MessageClassifier, meaning: dict[str, Any], arrays: dict[str, Any]) -> None:
    """Give a model the other half that was saved with it, and check that it fits."""
    head, intercept, examples, kinds = (arrays[name] for name in ("head", "head_intercept", "examples", "classes"))
    if (head.shape, intercept.shape) != ((DIMENSIONS, len(model.classes_)), (len(model.classes_),)):
        raise ModelRefused("The model's head does not fit its classes.")
    if head.dtype != np.float32 or intercept.dtype != np.float32 or not np.isfinite(head).all():
        raise ModelRefused("The model's head is not finite numbers.")
    if examples.dtype != np.int8 or examples.ndim != 2 or examples.shape[1] != DIMENSIONS:
        raise ModelRefused("The model's examples are no sentence vectors.")
    if kinds.dtype != np.int32 or kinds.shape != (len(examples),) or not np.isin(kinds, range(len(head.T))).all():
        raise ModelRefused("The model's examples are of classes that it does not have.")
    model.meaning, model.plain_, model.calibration = True, model.calibration, _calibration(meaning)
    warmth = Warmth(**{name: float(value) for name, value in meaning["warmth"].items()})
    if min(warmth.words, warmth.head) <= 0 or not 0 <= warmth.distrust < math.inf:
        raise ModelRefused("The model's temperatures are not positive.")
    usual = Usual(**{name: float(value) for name, value in meaning["usual"].items()})
    if min(usual.strength_spread, usual.near_spread) <= 0 or not np.isfinite((usual.strength, usual.near)).all():
        raise ModelRefused("The model does not say what is usual.")
    model.blend_ = Blend(Head(head, intercept), Neighbours(examples, kinds), warmth, usual)
    model.figures_ = {str(name): float(value) for name, value in meaning["figures"].items()}


def _calibration(body: dict[str, Any]) -> Calibration:
    temperature = float(body["temperature"])
    if not temperature > 0:
        raise ModelRefused("The model's temperature is not positive.")
    thresholds = _optional(body["threshold"]), _optional(body["filter_threshold"])
    return Calibration(temperature, *thresholds, float(body["scope_threshold"]))


def _optional(value: float | None) -> float | None:
    return None if value is None else float(value)
