"""Show for which reasons deals are closed, what a text says of one, and who has to give one."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from storage.crm import deals, pipelines
from storage.crm.deals import reasons
from storage.crm.pipelines import STAGE
from storage.database.engine import Database
from storage.errors import Conflict, Invalid
from storage.records import history, lifecycle, schema
from storage.records.schema import choice_definitions
from storage.workspace import plugin_settings


def given(session: Session) -> dict[str, str]:
    """Add four reasons and return what is stored of each by its name."""
    schema.see_as(session, None)
    names = {"Price": "lost", "Price list": "lost", "Timing": "lost", "Reference": "won"}
    return {
        name: choice_definitions.define(session, "deal", reasons.FIELD, name=name, kind=kind).key
        for name, kind in names.items()
    }


def test_a_text_names_a_reason_or_begins_with_one(session: Session) -> None:
    keys = given(session)
    for typed, name, rest in (
        ("price", "Price", None),
        ("PRICE.", "Price", None),
        ("price: too high", "Price", "too high"),
        ("Price list, out of date", "Price list", "out of date"),
        ("price list", "Price list", None),
        ("Timing – next year", "Timing", "next year"),
        ("pricey", None, "pricey"),
        ("reference", None, "reference"),
        ("  ", None, None),
    ):
        assert reasons.told(session, "lost", typed) == (keys[name] if name else None, rest), typed
    assert reasons.told(session, "won", "reference") == (keys["Reference"], None)


def test_a_reason_stays_while_a_deal_is_closed_alike_and_goes_when_it_is_open_again(session: Session) -> None:
    keys = given(session)
    deal = deals.add(session, name="a")
    for wrong in (keys["Price"], "~99", "luck"):
        with pytest.raises(Invalid):
            deals.win(session, deal, wrong)
    deals.win(session, deal, keys["Reference"])
    values = {"name": "Paid", "pipeline": deal.pipeline_id, "outcome": "won", "probability": 100, "position": 9}
    lifecycle.add(session, STAGE, values)
    deals.move(session, deal, "Paid")
    assert (deal.stage.name, reasons.called(session, deal)) == ("Paid", "Reference")
    deals.lose(session, deal, "sent back", keys["Timing"])
    assert (reasons.called(session, deal), deal.lost_reason) == ("Timing", "sent back")
    deals.move(session, deal, "Lead")
    assert (deal.closed_reason, deal.lost_reason) == (None, None)
    choice_definitions.retire(session, choice_definitions.get(session, int(keys["Price"][1:])))
    with pytest.raises(Conflict):
        deals.lose(session, deal, None, keys["Price"])


@pytest.mark.parametrize(
    ("chosen", "source", "refused"),
    [
        ("never", "deal edit", set()),
        ("lost", "deal edit", {"Lost"}),
        ("won", "deal edit", {"Won"}),
        ("both", "deal edit", {"Won", "Lost"}),
        ("both", "api.update", {"Won", "Lost"}),
        ("both", history.IMPORT, set()),
    ],
)
def test_people_and_programs_are_asked_and_files_are_not(
    database: Database, workspace: str, chosen: str, source: str, refused: set[str]
) -> None:
    with database.transaction(workspace) as session, history.recording(session, actor_id="UANN", source=source):
        given(session)
        plugin_settings.choose(session, reasons.ASK, chosen)
        found = set()
        for name in ("Won", "Lost"):
            deal = deals.add(session, name=name)
            try:
                deals.put(session, deal, pipelines.resolve_stage(session, name).id)
            except Invalid:
                found.add(name)
        assert found == refused
