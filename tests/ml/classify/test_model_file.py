import hashlib
import json
import pickle
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml.classify import model_file
from ml.classify.classifier import MessageClassifier
from ml.classify.model_file import MODEL_FILE, ModelRefused, load, save

TEXTS = ["pay the bill", "my bill is wrong", "the invoice", "the site is down", "error on the site", "it crashes"]
LABELS = ["billing"] * 3 + ["bug"] * 3

Body = dict[str, Any]


@pytest.fixture
def model() -> MessageClassifier:
    return MessageClassifier(name="tiny").fit(TEXTS, LABELS)


@pytest.fixture
def kept(tmp_path: Path, model: MessageClassifier) -> Path:
    save(model, tmp_path, notes={"why": "a test"})
    return tmp_path


def weights_of(directory: Path) -> Path:
    (weights,) = directory.glob("weights-*.npz")
    return weights


def forge(directory: Path, change: Callable[[Body], object]) -> None:
    """Change a model's JSON as one could who also corrects the checksum."""
    body = json.loads((directory / MODEL_FILE).read_text())["body"]
    change(body)
    plain = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    checksum = hashlib.sha256(plain.encode()).hexdigest()
    (directory / MODEL_FILE).write_text(f'{{"sha256":"{checksum}","body":{plain}}}\n')


def forge_weights(directory: Path, content: bytes) -> None:
    """Put other weights in place, named by the model's JSON with the right checksum."""
    weights_of(directory).write_bytes(content)
    name, digest = weights_of(directory).name, hashlib.sha256(content).hexdigest()
    forge(directory, lambda body: body.update(weights={"file": name, "sha256": digest}))


def npz(**arrays: Any) -> bytes:
    buffer = BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def test_a_model_loads_as_it_was_saved(kept: Path, model: MessageClassifier) -> None:
    stored = load(kept)
    assert stored.notes == {"why": "a test"}
    assert stored.model.get_params() == model.get_params()
    assert stored.model.version_ == model.version_
    assert stored.model.figures_ == model.figures_
    for text in ["why is my bill wrong", "crash!", ""]:
        assert stored.model.classify(text) == model.classify(text)
    assert np.array_equal(stored.model.predict_proba(TEXTS), model.predict_proba(TEXTS))


def test_the_starter_model_loads_as_it_was_saved(tmp_path: Path, starter: MessageClassifier) -> None:
    save(starter, tmp_path)
    assert load(tmp_path).model.classify("我的发票开错了") == starter.classify("我的发票开错了")


def test_saving_twice_writes_the_same_bytes(kept: Path, model: MessageClassifier, tmp_path: Path) -> None:
    save(model, tmp_path / "again", notes={"why": "a test"})
    for path in (kept / MODEL_FILE, weights_of(kept)):
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


def test_saving_another_model_leaves_nothing_of_the_old_one(kept: Path) -> None:
    other = MessageClassifier(c=0.1).fit(TEXTS, LABELS)
    save(other, kept)
    assert load(kept).model.version_ == other.version_
    assert len(list(kept.iterdir())) == 2


@pytest.mark.parametrize("name", ["json", "weights"])
def test_no_single_byte_can_be_changed(kept: Path, name: str) -> None:
    path = kept / MODEL_FILE if name == "json" else weights_of(kept)
    content = path.read_bytes()
    for position in range(0, len(content), max(1, len(content) // 300)):
        changed = bytearray(content)
        changed[position] ^= 1
        path.write_bytes(changed)
        with pytest.raises(ModelRefused):
            load(kept)
    path.write_bytes(content)
    load(kept)


@pytest.mark.parametrize("extra", [b" ", b"{}", b"\0"])
def test_nothing_can_be_added_to_the_json(kept: Path, extra: bytes) -> None:
    path = kept / MODEL_FILE
    path.write_bytes(path.read_bytes() + extra)
    with pytest.raises(ModelRefused):
        load(kept)


def test_a_missing_model_is_refused_by_name(tmp_path: Path, kept: Path) -> None:
    with pytest.raises(ModelRefused, match=r"model\.json"):
        load(tmp_path / "nowhere")
    weights_of(kept).unlink()
    with pytest.raises(ModelRefused, match="weights-"):
        load(kept)


@pytest.mark.parametrize("content", [b"", b"null", b"[]", b"{}", b"\xff\xfe", b"[" * 100_000, b'{"body": 3}'])
def test_what_is_no_model_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / MODEL_FILE).write_bytes(content)
    with pytest.raises(ModelRefused):
        load(tmp_path)


@pytest.mark.parametrize("limit", ["MAX_JSON_BYTES", "MAX_WEIGHT_BYTES"])
def test_files_beyond_their_cap_are_refused(kept: Path, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(model_file, limit, 100)
    with pytest.raises(ModelRefused, match="larger"):
        load(kept)


def test_weights_that_unpack_beyond_their_cap_are_refused(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = BytesIO()
    np.savez_compressed(buffer, coef=np.zeros((500, 500)), idf=np.zeros(500), intercept=np.zeros(2))
    forge_weights(kept, buffer.getvalue())
    monkeypatch.setattr(model_file, "MAX_WEIGHT_BYTES", 100_000)
    with pytest.raises(ModelRefused, match="too large"):
        load(kept)


class Trap:
    """Would make a folder if it were unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.mkdir, (self.path,))


def test_pickled_weights_are_refused_and_never_run(kept: Path) -> None:
    trap = np.array([Trap(kept / "sprung")], dtype=object)
    forge_weights(kept, npz(coef=trap, idf=np.ones(1), intercept=np.ones(2)))
    with pytest.raises(ModelRefused):
        load(kept)
    forge_weights(kept, pickle.dumps(Trap(kept / "sprung")))
    with pytest.raises(ModelRefused):
        load(kept)
    assert not (kept / "sprung").exists()


def test_weights_are_only_ever_read_beside_the_model(kept: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / weights_of(kept).name
    elsewhere.write_bytes(weights_of(kept).read_bytes())
    forge(kept, lambda body: body["weights"].update(file=str(elsewhere)))
    with pytest.raises(ModelRefused, match="outside"):
        load(kept)


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.update(format=99),
        lambda body: body.pop("classes"),
        lambda body: body.update(classes=["billing"]),
        lambda body: body.update(words=body["words"] + body["words"][:1]),
        lambda body: body.update(words=[["a"]] * len(body["words"])),
        lambda body: body.update(temperature=0),
        lambda body: body.update(temperature="warm"),
        lambda body: body.update(threshold="high"),
        lambda body: body.update(parameters={"unknown": 1}),
        lambda body: body.update(weights="x"),
        lambda body: body.update(figures=[]),
    ],
)
def test_fields_that_do_not_fit_are_refused(kept: Path, change: Callable[[Body], object]) -> None:
    forge(kept, change)
    with pytest.raises(ModelRefused):
        load(kept)


@pytest.mark.parametrize("name", ["coef", "idf", "intercept"])
@pytest.mark.parametrize("wrong", ["nan", "shape", "text", "missing"])
def test_weights_that_do_not_fit_are_refused(kept: Path, model: MessageClassifier, name: str, wrong: str) -> None:
    arrays: dict[str, Any] = {"coef": model.coef_, "idf": model.features_.idf_, "intercept": model.intercept_}
    if wrong == "missing":
        arrays.pop(name)
    else:
        changed = {"nan": arrays[name] * np.nan, "shape": arrays[name][:-1], "text": arrays[name].astype(str)}
        arrays[name] = changed[wrong]
    forge_weights(kept, npz(**arrays))
    with pytest.raises(ModelRefused):
        load(kept)
