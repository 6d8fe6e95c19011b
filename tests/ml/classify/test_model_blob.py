"""Show that a model survives being packed, and that anything else in its place is refused and runs nothing."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest

from ml.classify.classifier import MessageClassifier
from ml.classify.model_blob import pack, unpack
from ml.classify.model_file import ModelRefused


@pytest.fixture(scope="module")
def blob(starter: MessageClassifier) -> bytes:
    return pack(starter, {"labels": 20})


def test_a_model_is_the_same_after_packing(starter: MessageClassifier, blob: bytes) -> None:
    stored = unpack(blob)
    assert stored.notes == {"labels": 20}
    assert stored.model.version_ == starter.version_
    text = "I was charged twice for one invoice"
    assert stored.model.classify(text) == starter.classify(text)


def changed(blob: bytes, name_part: str, content: bytes) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(blob)) as before, zipfile.ZipFile(out, "w") as after:
        for member in before.infolist():
            after.writestr(member.filename, content if name_part in member.filename else before.read(member))
    return out.getvalue()


def archive(**files: bytes) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return out.getvalue()


def test_a_model_that_was_tampered_with_is_refused(blob: bytes) -> None:
    middle = len(blob) // 2
    for wrong in (
        b"",
        b"cos\nsystem\n(S'true'\ntR.",
        blob[:middle],
        blob[:middle] + bytes([blob[middle] ^ 1]) + blob[middle + 1 :],
        changed(blob, "weights", b"other weights"),
        changed(blob, "model.json", b'{"sha256":"","body":{}}'),
        archive(model_dot_json=b"{}", a=b"", b=b"", c=b"", d=b""),
        archive(other_dot_json=b"{}"),
        archive(model_dot_json=b"{}", _dot__dot___escape=b"x"),
    ):
        with pytest.raises(ModelRefused):
            unpack(wrong)


def test_a_model_that_unpacks_to_too_much_is_refused_before_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml.classify.model_blob.MAX_WEIGHT_BYTES", 0)
    monkeypatch.setattr("ml.classify.model_blob.MAX_JSON_BYTES", 1_000)
    with pytest.raises(ModelRefused, match="unpack to more"):
        unpack(archive(model_dot_json=bytes(1_001)))
    monkeypatch.setattr("ml.classify.model_blob.MAX_BLOB_BYTES", 10)
    with pytest.raises(ModelRefused, match="larger"):
        unpack(bytes(11))
