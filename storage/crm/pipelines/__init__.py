"""Keep the pipelines deals move through: their stages, how likely each is to be won, and every move."""

from storage.crm.pipelines.declaration import PIPELINE, STAGE
from storage.crm.pipelines.finding import (
    STANDARD_STAGES,
    all_of,
    changes,
    default,
    open_stages,
    resolve_stage,
    stage,
    stage_with,
    stages,
)
from storage.crm.pipelines.model import Outcome, Pipeline, Stage, StageChange

__all__ = [
    "PIPELINE",
    "STAGE",
    "STANDARD_STAGES",
    "Outcome",
    "Pipeline",
    "Stage",
    "StageChange",
    "all_of",
    "changes",
    "default",
    "open_stages",
    "resolve_stage",
    "stage",
    "stage_with",
    "stages",
]
