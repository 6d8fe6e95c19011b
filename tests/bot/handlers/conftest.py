"""Give tests of handlers a company whose support has begun."""

from __future__ import annotations

import pytest

from sandbox.control.client import Person
from tests.support.company import Company
from tests.support.support_desk import BROKEN


@pytest.fixture
def linked(company: Company, manager: Person) -> Company:
    """Link the shared channel to Globex and show the cards in #support."""
    company.rep.types("/customer add Globex tier:gold", channel="CGENERAL")
    company.rep.types("/customer link globex channel:#ext-globex", channel="CGENERAL")
    manager.types("/crm triage #support", channel="CGENERAL")
    return company


@pytest.fixture
def support(linked: Company) -> Company:
    """Have a customer write in the linked channel, and a card shown."""
    linked.customer.posts(BROKEN, channel="CSHARED")
    linked.agent.sees("T-1", channel="CSUPPORT")  # the first message waits for the model
    return linked
