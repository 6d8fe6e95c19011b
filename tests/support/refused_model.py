"""Keep a model that was not good enough, with all that is said of one."""

from __future__ import annotations

from sqlalchemy.orm import Session

from storage.support import model_versions
from storage.support.model_versions import ModelVersion


def keep_refused(session: Session) -> ModelVersion:
    """Keep what a refused model was worth."""
    worth = {"right": 0.8, "coverage": 0.7, "precision": 0.9, "ece": 0.02, "confusion": [["bug", "billing", 3]]}
    figures = {"method": "held-out", "labels": 40, "judged": 25, "current_version": "starter-1"}
    figures |= {"current": worth, "candidate": worth}
    return model_versions.keep(
        session, version="model-<!here>", figures=figures, last_label_id=0, weights=None, promote=False
    )
