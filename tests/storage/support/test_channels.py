"""Show what channels are used for."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from storage.crm import customers
from storage.errors import NotFound
from storage.records.history import recording, timeline
from storage.support import channels


def test_what_slack_says_of_a_channel_is_remembered_and_renewed(session: Session) -> None:
    assert channels.get(session, "C1") is None
    channels.seen(session, "C1", name="acme")
    known = channels.seen(session, "C1", name="acme-shared", is_private=True)
    assert (known.name, known.is_private) == ("acme-shared", True)
    assert channels.get(session, "C1") is known


def test_a_channel_is_one_customers_or_an_inbox_or_neither(session: Session) -> None:
    acme, globex = customers.add(session, name="Acme"), customers.add(session, name="Globex")
    with pytest.raises(NotFound):
        channels.link(session, "C1", acme.id)
    channels.seen(session, "C1", name="acme")
    channels.seen(session, "C2", name="help")
    with recording(session, actor_id="UAGENT", source="test"):
        link = channels.link(session, "C1", acme.id)
        assert (link.use, link.customer, link.created_by) == ("customer", acme, "UAGENT")
        assert link.channel.name == "acme"
        inbox = channels.make_inbox(session, "C2")
        assert (inbox.use, inbox.customer) == ("inbox", None)
    assert [row.entity for row in timeline(session, "customer", acme.id)] == ["channel_link"]
    assert channels.links(session) == [link, inbox]
    assert channels.link(session, "C1", globex.id).customer is globex
    assert channels.links(session, customer_id=acme.id) == []
    assert channels.links(session, customer_id=globex.id) == [link]
    assert channels.make_inbox(session, "C1").customer_id is None
    assert channels.unlink(session, "C1")
    assert not channels.unlink(session, "C1")
    assert channels.link_of(session, "C1") is None


def test_a_workspace_has_one_triage_channel(session: Session) -> None:
    assert channels.triage(session) is None
    channels.set_triage(session, "C9")
    assert channels.triage(session) == "C9"
    channels.set_triage(session, None)
    assert channels.triage(session) is None
