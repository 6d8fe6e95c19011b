"""What people type behind a record without saying of which field it is."""

from __future__ import annotations

import pytest

from sandbox.control.client import Person
from tests.support.company import Company


@pytest.fixture
def rep(company: Company) -> Person:
    company.rep.types("/customer add Acme Corp")
    company.rep.types("/deal add Big one")
    company.agent.types("/ticket add Login fails")
    return company.rep


@pytest.mark.parametrize(
    ("typed", "understood", "shown"),
    [
        ("/ticket T-1 high", "/ticket edit T-1 priority:high", "high"),
        ("/ticket 1 waiting", "/ticket edit T-1 status:waiting", "waiting on customer"),
        ("/ticket t-1 waiting on customer", '/ticket edit t-1 status:"waiting on customer"', "waiting on customer"),
        ("/crm T-1 urgent", "/ticket edit T-1 priority:urgent", "urgent"),
        ("/ticket T-1 anton", "/ticket edit T-1 assignee:anton", "@Anton Agent"),
        ("/ticket T-1 Acme Corp", '/ticket edit T-1 customer:"Acme Corp"', "Acme Corp"),
        ("/deal D-1 20k", "/deal edit D-1 amount:20k", "20,000"),
        ("/deal D-1 proposal", "/deal edit D-1 stage:proposal", "Proposal"),
        ("/deal D-1 owner rita", "/deal edit D-1 owner:rita", "@Rita Rep"),
        ("/deal D-1 Stage negotiation", "/deal edit D-1 stage:negotiation", "Negotiation"),
        ("/deal D-1 tomorrow", "/deal edit D-1 close:tomorrow", "Expected to close"),
    ],
)
def test_a_value_that_only_one_field_can_read_is_taken_and_said(
    rep: Person, typed: str, understood: str, shown: str
) -> None:
    said = rep.types(typed).text
    assert f"Understood as {understood}." in said.replace("`", "")
    assert "Saved." in said
    assert shown in said


def test_where_several_fields_can_read_it_people_are_asked(company: Company, rep: Person) -> None:
    company.admin.types("/crm field add deal Seats type:number")
    asked = rep.types("/deal D-1 500").text
    assert "may be several things of D-1. Which is it?" in asked
    assert "500" not in rep.types("/deal show D-1").text
    rep.clicks("Seats", message="Which is it?")
    rep.sees("Saved.")
    assert "Seats" in rep.types("/deal show D-1").text


@pytest.mark.parametrize("typed", ["/deal D-1 banana", "/ticket T-1 purple", '/ticket T-1 "high"', "/deal D-1 k"])
def test_what_no_field_can_read_changes_nothing(rep: Person, typed: str) -> None:
    assert "I don't know what" in rep.types(typed).text


def test_who_may_not_change_it_may_not_that_way(company: Company, rep: Person) -> None:
    company.admin.types("/crm role @rep viewer")
    assert "role" in rep.types("/ticket T-1 high").text
    assert "high" not in rep.types("/ticket show T-1").text
