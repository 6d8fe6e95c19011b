"""Pack a model's files into one value for a database, and read it back by the rules of `ml.classify.model_file`."""

import zipfile
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ml.classify.classifier import MessageClassifier
from ml.classify.model_file import MAX_JSON_BYTES, MAX_WEIGHT_BYTES, MODEL_FILE, ModelRefused, StoredModel, load, save

MAX_BLOB_BYTES = 128 * 2**20
_MOST_MEMBERS = 4


def pack(model: MessageClassifier, notes: dict[str, Any] | None = None) -> bytes:
    """Return a fitted model, with its notes, as a zip file of what `ml.classify.model_file.save` writes."""
    packed = BytesIO()
    with TemporaryDirectory(prefix="rapport-model-") as folder, zipfile.ZipFile(packed, "w") as archive:
        save(model, Path(folder), notes)
        for path in sorted(Path(folder).iterdir()):
            archive.write(path, path.name, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def unpack(blob: bytes) -> StoredModel:
    """Read a packed model; raise ModelRefused, saying why, for anything but what `pack` wrote."""
    if len(blob) > MAX_BLOB_BYTES:
        raise ModelRefused(f"The model is larger than {MAX_BLOB_BYTES // 2**20} MB.")
    try:
        with zipfile.ZipFile(BytesIO(blob)) as archive:
            members = archive.infolist()
            _check(members)
            content = {member.filename: archive.read(member) for member in members}
    except (zipfile.BadZipFile, zipfile.LargeZipFile, RuntimeError, NotImplementedError, OSError, EOFError) as error:
        raise ModelRefused("This is no packed model.") from error
    except ValueError as error:
        if isinstance(error, ModelRefused):
            raise
        raise ModelRefused("This is no packed model.") from error
    with TemporaryDirectory(prefix="rapport-model-") as folder:
        for name, data in content.items():
            (Path(folder) / name).write_bytes(data)
        return load(Path(folder))


def _check(members: list[zipfile.ZipInfo]) -> None:
    """Refuse what would be written elsewhere or unpack to more than a model may be."""
    if len(members) > _MOST_MEMBERS or MODEL_FILE not in {member.filename for member in members}:
        raise ModelRefused("The packed model does not hold the files of one model.")
    if any(member.filename != Path(member.filename).name or member.filename in {"", ".", ".."} for member in members):
        raise ModelRefused("The packed model names files outside its directory.")
    if sum(member.file_size for member in members) > MAX_JSON_BYTES + MAX_WEIGHT_BYTES:
        raise ModelRefused("The packed model would unpack to more than a model may be.")
