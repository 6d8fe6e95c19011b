"""Show that a workspace's own choices are given, filtered, renamed, ordered, retired and brought back."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from storage.crm import customers
from storage.crm.customers import CUSTOMER
from storage.database.engine import Database
from storage.errors import Conflict, Invalid, NotFound
from storage.records import history, lifecycle
from storage.records.declaration import Declaration
from storage.records.fields import ChoiceField
from storage.records.query import parse_filters
from storage.records.schema import choice_definitions as choices
from storage.records.schema import extended
from storage.support import tickets
from storage.support.tickets import TICKET, Ticket, TicketStatus
from tests.support.filter_values import Said


def status_named(session: Session, name: str, kind: str = "open") -> str:
    return choices.define(session, "ticket", "status", name=name, kind=kind).key


def ticket(session: Session, name: str, standing: str = "new") -> Ticket:
    return tickets.stand(session, tickets.add(session, name=name), standing)


def field_of(session: Session, noun: Declaration, key: str) -> ChoiceField:
    field = extended(session, noun).field(key)
    assert isinstance(field, ChoiceField)
    return field


def listed(session: Session, said: str) -> list[str]:
    filters = extended(session, TICKET).filters
    where = parse_filters([said]).where(session, filters, Said())
    return sorted(one.name for one in lifecycle.list_of(session, Ticket, *where))


def test_a_ticket_with_an_own_status_is_of_its_kind_to_all_rules(session: Session) -> None:
    vendor = status_named(session, "At the vendor", "waiting")
    one = ticket(session, "a", vendor)
    assert (one.status, one.standing) == ("waiting", vendor)
    assert extended(session, TICKET).field("status").of(one) == vendor
    tickets.stand(session, one, "waiting")
    assert one.standing == "waiting", "back to the one that comes with Rapport"
    tickets.stand(session, one, vendor)
    tickets.set_status(session, one, TicketStatus.WAITING)
    assert one.standing == vendor, "it is waiting already"
    tickets.set_status(session, one, TicketStatus.RESOLVED)
    assert (one.standing, one.resolved_at is not None) == ("resolved", True)
    tickets.stand(session, one, vendor)
    assert (one.status, one.resolved_at) == ("waiting", None)


def test_a_filter_finds_the_kind_by_its_word_and_one_status_by_its_name(session: Session) -> None:
    looking = status_named(session, "Looking into it")
    ticket(session, "a", looking)
    ticket(session, "b", "open")
    ticket(session, "c")
    assert listed(session, "status:open") == ["a", "b"]
    assert listed(session, "status:looking into it") == ["a"]
    assert listed(session, "status!=looking into it") == ["b", "c"]
    choices.rename(session, "ticket", "status", "open", "In hand")
    assert listed(session, "status:in hand") == ["b"]
    assert listed(session, "status:in hand, LOOKING INTO IT") == ["a", "b"]
    assert listed(session, "status_kind:open") == ["a", "b"]
    with pytest.raises(Invalid) as refused:
        listed(session, "status:nowhere")
    assert refused.value.params["choices"] == "new, In hand, Looking into it, waiting, resolved, closed"


def test_choices_stand_in_the_order_of_their_kinds_and_then_as_an_admin_says(session: Session) -> None:
    status_named(session, "B", "open")
    second = choices.define(session, "ticket", "status", name="C", kind="open")
    status_named(session, "A", "new")

    def offered() -> list[str]:
        field = field_of(session, TICKET, "status")
        return [field.name_of(one) for one in field.choices]

    assert offered() == ["new", "A", "open", "B", "C", "waiting", "resolved", "closed"]
    assert choices.move(session, second, up=True)
    assert offered() == ["new", "A", "open", "C", "B", "waiting", "resolved", "closed"]
    assert not choices.move(session, second, up=True), "it is the first of its kind"


@pytest.mark.parametrize("taken", ["waiting", "Looking", "  LOOKING "])
def test_a_name_means_one_choice(session: Session, taken: str) -> None:
    status_named(session, "Looking")
    with pytest.raises(Conflict):
        status_named(session, taken)
    with pytest.raises(Conflict):
        choices.rename(session, "ticket", "status", "closed", taken)


@pytest.mark.parametrize("name", ["", "a, b", "~1", "x" * 41])
def test_a_name_that_could_not_be_typed_is_refused(session: Session, name: str) -> None:
    with pytest.raises(Invalid):
        status_named(session, name)


def test_there_is_no_sixth_kind(session: Session) -> None:
    with pytest.raises(Invalid) as refused:
        choices.define(session, "ticket", "status", name="Lost", kind="lost")
    assert refused.value.params["kinds"] == "new, open, waiting, resolved, closed"


def test_one_that_records_have_is_not_simply_retired_and_one_of_ours_never(session: Session) -> None:
    looking = choices.define(session, "ticket", "status", name="Looking", kind="open")
    one = ticket(session, "a", looking.key)
    with pytest.raises(Conflict):
        choices.retire(session, looking)
    tickets.stand(session, one, "open")
    assert choices.retire(session, looking)
    with pytest.raises(Conflict):
        tickets.stand(session, one, looking.key)
    again = status_named(session, "Looking")
    with pytest.raises(Conflict):
        choices.restore(session, looking)
    choices.rename(session, "ticket", "status", again, "Seen")
    assert choices.restore(session, looking)
    assert tickets.stand(session, one, looking.key).standing == looking.key
    ours = choices.rename(session, "ticket", "status", "open", "In hand")
    with pytest.raises(Conflict):
        choices.retire(session, ours)


def test_what_is_no_choice_of_the_field_is_given_to_no_ticket(session: Session) -> None:
    tier = choices.define(session, "customer", "tier", name="Gold")
    one = ticket(session, "a")
    for typed in (tier.key, f"~{tier.id}", "~0", "~x", "gold", ""):
        with pytest.raises((NotFound, Conflict)):
            tickets.stand(session, one, typed)


def test_tiers_that_customers_have_are_taken_up_and_then_only_those_are_given(session: Session) -> None:
    customers.add(session, name="Acme", tier="gold")
    choices.define(session, "customer", "tier", name="Silver")
    field = field_of(session, CUSTOMER, "tier")
    assert field.choices == ("gold", "silver")
    choices.rename(session, "customer", "tier", "gold", "Premier")
    values = {"name": "Globex", "tier": "premier"}
    assert field.of(lifecycle.add(session, extended(session, CUSTOMER), values)) == "gold"
    with pytest.raises(Invalid):
        lifecycle.add(session, extended(session, CUSTOMER), {"name": "Initech", "tier": "bronze"})
    another = choices.define(session, "customer", "tier", name="Gold")
    assert another.key == "gold 2", "customers with the old word keep the tier it was"


def test_a_priority_has_another_name_and_no_other_kinds(session: Session) -> None:
    choices.rename(session, "ticket", "priority", "urgent", "P1")
    field = field_of(session, TICKET, "priority")
    for typed in ("p1", "P1", "urgent", "URGENT"):
        assert field.check(session, typed) == "urgent"
    with pytest.raises(Invalid):
        choices.define(session, "ticket", "priority", name="P0", kind="p0")


def test_definitions_are_undone_unless_records_use_them(database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session, history.recording(session, actor_id="UREP", source="test"):
        key = status_named(session, "Looking")
    with database.transaction(workspace) as session:
        one = ticket(session, "a", key)
    with (
        pytest.raises(Conflict),
        database.transaction(workspace) as session,
        history.recording(session, actor_id="UREP", source="test"),
    ):
        history.undo(session, "UREP")
    with database.transaction(workspace) as session:
        tickets.stand(session, session.merge(one), "new")
    with database.transaction(workspace) as session, history.recording(session, actor_id="UREP", source="test"):
        history.undo(session, "UREP")
    with database.transaction(workspace) as session:
        assert choices.all_rows(session, "ticket", "status") == []


def test_another_workspace_has_choices_of_its_own(database: Database, workspace: str, second_workspace: str) -> None:
    with database.transaction(workspace) as session:
        key = status_named(session, "Looking")
    with database.transaction(second_workspace) as session:
        assert field_of(session, TICKET, "status").names == {}
        one = tickets.add(session, name="b")
        with pytest.raises(NotFound):
            tickets.stand(session, one, key)
