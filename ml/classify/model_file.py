"""Keep a fitted model as JSON and npz, and load it without executing anything."""

import hashlib
import json
import os
import re
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from ml.classify.classifier import MessageClassifier
from ml.text.features import TextFeatures

FORMAT = 1
MODEL_FILE = "model.json"
MAX_JSON_BYTES = 64 * 2**20
MAX_WEIGHT_BYTES = 256 * 2**20
_ARRAYS = ("coef", "idf", "intercept")
_WEIGHTS_NAME = re.compile(r"weights-[0-9a-f]{16}\.npz")


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
    buffer = BytesIO()
    np.savez_compressed(buffer, coef=model.coef_, idf=model.features_.idf_, intercept=model.intercept_)
    weights = buffer.getvalue()
    digest = hashlib.sha256(weights).hexdigest()
    weights_name = f"weights-{digest[:16]}.npz"
    body = {
        "format": FORMAT,
        "version": model.version_,
        "parameters": model.get_params(),
        "classes": model.classes_.tolist(),
        "words": list(model.features_.words_),
        "grams": list(model.features_.grams_),
        "temperature": model.temperature_,
        "threshold": model.threshold_,
        "filter_threshold": model.filter_threshold_,
        "scope_threshold": model.scope_threshold_,
        "figures": model.figures_,
        "weights": {"file": weights_name, "sha256": digest},
        "notes": notes or {},
    }
    _replace(directory / weights_name, weights)
    _replace(directory / MODEL_FILE, _document(body))
    for old in directory.glob("weights-*.npz"):
        if old.name != weights_name:
            old.unlink(missing_ok=True)


def load(directory: Path) -> StoredModel:
    """Read the model of a directory; raise ModelRefused, saying why, for anything but what `save` wrote."""
    body = _read_body(directory / MODEL_FILE)
    try:
        arrays = _read_weights(directory, body["weights"])
        return StoredModel(_assemble(body, arrays), body["notes"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, ModelRefused):
            raise
        raise ModelRefused(f"The model file does not have the expected fields: {error!r}.") from error


def _document(body: dict[str, Any]) -> bytes:
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
        intact = isinstance(body, dict) and _document(body) == content
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelRefused(f"{path.name} is not a model file.") from error
    if not intact:
        raise ModelRefused(f"{path.name} was changed after it was written: its checksum differs.")
    if body.get("format") != FORMAT:
        raise ModelRefused(f"{path.name} has format {body.get('format')!r}; this program reads {FORMAT}.")
    return dict(body)


def _read_weights(directory: Path, weights: dict[str, str]) -> dict[str, Any]:
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
    if sorted(members) != sorted(f"{name}.npy" for name in _ARRAYS) or sum(members.values()) > MAX_WEIGHT_BYTES:
        raise ModelRefused(f"{weights['file']} holds other arrays than a model's, or too large ones.")
    with np.load(BytesIO(content), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in _ARRAYS}


def _assemble(body: dict[str, Any], arrays: dict[str, Any]) -> MessageClassifier:
    """Build the classifier and check that its parts fit together."""
    model = MessageClassifier(**body["parameters"])
    model.classes_ = np.array(body["classes"], dtype=str)
    model.features_ = TextFeatures(model.min_gram_df)
    model.features_.set_vocabulary(body["words"], body["grams"])
    model.features_.idf_, model.coef_, model.intercept_ = arrays["idf"], arrays["coef"], arrays["intercept"]
    model.temperature_ = float(body["temperature"])
    model.threshold_ = _optional(body["threshold"])
    model.filter_threshold_ = _optional(body["filter_threshold"])
    model.scope_threshold_ = float(body["scope_threshold"])
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
    if not model.temperature_ > 0:
        raise ModelRefused("The model's temperature is not positive.")
    return model


def _optional(value: float | None) -> float | None:
    return None if value is None else float(value)
