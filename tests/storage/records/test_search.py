"""Show a search over all nouns: by reference, through typos, in any script, whatever is typed."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from storage.crm import contacts, customers, deals
from storage.records import search
from storage.support import tickets


def test_a_search_looks_at_every_noun_and_puts_the_best_first(session: Session) -> None:
    acme = customers.add(session, name="Acme", domain="acme.example")
    deal = deals.add(session, name="Acme renewal")
    ticket = tickets.add(session, name="Login at Acme fails")
    jane = contacts.add(session, name="Jane", email="jane@acme.example")
    tickets.add(session, name="Something else")
    hits = search.find(session, "acme")
    assert {hit.reference for hit in hits} == {record.reference for record in (acme, deal, ticket, jane)}
    assert (hits[0].noun, hits[0].name) == ("customer", "Acme")
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert [hit.noun for hit in search.find(session, "acme", nouns=["deal"])] == ["deal"]
    assert len(search.find(session, "acme", limit=2)) == 2


def test_a_reference_finds_its_record_alone(session: Session) -> None:
    acme = customers.add(session, name="Acme")
    (hit,) = search.find(session, "c-1")
    assert (hit.reference, hit.name, hit.score) == (acme.reference, "Acme", 1.0)
    assert search.find(session, "C-99") == []
    assert search.find(session, "C-1", nouns=["deal"]) == []
    assert search.find(session, " \u200b") == []


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("华为", "深圳华为技术有限公司"),
        ("技术", "深圳华为技术有限公司"),
        ("阿里八八", "阿里巴巴集团"),
        ("トヨタ", "株式会社トヨタ"),
        ("삼성", "삼성전자"),
        ("газпром", "ПАО Газпром"),
        ("acem corp", "Acme Corporation"),
        ("akme corporation", "Acme Corporation"),
        ("zürich vers", "Zürich Versicherung"),
        ("zurich", "Zürich Versicherung"),
        ("bau", "Müller Maschinenbau GmbH & Co. KG"),
        ("mashinenbu", "Müller Maschinenbau GmbH & Co. KG"),
        ("Müller Maschinenbau", "Müller Maschinenbau GmbH & Co. KG"),
        ("mueller maschinenbau gmbh", "Müller Maschinenbau GmbH & Co. KG"),
        ("maschinen-bau müller", "Müller Maschinenbau GmbH & Co. KG"),
        ("acmecorporation", "Acme Corporation"),
        ("acme-corporation", "Acme Corporation"),
        ("globe x", "Globex"),
        ("glo bex", "Globex"),
    ],
)
def test_typos_and_parts_of_names_find_them(session: Session, typed: str, name: str) -> None:
    names = (
        "深圳华为技术有限公司",
        "阿里巴巴集团",
        "株式会社トヨタ",
        "삼성전자",
        "ПАО Газпром",
        "Acme Corporation",
        "Zürich Versicherung",
        "Globex",
        "北京字节跳动科技有限公司",
        "Müller Maschinenbau GmbH & Co. KG",
    )
    for other in names:
        customers.add(session, name=other)
    assert search.find(session, typed)[0].name == name


def test_a_key_separates_what_is_written_without_spaces() -> None:
    assert search.find_key("ACME 阿里Cloud", None, "acme.example") == "acme 阿 里 cloud acme.example"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    typed=st.text(max_size=80) | st.sampled_from(["%", "_", "'; DROP TABLE customer; --", "\\", "a" * 10_000, "\x00"])
)
def test_whatever_is_typed_is_answered(session: Session, typed: str) -> None:
    assert isinstance(search.find(session, typed), list)
