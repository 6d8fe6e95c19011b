"""Stop in the middle of everything: messages unsent, events unhandled, and requests whose process died."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.requests.answers import sentence
from bot.requests.request import Request
from sandbox.sample_teams import APP_ID
from storage.queues import inbox, outbox
from storage.queues.outbox import Delivery
from tests.upgrade import seeds
from tests.upgrade.left import TEAM
from tests.upgrade.stage import Stage
from tests.upgrade.walk import control_of, forge, recorded

LEASE_S = 1.0


def leave(stage: Stage) -> None:
    """Leave something behind in each queue, while nothing works it off."""
    with recorded(stage, "waiting") as session:
        seeds.messages_of_all_kinds(session, "Waiting", set(stage.registry.renderers))
        _changes(session)
    request = stage.requests()[0]
    stage.bot.responder.send_dm(request, sentence("This came too late for Slack."))
    _requests(stage)
    _events(stage)


def _changes(session: Session) -> None:
    """Change a card that was sent, and delete another."""
    cards = select(Delivery).where(
        Delivery.renderer == "triage.card", Delivery.state == "sent", Delivery.kind == "post"
    )
    changed, deleted = session.scalars(cards.order_by(Delivery.seq).limit(2))
    for kind, card in (("update", changed), ("delete", deleted)):
        outbox.enqueue(session, kind=kind, edits=card.id, renderer=card.renderer, record=card.record)


def _requests(stage: Stage) -> None:
    """Ask for things of a process that dies, before they have their effect or before they are answered."""
    with recorded(stage, "dead") as session:
        made = seeds.records(session, "Dead")

    def presses(action: str) -> None:
        forge(stage, action, control_of(stage, made.refs[action.partition(".")[0]]))

    ends: dict[str, Callable[[Request], object]] = {
        "before": lambda request: _stored(stage, request),
        "after": lambda request: stage.bot.runtime.perform(request, before_commit=partial(_store, request=request)),
    }
    for when, does in ends.items():
        stage.opens(lambda: presses("deals.note"))
        with _begins(stage, does):
            stage.submits(text=f"In a form that ends {when} its effect")
            stage.admin.types("/deal list")
            stage.admin.types(f"/deal note {made.refs['deals']} In a command that ends {when} its effect")
            presses("tickets.take" if when == "before" else "tickets.resolve")
            stage.admin.clicks("followups.done_in_list", view="home")


@contextmanager
def _begins(stage: Stage, what: Callable[[Request], object]) -> Iterator[None]:
    """Have a request do no more than this, and acknowledge it."""
    dispatcher = stage.bot.dispatcher
    begin = dispatcher.begin

    def begins(request: Request, *_told: object, **_how: object) -> None:
        what(request)

    dispatcher.begin = begins  # type: ignore[method-assign]  # for as long as the block lasts
    yield
    dispatcher.begin = begin  # type: ignore[method-assign]  # as it was


def _stored(stage: Stage, request: Request) -> None:
    with stage.database.transaction(TEAM) as session:
        _store(session, request)


def _store(session: Session, request: Request) -> None:
    inbox.store(
        session,
        kind=request.kind.value,
        body=dict(request.body),
        event_id=f"{request.kind}:{request.trigger_id or request.key}",
        lease_s=LEASE_S,
    )


def _events(stage: Stage) -> None:
    """Have Slack tell of everything that it is listened to."""
    carla, david, rep = (stage.sandbox.person(one) for one in ("UBCARLA", "UBDAVID", "UAREP"))
    asked = carla.posts("Nobody can log in any more, error 403", channel="CSHARED")
    carla.posts("It is urgent", channel="CSHARED", thread=asked.ts)
    rep.posts("We are looking into it", channel="CSHARED", thread=asked.ts)
    carla.edits(asked.ts, "Nobody can log in any more, error 404", channel="CSHARED")
    gone = david.posts("Please cancel our contract", channel="CACME")
    david.deletes(gone.ts, channel="CACME")
    helped = rep.posts("<@U0BOTA> my laptop is broken", channel="CHELP", raw=True)
    stage.admin.reacts("white_check_mark", helped.ts, channel="CHELP")
    stage.admin.reacts("ticket", asked.ts, channel="CSHARED")
    stage.admin.reacts("ticket", asked.ts, channel="CSHARED", remove=True)
    rep.posts("hello", channel="@rapport")
    rep.opens_home()
    admin = stage.sandbox.control.admin
    admin("user_changes", user="UAGUEST", fields={"real_name": "Gustav Gone", "deleted": True})
    new = {"id": "UANEW", "team_id": TEAM, "name": "new", "real_name": "Nora New"}
    admin("user_joins", user=new)
    admin("shares", channel="CLATER", team="TB")
    admin("unshares", channel="CLATER", team="TB")
    admin("uninstalls", app_id=APP_ID, team=TEAM)
    stage.sandbox.control.settles()
    admin("reinstalls", app_id=APP_ID, team=TEAM)
