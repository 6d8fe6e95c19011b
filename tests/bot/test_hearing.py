"""Show that what is remembered is doubted after Slack's events could not come, for however short a time."""

from __future__ import annotations

import threading
from functools import partial

from bot.invalidation import Hearing
from bot.slack.sharing import Sharing
from bot.wire.socket import CONNECTIONS
from sandbox.sample_teams import APP_ID
from storage.support import sharing
from tests.support.company import Company
from tests.support.waiting import until


def test_a_gap_is_counted_though_it_was_over_before_anybody_looked(company: Company) -> None:
    bot, asked, gaps, stopping = company.bot, list[str](), 0, threading.Event()
    # A notice of an installation that came late asks for nobody.
    hearing = Hearing(bot.acks, bot.installations, bot.people, bot.models, Sharing(), asked.extend, gaps=lambda: gaps)
    thread = threading.Thread(target=hearing.run, args=[stopping])
    thread.start()
    try:
        until(lambda: len(asked) == 1)
        with company.database.transaction(company.workspace) as session:
            assert sharing.learn(session, "CGENERAL", False, since=sharing.known(session, "CGENERAL"))
        gaps += 1
        until(lambda: len(asked) == 2)
        with company.database.transaction(company.workspace) as session:
            assert sharing.known(session, "CGENERAL").shared is None
        assert asked == ["TA", "TA"]
    finally:
        stopping.set()
        thread.join()


def test_every_time_without_a_connection_is_a_gap(company: Company) -> None:
    sockets = company.bot.sockets
    assert sockets is not None
    control = company.sandbox.control

    def has_gap(before: int) -> bool:
        # A slow machine may have opened one again before the other is closed, which is no gap.
        if sockets.gaps == before and control.app(APP_ID)["sockets"] == CONNECTIONS:
            control.admin("disconnects", app_id=APP_ID, reason="")
        return sockets.gaps not in {None, before}

    for _time in range(2):
        before = sockets.gaps
        assert before is not None
        until(partial(has_gap, before))
