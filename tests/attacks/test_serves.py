"""Show that what the attacks are tried on is the product, and serves."""

from __future__ import annotations

import pytest

from sandbox.server import Sandbox
from tests.support.replicas import StartReplica


@pytest.mark.parametrize("socket", [False, True], ids=["http", "socket"])
def test_the_product_in_a_process_of_its_own_answers_a_person(
    slack: Sandbox, start: StartReplica, socket: bool
) -> None:
    replica = start(socket=socket)
    assert "Added" in slack.person("UAREP").types("/customer add Acme", channel="CGENERAL").text
    assert replica.stop() == 0
    assert "Traceback" not in replica.said
