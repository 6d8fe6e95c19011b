"""Show how customers are kept and found."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from storage.crm import customers
from storage.errors import Ambiguous, Conflict, Invalid, NotFound
from storage.events import CustomerAdded, drain
from storage.records.history import recording
from storage.records.named import at_version


def test_a_customer_gets_a_number_and_is_found_by_reference_name_domain_and_beginning(session: Session) -> None:
    acme = customers.add(session, name="  Acme Corporation ", domain="https://www.Acme.example/about", tier="Gold")
    assert (acme.reference, acme.name, acme.domain, acme.tier) == ("C-1", "Acme Corporation", "acme.example", "gold")
    for typed in ("C-1", "c-1", "ACME  corporation", "acme.example", "acme"):
        assert customers.resolve(session, typed) is acme
    assert [type(fact) for fact in drain(session)] == [CustomerAdded]


def test_two_customers_that_begin_alike_are_ambiguous_unless_one_is_named_exactly(session: Session) -> None:
    short = customers.add(session, name="Acme")
    long = customers.add(session, name="Acme Labs")
    customers.add(session, name="Acme Works")
    assert customers.resolve(session, "acme") is short
    with pytest.raises(Ambiguous) as caught:
        customers.resolve(session, "acme ")
        customers.resolve(session, "acm")
    assert long in caught.value.candidates
    assert len(caught.value.candidates) == 3
    assert "acm" in str(caught.value)


def test_a_name_nobody_has_is_answered_with_near_ones(session: Session) -> None:
    acme = customers.add(session, name="Acme Corporation")
    customers.add(session, name="Globex")
    with pytest.raises(NotFound) as caught:
        customers.resolve(session, "acmee corp")
    assert caught.value.candidates == [acme]
    with pytest.raises(NotFound, match="There is no C-99"):
        customers.resolve(session, "C-99")
    with pytest.raises(NotFound, match="D-1 is a deal, not a customer"):
        customers.resolve(session, "D-1")
    with pytest.raises(Invalid):
        customers.resolve(session, " \u200b ")


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("Acme Corporation", "acmee"),
        ("Müller & Söhne GmbH", "muller sohne"),
        ("深圳华为技术有限公司", "华为"),
        ("阿里巴巴集团", "阿里八八"),
        ("株式会社トヨタ", "トヨタ"),
        ("Østfold Energi", "ostfold energy"),
        ("Stark Industries", "industris"),
    ],
)
def test_a_search_forgives_typos_in_any_script(session: Session, name: str, typed: str) -> None:
    for other in ("Globex", "Initech", "北京字节跳动科技", "Umbrella Corp"):
        customers.add(session, name=other)
    wanted = customers.add(session, name=name)
    assert customers.find(session, typed)[0] is wanted


def test_likely_duplicates_are_those_of_the_same_name_or_domain_and_those_much_alike(session: Session) -> None:
    acme = customers.add(session, name="Acme Corporation", domain="acme.example")
    customers.add(session, name="Globex Corporation")
    assert customers.likely_duplicates(session, "ACME Corporation") == [acme]
    assert customers.likely_duplicates(session, "Acme Corporatoin") == [acme]
    assert customers.likely_duplicates(session, "Totally Different", "acme.example") == [acme]
    assert customers.likely_duplicates(session, "Initech") == []


def test_a_merged_customer_answers_for_its_old_number_and_is_in_no_list(session: Session) -> None:
    old = customers.add(session, name="Acme Inc")
    new = customers.add(session, name="Acme Corporation")
    old.merged_into_id = new.id
    session.flush()
    assert customers.get(session, old.id) is new
    assert customers.resolve(session, old.reference) is new
    assert customers.resolve(session, "acme") is new
    assert customers.find(session, "acme inc") == [new]
    assert customers.list_customers(session) == [new]


def test_lists_are_paged_by_name(session: Session) -> None:
    made = [
        customers.add(session, name=name, owner_id="UREP", tier="gold")
        for name in ("Delta", "alpha", "Bravo", "charlie")
    ]
    by_name = sorted(made, key=lambda customer: customer.name_key)
    first = customers.list_customers(session, owner_id="UREP", limit=2)
    assert first + customers.list_customers(session, owner_id="UREP", tier="Gold", limit=5, after=first[-1]) == by_name
    assert customers.list_customers(session, owner_id="UAGENT") == []


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", {"name": ""}),
        ("name", {"name": "x" * 201}),
        ("name", {"name": "a\x00b"}),
        ("domain", {"name": "Acme", "domain": "not a domain"}),
        ("tier", {"name": "Acme", "tier": "x" * 41}),
    ],
)
def test_what_cannot_be_stored_is_returned(session: Session, field: str, values: dict[str, str]) -> None:
    with pytest.raises(Invalid) as caught:
        customers.add(session, **values)
    assert (caught.value.field, caught.value.typed) == (field, values[field])


def test_changes_are_kept_with_a_version_and_a_stale_one_names_who_was_quicker(session: Session) -> None:
    with recording(session, actor_id="UREP", source="test"):
        acme = customers.add(session, name="Acme", domain="acme.example", tier="gold")
        assert (acme.version, acme.created_by) == (1, "UREP")
        customers.update(session, acme, name="Acme Corporation", domain="", tier="")
        customers.assign(session, acme, "UMANAGER")
        assert (acme.domain, acme.tier, acme.owner.name if acme.owner else None) == (None, None, "Manager")
    assert customers.resolve(session, "acme corporation") is acme
    assert at_version(session, acme, acme.version) is acme
    with pytest.raises(Conflict, match="C-1 was changed meanwhile by Rep"):
        at_version(session, acme, 1)


def test_ones_own_latest_changes_make_nothing_stale(session: Session) -> None:
    with recording(session, actor_id="UREP", source="test"):
        acme = customers.add(session, name="Acme")
    with recording(session, actor_id="UMANAGER", source="test"):
        customers.assign(session, acme, "UMANAGER")
        customers.update(session, acme, tier="gold")
        assert at_version(session, acme, 1) is acme
        with pytest.raises(Conflict, match="by Manager"):
            at_version(session, acme, 0)
        with pytest.raises(Conflict):
            at_version(session, acme, acme.version + 1)
    with recording(session, actor_id="UREP", source="test"), pytest.raises(Conflict, match="by Manager"):
        at_version(session, acme, 1)
    with recording(session, actor_id=None, source="job"), pytest.raises(Conflict):
        at_version(session, acme, 1)


@pytest.mark.parametrize(
    "typed",
    [
        "acme.example",
        "WWW.Acme.Example.",
        "https://acme.example/about?x=1#top",
        "http://www.acme.example:8080",
        "acme.example?x=1",
        "acme.example#top,",
        "acme.example),",
        "<https://acme.example>",
        "info@acme.example",
        "mailto:info@acme.example",
        "https://user:secret@acme.example:443/",
    ],
)
def test_a_domain_is_taken_from_an_address(typed: str) -> None:
    assert customers.check_domain(typed) == "acme.example"


@pytest.mark.parametrize(
    "typed", ["", "acme", "acme..example", "not a domain", "https://", "@", "acme.example:port", "."]
)
def test_what_has_no_domain_is_refused(typed: str) -> None:
    with pytest.raises(Invalid):
        customers.check_domain(typed)
