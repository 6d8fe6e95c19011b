"""Keep the pipelines deals move through: their stages, how likely each is to be won, and every move."""

from storage.crm.pipelines.declaration import PIPELINE, STAGE, add_with, begin_in, shift
from storage.crm.pipelines.entering import enter, held
from storage.crm.pipelines.finding import (
    STANDARD_STAGES,
    all_of,
    changes,
    counterpart,
    default,
    every_stage,
    no_stage,
    open_stages,
    resolve_pipeline,
    resolve_stage,
    resolve_stages,
    stage,
    stage_with,
    stages,
    stages_in,
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
    "add_with",
    "all_of",
    "begin_in",
    "changes",
    "counterpart",
    "default",
    "enter",
    "every_stage",
    "held",
    "no_stage",
    "open_stages",
    "resolve_pipeline",
    "resolve_stage",
    "resolve_stages",
    "shift",
    "stage",
    "stage_with",
    "stages",
    "stages_in",
]
