"""Pipelines as an admin sets them up, by buttons and by words, and as reps use them at once."""

from __future__ import annotations

import re

import pytest

from sandbox.control.client import Person
from tests.support.company import Company

DM = "@Rapport"


def plain(text: str) -> str:
    return " ".join(re.sub("[_*]", "", text).split())


@pytest.fixture
def renewals(admin: Person) -> str:
    return admin.types("/crm pipeline add Renewals").text


def test_several_pipelines_are_shown_and_deals_move_between_them(renewals: str, admin: Person, rep: Person) -> None:
    shown = rep.types("/crm pipelines").text
    assert "Sales" in shown and "Renewals" in shown
    rep.types("/deal add Acme stage:proposal")
    rep.types("/deal add Globex pipeline:renewals amount:5k")
    assert "Renewals" in rep.types("/deal show D-2").text
    assert "Moved to Qualified." in rep.types("/deal move D-1 pipeline:Renewals stage:Qualified").text
    assert "D-1" in rep.types("/deal list pipeline:renewals").text
    assert "D-1" not in rep.types("/deal list pipeline:sales").text
    rep.types("/deal add Initech stage:qualified")
    found = rep.types("/deal list stage:qualified").text
    assert "D-1" in found and "D-3" in found
    rep.types("/deal show D-2")
    rep.selects("Move to", "Sales: Negotiation")
    rep.sees("Moved to Negotiation.")
    assert "D-2" in rep.types("/deal list pipeline:sales").text
    assert "Stage: Lead → Negotiation" in rep.types("/crm history D-2").text
    assert "There is no pipeline called nowhere." in rep.types("/deal move D-1 pipeline:nowhere").text


@pytest.mark.parametrize("stages", ['stages:"Due, Offer sent, Signed"', "stages:Due, Offer sent, Signed"])
def test_a_pipeline_is_added_with_stages_of_its_own(admin: Person, rep: Person, stages: str) -> None:
    said = "Due 25% 0 deals Offer sent 50% 0 deals Signed 75% 0 deals Won 🎉 0 deals Lost ✖ 0 deals"
    assert "Added *Renewals*." in admin.types(f"/crm pipeline add Renewals {stages}").text
    assert said in plain(rep.types("/crm stages").text)
    assert "Offer sent" in rep.types('/deal add Acme pipeline:renewals stage:"offer sent"').text
    admin.types("/crm pipelines")
    admin.clicks("Add a pipeline")
    assert "named twice" in admin.submits({"Name": "Partners", "Stages": "A, B, a"}).errors["stages"]
    admin.submits({"Name": "Partners", "Stages": "Won, Talking, Negotiation"})
    admin.sees("Talking")
    assert "Negotiation 75%" in plain(rep.types("/crm stages").text)
    assert "needs a stage that is open" in admin.types("/crm pipeline add Odd stages:Won, Lost").text


def test_a_stage_is_merged_with_its_deals(company: Company, admin: Person, rep: Person) -> None:
    for name in ("a", "b", "c"):
        rep.types(f"/deal add {name} stage:proposal")
    preview = admin.types("/crm stage merge Proposal into Negotiation").text
    assert "*Proposal* goes out of use with 3 deals." in preview
    admin.clicks("They become Negotiation")
    company.settles()
    admin.sees("*Proposal* → *Negotiation*: moved", channel=DM)
    assert "Negotiation" in rep.types("/deal show D-2").text
    assert "Stage: Proposal → Negotiation" in rep.types("/crm history D-2").text
    assert "There is no stage called Proposal." in rep.types("/deal move D-2 Proposal").text
    assert "I am taking *Proposal* → *Negotiation* back." in admin.types("/crm undo").text
    company.settles()
    admin.sees("taken back", channel=DM)
    assert "Proposal" in rep.types("/deal show D-2").text


def test_stages_are_added_renamed_ordered_and_retired_by_buttons(admin: Person, rep: Person) -> None:
    admin.types("/crm pipelines")
    admin.clicks("Add a stage")
    admin.submits({"Name": "Legal", "Probability": "90"})
    admin.sees("Legal")
    assert "Legal" in rep.types("/deal add Acme stage:legal").text
    admin.types("/crm pipelines")
    admin.clicks("Move down")
    admin.sees("Moved.")
    admin.types("/crm stage edit Legal name:Contract")
    assert "Contract" in rep.types("/deal show D-1").text
    assert "goes out of use with 1 deal" in admin.types("/crm stage merge Contract into Lead").text
    admin.types("/crm pipelines")
    admin.clicks("Add a pipeline")
    admin.submits({"Name": "Renewals"})
    admin.sees("Added *Renewals*.")
    admin.types("/crm pipelines")
    admin.clicks("Let deals begin here")
    admin.sees("Deals begin in *Renewals* now.")
    assert "Renewals" in rep.types("/deal add Initech").text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("/crm stage merge Won into Proposal", "is the only stage of its kind"),
        ("/crm stage merge Proposal into Won", "do not mean the same"),
        ("/crm stage merge Nowhere into Won", "There is no stage called Nowhere."),
        ("/crm stage merge Proposal", "Into which stage?"),
    ],
)
def test_what_would_leave_deals_wrong_is_refused(admin: Person, typed: str, said: str) -> None:
    assert said in admin.types(typed).text
