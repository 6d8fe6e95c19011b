"""One search over every noun, forgiving as people type."""

from __future__ import annotations

import pytest

from bot.learning.meanings import Meanings
from ml.text.encoder import installed
from ml.text.meaning import encoder
from sandbox.control.client import Person
from tests.support.company import Company


def test_a_typo_finds_records_of_every_noun_and_shows_them(rep: Person) -> None:
    rep.types("/customer add Globex Corporation domain:globex.com")
    rep.types("/deal add Globex renewal amount:12k")
    rep.types("/ticket add Globex login fails")
    said = rep.types("/crm find globx").text.replace("*", "")
    assert "Results for “globx”" in said
    assert all(part in said for part in ("Globex Corporation  C-1", "Globex renewal  D-1", "Globex login fails  T-1"))
    rep.clicks("records.show")
    rep.sees("globex.com")
    assert "Globex login fails" in rep.types("/ticket find globx").text
    rep.clicks("records.show")
    rep.sees("nobody yet")
    assert "Globex renewal" in rep.types("/deal find globx").text
    rep.clicks("records.show")
    rep.sees("$12,000")


def test_chinese_is_found_by_a_part(rep: Person) -> None:
    rep.types("/customer add 上海环球科技有限公司")
    assert "C-1" in rep.types("/crm find 环球科技").text


def test_a_reference_finds_its_record(rep: Person) -> None:
    rep.types("/deal add Acme renewal")
    assert "Acme renewal" in rep.types("/crm find d-1").text


def test_nothing_found_says_how_to_begin(rep: Person) -> None:
    said = rep.types("/crm find *bold* <!channel>").text
    assert "Nothing has a name like “*bold* <!channel>”." in said
    assert "/customer add" in said


def test_nothing_typed_is_asked_for(rep: Person) -> None:
    said = rep.types("/crm find").text
    assert "The text is missing." in said
    assert "Usage: `/crm find <text> [as:csv]`" in said


@pytest.mark.skipif(not installed(), reason="the sentence encoder is not installed")
def test_what_people_wrote_is_found_by_its_meaning_in_another_language(company: Company, rep: Person) -> None:
    rep.types("/customer add Harbor Ltd")
    rep.types("/customer note C-1 They are moving to a new office in May")
    rep.types("/ticket add 包裹还没收到")
    encoder().vectors(["so that it is loaded"])
    assert "Nothing has a name like" in rep.types("/crm find relocation of their premises").text
    assert Meanings(company.bot.background, company.bot.stopping).fill(company.workspace) == 2
    said = rep.types("/crm find relocation of their premises").text
    assert "moving to a new office" in said and "C-1" in said and "包裹" not in said
    found = rep.types("/crm find where is my parcel").text
    assert "“包裹还没收到”" in found and "T-1" in found
    rep.clicks("records.show")
    rep.sees("nobody yet")
    assert Meanings(company.bot.background, company.bot.stopping).fill(company.workspace) == 0


@pytest.mark.skipif(not installed(), reason="the sentence encoder is not installed")
def test_a_process_that_has_just_started_answers_without_loading_the_encoder(rep: Person) -> None:
    rep.types("/customer add Harbor Ltd")
    encoder.cache_clear()
    said = rep.types("/crm find harbor").text
    assert "Harbor Ltd" in said.replace("*", "") and "Rapport has just started" in said
    assert not encoder().is_loaded
