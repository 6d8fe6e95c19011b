"""Use every command, button and form of Rapport once, as the people of one company."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from bot.kit import blocks as b
from bot.requests.request import RequestKind
from ml.classify.classifier import MessageClassifier
from ml.classify.model_blob import pack
from ml.starter import load_examples
from sandbox.control.client import Refused
from storage.crm import followups
from storage.digests import schedules
from storage.records import history
from storage.subjects import called
from storage.support import model_versions
from tests.upgrade import left, seeds
from tests.upgrade.left import ADMIN, TEAM
from tests.upgrade.seeds import Seeded
from tests.upgrade.stage import Stage

TYPED = [
    "/crm help",
    "/crm help deal add",
    "/crm setup currency:EUR zone:Europe/Berlin locale:en-US roles:rep,agent",
    "/crm role @manager manager rep agent manager:@admin",
    "/crm role @agent rep agent manager:@manager",
    "/crm hours always",
    "/crm holiday add 2031-12-25 Christmas",
    "/crm holiday list",
    "/crm holiday remove 2031-12-25",
    "/crm triage #support",
    "/crm inbox #help",
    "/customer add Acme domain:acme.example tier:gold owner:@admin",
    "/customer add Acme",
    "/customer add Globex tier:silver",
    "/customer find acme",
    "/customer show Acme",
    "/customer show Acme share:yes",
    "/customer note Acme asked for a quote",
    "/customer link Globex channel:#ext-globex",
    "/customer link Acme channel:#ext-acme",
    "/crm grouping #ext-acme by:window minutes:15",
    "/crm triage #support for:#ext-acme",
    "/deal add Acme renewal amount:12k customer:Acme close:2031-05-02",
    "/deal add Acme renewal amount:12k customer:Acme",
    "/deal show D-1",
    "/deal show D-1 share:yes",
    "/deal move D-1 negotiation",
    "/deal note D-1 they want it before Christmas",
    "/deal add Won one amount:1k",
    "/deal won D-2",
    "/deal add Lost one",
    "/deal lost D-3 went with a cheaper offer",
    '/followup add D-1 when:"2031-05-02 09:00" call back',
    '/followup add C-1 when:"every monday 9am" look at it',
    '/followup move F-2 when:"every tuesday 9am"',
    '/followup add D-1 when:"2031-05-03 09:00" another call',
    "/followup done F-3",
    '/followup add D-1 when:"2031-05-04 09:00" one more',
    "/followup cancel F-4",
    "/ticket add Login fails on Safari customer:Acme priority:high",
    "/ticket add Login fails on Safari customer:Acme",
    "/ticket show T-1",
    "/ticket show T-1 share:yes",
    "/ticket assign T-1 @agent",
    "/ticket status T-1 waiting on customer",
    "/ticket note T-1 works after a cache reset",
    "/ticket add Twin of it customer:Globex",
    "/ticket merge T-2 into:T-1",
    '/crm replies add "Asking for logs" Hello {contact}, could you send us the log file?',
    '/crm replies add "To be removed" Hello',
    "/crm replies",
    "/crm replies remove To be removed",
    "/crm categories",
    "/crm categories rename bug to:Defects",
    "/crm categories merge refund into:billing",
    "/crm route add category:billing channel:#support to:@agent",
    "/crm route add tier:gold language:zh channel:#general",
    "/crm route",
    "/crm route remove 2",
    "/crm away @agent until:2031-05-01",
    "/crm back @agent",
    "/crm sla set priority:urgent answer:6m resolve:7m",
    "/crm sla set priority:low answer:8h",
    "/crm sla remove priority:low",
    "/crm sla",
    "/crm budget #news 20",
    "/crm renewal add Acme on:2031-03-01",
    "/crm renewal list",
    "/customer note Acme to be taken back",
    "/crm undo",
    "/crm inbox #later",
    "/crm unlink #later",
    "/digest now pipeline period:month",
    "/digest explain F3",
    "/crm find globx",
    "/crm history D-1",
    "/crm history C-1",
    "/crm undelivered",
    "/crm model",
]
"""What the admin types at first, in this order; what is bare opens a form and is left open below."""


ENTERED: dict[str, dict[str, Any]] = {
    "customers.new": {"domain": "new.example"},
    "customers.edit": {"domain": "edited.example", "tier": "silver"},
    "deals.new": {"amount": "12k"},
    "deals.edit": {"amount": "13k"},
    "learning.add": {"examples": "Where is my parcel\nThe parcel is late\nMy parcel never came"},
    "learning.merge": {"into": "howto"},
    "learning.rename": {"name": "Renamed"},
    "triage.more": {"into": "T-1"},
    "digests.new": {"target": "CGENERAL"},
    "followups.reschedule": {"when": "2031-05-01 09:00"},
    "followups.new": {"record": "C-1"},
    "followups.remind": {"record": "C-1"},
}
"""What is entered in forms that would not take just anything."""
TWINS = {"customers.new": "Fresh", "deals.new": "Fresh renewal", "tickets.new": "The export of Fresh fails"}
OTHERS: dict[str, Callable[[Session, str], Any]] = {"F": followups.resolve, "G": schedules.resolve}
AT_LAST = {
    "deals.won",
    "deals.lost",
    "triage.more",
    "digests.delete",
    "replies.delete_listed",
    "followups.done",
    "triage.resolve_all",
    "tickets.resolve",
}
"""What leaves nothing to press."""
NEVER = {"sla.usual"}
"""What would undo what is needed later."""

SHOWN = [
    "/customer show {customers}",
    "/customer add {name}",
    "/customer find {name}",
    "/deal show {deals}",
    "/deal add {name} renewal",
    "/deal list",
    "/ticket show {tickets}",
    "/ticket add The export of {name} fails",
    "/ticket list",
    "/followup list",
    "/digest list",
    "/crm find {name}",
    "/crm replies",
    "/crm replies remove Thanks {name}",
    "/crm categories",
    "/crm categories merge {merged}",
    "/crm model",
    "/crm route",
    "/crm away @agent until:2031-05-01",
    "/crm undelivered",
    "/crm history {customers}",
    "/crm history {deals}",
    "/crm history {tickets}",
    "/crm history {followups}",
    "/digest now both period:month",
]
"""What the admin types at last, so that each control stands on a record as it is then."""


def walk(stage: Stage) -> None:
    """Do everything that leaves something behind, while all of the bot runs."""
    renderers = set(stage.registry.renderers)
    stage.types("/crm sla")
    for line in TYPED:
        stage.types(line)
    _others(stage)
    _customers(stage)
    with recorded(stage, "seeds") as session:
        _live_model(session)
        # Whoever takes what is late is not told of it, though that stays planned.
        seeded = seeds.messages_of_all_kinds(session, "Seeded", renderers, late=False)
        seeds.many(session)
    stage.settles()
    for line in SHOWN:
        stage.types(line.format(name="Seeded", merged="refund into:billing", **seeded.refs))
    stage.types(f"/ticket unfold {seeded.folded}")
    _homes(stage)
    _presses(stage)
    with recorded(stage, "formed") as session:
        formed = seeds.records(session, "Formed")
    _forms(stage, formed, stage.submits)
    stage.settles()
    with recorded(stage, "fresh") as session:
        fresh = seeds.messages_of_all_kinds(session, "Fresh", renderers)
        # What is due first comes first in the Home, where it is done later.
        seeds.records(session, "Sooner", due_in=timedelta(minutes=5))
    stage.settles()
    for line in SHOWN:
        stage.types(line.format(name="Fresh", merged="complaint into:human", **fresh.refs))
    stage.types("/crm held", stage.sandbox.person("UAREP"))
    _homes(stage)
    _forms(stage, fresh, stage.keep)
    _forms_of_steps(stage, fresh)


def _homes(stage: Stage) -> None:
    for who in ("UAADMIN", "UAMANAGER", "UAAGENT", "UAREP"):
        stage.sandbox.person(who).opens_home()
    stage.settles()


def _presses(stage: Stage) -> None:
    """Use each control once that stands in a message or a Home, of the messages the newest."""
    newest: dict[str, left.Press] = {}
    for press in left.presses(stage.left()):
        if press.kind is RequestKind.ACTION:
            newest.setdefault(press.action, press)
    for press in sorted(newest.values(), key=lambda one: (one.action in AT_LAST, one.action)):
        action = stage.registry.actions[press.action]
        if action.handler is None or press.action in NEVER:
            continue
        chosen = press.body["actions"][0]
        value = chosen.get("value") or chosen["selected_option"]["value"]
        container, who = press.body["container"], stage.sandbox.person(press.body["user"]["id"])
        where = {"message": container.get("message_ts"), "channel": container.get("channel_id")}
        where |= {"view": "home"} if container["type"] == "view" else {}
        # What an earlier press has taken away, or what has changed by it, is not there any more.
        with suppress(Refused):
            who.selects(press.action, value, within=0.1, **where)
        stage.refused.clear()


def _others(stage: Stage) -> None:
    """Let others than the admin say what they want, as what they say holds back what comes to them."""
    for line in ("quiet 18:00-09:00 off:sat,sun", "quiet off", "mute other", "unmute other", "mute reminders"):
        stage.types(f"/crm {line}", stage.sandbox.person("UAREP"))


def _customers(stage: Stage) -> None:
    """Write as customers do, and split off what is something else."""
    carla, david = stage.sandbox.person("UBCARLA"), stage.sandbox.person("UBDAVID")
    asked = carla.posts("The export fails with error 500 since this morning, please help", channel="CSHARED")
    later = carla.posts("And our invoice of May is wrong", channel="CSHARED", thread=asked.ts)
    david.posts("Our invoice is wrong, please send a new one", channel="CACME")
    stage.settles()
    stage.types(f"/ticket split https://northwind.slack.com/archives/CSHARED/p{later.ts.replace('.', '')}")


def _forms(stage: Stage, made: Seeded, then: Callable[..., object]) -> None:
    """Open every form by everything that opens it, and go on with it."""
    asked = stage.admin.posts("Please fix my laptop", channel="CGENERAL")
    for view in sorted(stage.registry.views.values(), key=lambda one: one.id in AT_LAST):
        ways: list[Callable[[], object]] = []
        for action in stage.registry.actions.values():
            if action.opens is view:
                controls = _controls(stage, action.id, made, action.choice)
                ways += [partial(forge, stage, action.id, control) for control in controls]
        ways += [
            partial(stage.types, stage.registry.spell(command.words))
            for command in stage.registry.commands.values()
            if command.opens is view
        ]
        ways += [
            partial(stage.admin.shortcut, shortcut.id, asked.ts, "CGENERAL")
            for shortcut in stage.registry.shortcuts.values()
            if shortcut.opens is view
        ]
        for opens in ways:
            stage.opens(opens)
            _go_on(stage, then)


def forge(stage: Stage, action: str, control: b.Control) -> None:
    """Press a button with this value, on a message that is there."""
    posted = next(one for one in stage.admin.messages("CGENERAL") if one.get("bot_id") and not one["ephemeral"])
    stage.admin.forges(action, str(control), posted["ts"], "CGENERAL")


def _go_on(stage: Stage, then: Callable[..., object]) -> None:
    view = stage.modal()["body"]
    if then != stage.submits or view.get("submit"):
        then(**ENTERED.get(view["callback_id"], {}))
    stage.refused.clear()


def _forms_of_steps(stage: Stage, fresh: Seeded) -> None:
    """Leave open what a form turns into: an answer before it is sent, a question about twins, what was wrong."""

    def opens(action: str) -> None:
        (control,) = _controls(stage, action, fresh, "")
        stage.opens(lambda: forge(stage, action, control))

    opens("triage.reply")
    (menu,) = [one for one in stage.modal()["body"]["blocks"] if one["type"] == "actions"]
    saved = menu["elements"][0]["options"][0]["value"]
    stage.turns(lambda: stage.admin.selects("triage.reply_saved", saved))
    stage.keep()
    stage.turns(stage.submits)
    stage.keep()
    for action, twin in TWINS.items():
        opens(action)
        stage.turns(partial(stage.submits, **{**ENTERED.get(action, {}), "name": twin, "title": twin}))
        stage.keep()
    opens("deals.edit")
    stage.submits(amount="nonsense")
    stage.keep(amount="nonsense")
    with stage.slow():
        stage.turns(lambda: stage.submits(amount="nonsense"))
    stage.keep(amount="nonsense")
    stage.refused.clear()
    stage.opens(lambda: stage.admin.clicks("customers.new", view="home"))
    stage.keep(**ENTERED["customers.new"])


def _controls(stage: Stage, action: str, fresh: Seeded, choice: str) -> list[b.Control]:
    """Return what the control that opens a form refers to."""
    plugin, _dot, name = action.partition(".")
    if action in {"deals.open", "tickets.open"} or (name != "new" and plugin in fresh.refs):
        ref = fresh.refs[plugin]
    else:
        ref = fresh.refs["customers"] if name == "new" and plugin != "replies" else ""
    details = {
        "triage.more": ["assign", "note", "join", "history"],
        "triage.reply": ["CSHARED"],
        "replies.edit": [fresh.saved],
        "records.new": ["deal"],
    }
    return [control_of(stage, ref, detail) for detail in details.get(action, [choice])]


def control_of(stage: Stage, ref: str, detail: str = "") -> b.Control:
    """Return what a control of a record holds now."""
    if not ref:
        return b.Control(detail=detail)
    with stage.database.transaction(TEAM) as session:
        found: Any = OTHERS.get(ref[0], called)(session, ref)
        return b.Control(ref, found.version, detail)


def _live_model(session: Session) -> None:
    """Keep a small model of the workspace's own, which answers from now on."""
    examples = load_examples()
    few: dict[str, list[str]] = {}
    for text, label in zip(examples.texts, examples.labels, strict=True):
        few.setdefault(label, []).append(text)
    rows = [(text, label) for label, texts in few.items() for text in texts[:3]]
    model = MessageClassifier(name="own").fit([text for text, _ in rows], [label for _, label in rows])
    worth = {"right": 0.8, "coverage": 0.7, "precision": 0.9, "ece": 0.02, "confusion": [["bug", "billing", 3]]}
    figures = {"method": "held-out", "labels": 40, "judged": 25, "current_version": "starter-1"}
    figures |= {"current": worth, "candidate": worth}
    model_versions.keep(session, version="own-1", figures=figures, last_label_id=0, weights=pack(model), promote=True)


@contextmanager
def recorded(stage: Stage, key: str) -> Iterator[Session]:
    """Open a transaction of the admin's."""
    with (
        stage.database.transaction(TEAM) as session,
        history.recording(session, actor_id=ADMIN, source="seed", request_key=key),
    ):
        yield session
