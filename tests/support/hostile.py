"""Make hostile words, and a desk at which everything a person can do is done with them."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from sqlalchemy import update
from sqlalchemy.orm import Session

from bot.plugins.renewals.tables import Renewal
from bot.registry import load
from bot.requests.actors import People
from bot.requests.answer import Answer, ErrorsAnswer, MessageAnswer, ModalAnswer, OptionsAnswer, dump
from bot.requests.answers import after
from bot.requests.home import HomeView
from bot.requests.request import Request, RequestKind, read
from bot.requests.runtime import Runtime
from bot.slack.clients import Installations
from sandbox.blocks_check import message_problems, view_problems
from sandbox.blocks_check.mrkdwn import SEQUENCE, texts
from storage.crm import contacts, customers, deals, followups, notes
from storage.database.engine import Database
from storage.digests import schedules
from storage.errors import CrmError
from storage.names import check_name, check_note
from storage.notifications import preferences
from storage.queues import outbox
from storage.queues.outbox import Delivery
from storage.records import history
from storage.records.schema import field_definitions, noun_definitions
from storage.subjects import called
from storage.support import channels, messages, ratings, replies, sla, tickets
from storage.support.incidents import Incident
from storage.support.ratings import Rating
from storage.transfer import requests
from storage.transfer.mapping import ColumnMapping, MappedColumn
from storage.workspace import permissions, workspaces
from storage.workspace.members import Member, Role
from storage.workspace.members import MemberKind as Sort
from storage.workspace.workspaces import Workspace
from tests.support import hostile_rows
from tests.support.cluster import Cluster
from tests.support.quiet_slack import CHANNEL, WHO, QuietSlack
from tests.support.refused_model import keep_refused
from tests.support.small_model import small_models

TEAM = "T0HOSTILE"
OURS = re.compile(rf"(@{WHO}|@UMARKED|#{CHANNEL}|#CMARKED|!date\^\d{{10}}\^[^|]*)(\||$)")
"""The people, channels and moments that our own code may name; typed texts name others."""
REGISTRY = load()
OWN_SEEDS = hostile_rows.own_seeds(REGISTRY.plugins)
LETTERS = {one.declaration.model.__letter__ for one in REGISTRY.nouns.values() if OWN_SEEDS} | {"C", "D", "P", "T"}
"""What begins the references of which the version is looked up."""
FRAGMENTS = (
    *("<!channel>", "<!here>", "<@U1>", "<!subteam^S1>", "<#C1|x>", "<https://evil.example|invoice>", "<!date^1^x|y>"),
    *("*bold*", "_i_", "`code`", "```", "~s~", ">quote"),
    *("\u202egnp.exe", "\u2066a\u2069", "\u200b", "\ufeff", "\u200d"),
    *("👩‍👩‍👧‍👦", "🇩🇪", "e\u0301\u0327\u0300", "Z\u0351\u036b\u0343", "'; DROP TABLE customer; --", "%' OR 1=1 --"),
    *("{braces}", "{0}", "{}", "{", "}", "%s", "%(name)s", "$1", ":name", "\\", "\n", "\r\n", "\t", " ", "\u3000", "&"),
    *(
        "\x00",
        "\x1b[31m",
        "\ud800",
        "\udfff",
        "中文客户",
        "「名」",
        "«x»",
        "“a”",
        "‘b’",
        '"',
        "'",
        "＂",
        "：",
        "a：b",
        "a:b",
    ),
    *("name:", "close:", "=", "<", ">", "|", "Acme", "C-1", "D-1", "me", "9" * 30, "-1", "12k", "friday", "\ufffc"),
)
LENGTHS = (1, 75, 150, 200, 201, 400, 3_000, 3_001, 10_000, 10_001)
hostile = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=4), min_size=1, max_size=5).map("".join) | st.builds(
    lambda one, size: (one * size)[:size],
    st.sampled_from(("x", "<", "中", "x ", "👩‍👩‍👧‍👦", '"')),
    st.sampled_from(LENGTHS),
)
marks = st.sampled_from(
    (
        "<@UMARKED>",
        "<@UMARKED|x>",
        "<!channel>",
        "<!subteam^SMARKED|@x>",
        "<#CMARKED|x>",
        "<https://evil.example|invoice>",
    )
)
bounded = settings(
    deadline=None,
    phases=[Phase.generate],
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def kept(text: str) -> str | None:
    """Return what is stored of a name, None where it is refused."""
    try:
        return check_name(text)
    except CrmError:
        return None


names = hostile.map(lambda text: text.replace("\x00", "").encode("utf-8", "ignore").decode()[:200]).filter(kept)
typed = hostile.map(lambda text: text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")) | marks
"""What Slack sends in the place of what a person typed in a command."""


RECORDS = {"records.new": "customer", "records.more": "archive", "fields.new": "customer", "choices.new": " status "}
"""What controls of no plugin's own carry."""


@dataclass
class Desk:
    """Hold a runtime with its database, and ask it as people would."""

    database: Database
    runtime: Runtime
    home: HomeView
    people: People
    occasion: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    alone: bool = False  # buttons are pressed where nobody else sees what is answered

    def asks(self, kind: RequestKind, body: Mapping[str, Any], *, filling: bool = False) -> Answer:
        """Have a request answered and look at the answer."""
        sent = {"trigger_id": f"{next(self.occasion)}", "user": {"id": WHO}, "user_id": WHO, **body}
        request = read(kind, sent, TEAM)
        answer = self.runtime.perform(request, filling=filling)
        looks_right(answer, request)
        return answer

    def types(self, words: str, text: str = "") -> Answer:
        """Type a command; the text is as Slack sends it."""
        slash, *rest = REGISTRY.spell(words).split(" ")
        return self.asks(
            RequestKind.COMMAND, {"command": slash, "text": " ".join([*rest, text]).strip(), "channel_id": "D0"}
        )

    def presses(self, action: str, value: str, *, filling: bool = False) -> Answer:
        """Press a button."""
        where = {"message_ts": f"{next(self.occasion)}.0", "channel_id": "D0", "is_ephemeral": self.alone}
        pressed = {"actions": [{"action_id": action, "value": value}], "container": where}
        return self.asks(RequestKind.ACTION, pressed, filling=filling)

    def opens(self, view_id: str, control: str = "") -> dict[str, Any]:
        """Open a modal by a button or, where none opens it, by its command."""
        openers = [a for a in REGISTRY.actions.values() if a.opens and a.opens.id == view_id]
        # A menu that opens a modal does so for one of its choices only.
        action = min(openers, key=lambda one: bool(one.choice)).id if openers else None
        shortcut = next((s.id for s in REGISTRY.shortcuts.values() if s.opens.id == view_id), None)
        if action:
            answer = self.presses(action, control, filling=True)
        elif shortcut:
            asked = {
                "callback_id": shortcut,
                "message": {"ts": "1.0", "text": "<!here>", "user": WHO},
                "channel": {"id": CHANNEL},
            }
            answer = self.asks(RequestKind.SHORTCUT, asked, filling=True)
        else:
            words = next(c.words for c in REGISTRY.commands.values() if c.opens and c.opens.id == view_id)
            slash, *rest = REGISTRY.spell(words).split(" ")
            body = {"command": slash, "text": " ".join(rest), "channel_id": "D0"}
            answer = self.asks(RequestKind.COMMAND, body, filling=True)
        assert isinstance(answer, ModalAnswer), answer
        return dict(answer.view)

    def seeds(self, name: str) -> hostile_rows.Seeded:
        """Add a record of every kind with this name."""
        with (
            self.database.transaction(TEAM) as session,
            history.recording(session, actor_id=WHO, request_key="", source="seed"),
        ):
            return seed(session, name)

    def control(self, used: str, name: str) -> str:
        """Return what a control of a plugin refers to: a fresh record with this name, nothing for a new one."""
        if used.endswith(".new"):
            return f":0:{RECORDS.get(used, '')}"
        made = self.seeds(name)
        ref = made.refs.get(used.split(".")[0], "")
        detail = {"replies.edit": made.saved_reply, "triage.more": "assign", "triage.reply": CHANNEL, **RECORDS}.get(
            used, ""
        )
        detail = made.table if used.startswith("transfer.") else detail
        detail = {"triage.rate": f"{made.rating} 5", "triage.rating_words": made.rating}.get(used, detail)
        ref, detail = made.settings.get(used, (ref, detail))
        return f"{ref}:{self.version(ref) if ref else 0}:{detail}" if ref or detail else ""

    def version(self, ref: str) -> int:
        """Return the version of a record."""
        with self.database.transaction(TEAM) as session:
            record: Any = called(session, ref) if ref.partition("-")[0] in LETTERS else None
            return int(record.version) if record else 1

    def submits(self, view: Mapping[str, Any], values: Mapping[str, Any]) -> Answer:
        """Submit a modal with these values for its elements."""
        state = {}
        for block in view["blocks"]:
            if block["type"] == "input":
                element = block["element"]
                state[block["block_id"]] = {element["action_id"]: entered(element, values.get(block["block_id"], ""))}
        sent = {**view, "id": f"V{next(self.occasion)}", "hash": "h", "state": {"values": state}}
        return self.asks(RequestKind.VIEW, {"view": sent})


def entered(element: Mapping[str, Any], value: str) -> dict[str, Any]:
    """Return the state of an element in which this was typed or chosen."""
    kinds = {"users_select": "selected_user", "datepicker": "selected_date", "timepicker": "selected_time"}
    kinds |= {"channels_select": "selected_channel", "plain_text_input": "value"}
    if element["type"] == "file_input":
        return {"type": "file_input", "files": [{"id": value, "name": value, "mimetype": value}] if value else []}
    if element["type"] in kinds:
        return {"type": element["type"], kinds[element["type"]]: value or None}
    option = {"text": {"type": "plain_text", "text": value[:75] or " "}, "value": value} if value else None
    return {"type": element["type"], "selected_option": option}


def looks_right(answer: Answer, request: Request) -> None:
    """Check an answer: no crash, nothing that Slack refuses, nobody named but by us."""
    assert "Something went wrong" not in json.dumps(dump(answer)), answer
    sendable(dump(answer))
    match answer:
        case MessageAnswer():
            message(answer.text, answer.blocks)
        case ModalAnswer():
            modal(answer.view)
        case ErrorsAnswer():
            fields = request.view["state"]["values"]
            assert answer.errors and set(answer.errors) <= set(fields)
            assert all(0 < len(said) <= 2_000 for said in answer.errors.values())
        case OptionsAnswer():
            for option in answer.options:
                assert 0 < len(option["text"]["text"]) <= 75
                assert 0 < len(option["value"]) <= 150
    if request.kind == RequestKind.VIEW and isinstance(answer, MessageAnswer | ErrorsAnswer):
        late = after(answer, request.view)
        sendable(late)
        written(late)


NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""A NUL in JSON; after two backslashes, as in a control that holds JSON of its own, it is only text."""


def sendable(data: Any) -> None:
    """Check that data can be written as the JSON that Slack takes and that Postgres stores."""
    dumped = json.dumps(data, ensure_ascii=False)
    dumped.encode()
    assert not NUL.search(dumped), dumped


def message(text: str, blocks: Any) -> None:
    """Check a message's blocks and its fallback text."""
    code, problems = message_problems(list(blocks))
    assert not code, (code, problems)
    written({"text": text, "blocks": list(blocks)})
    assert text.strip()


def modal(view: Mapping[str, Any]) -> None:
    """Check a modal."""
    assert view_problems(dict(view), "modal") == []
    written(view)


def written(node: Any) -> None:
    """Check that no text has a control sequence that we did not make, nor is escaped twice."""
    for pointer, text in texts(node):
        left = SEQUENCE.sub(lambda found: "" if OURS.match(found[1]) else found[0], text)
        assert "<" not in left, (pointer, text)
        assert "&amp;lt;" not in text, (pointer, text)
        assert "&amp;amp;" not in text, (pointer, text)


def open_desk(cluster: Cluster, template: str) -> Iterator[Desk]:
    """Open a workspace with a person who may do everything and a few records."""
    url = cluster.lend(template)
    database = Database(url, pool_size=3)
    with database.transaction(TEAM) as session:
        session.add(Workspace(id=TEAM, name="<!channel> & Co"))
        session.flush()
        for one in (WHO, "UMARKED"):
            session.add(
                Member(
                    workspace_id=TEAM, id=one, name="<!here> *Bo* {x}", roles=list(Role), kind=Sort.STAFF, zone="UTC"
                )
            )
        session.flush()
        channels.seen(session, CHANNEL, name="<!channel>")
        with history.recording(session, actor_id=WHO, source="seed"):
            seed(session, "Acme")
    slack = QuietSlack()
    people = People(database, lambda _team: slack)
    installations = Installations(database, api_url="http://127.0.0.1:1/", vault=None, token=None)
    home = HomeView(database, REGISTRY, people, installations)
    runtime = Runtime(database, REGISTRY, people, lambda _team: slack, model=small_models().of)
    yield Desk(database, runtime, home, people)
    database.dispose()
    cluster.give_back(template, url)


STAMP = itertools.count(1_700_000_000)


def seed(session: Session, name: str) -> hostile_rows.Seeded:
    """Add a record of every kind with this name."""
    now = datetime.now(UTC)
    tier = name[: customers.TIER_LIMIT].strip() or None
    customer = customers.add(session, name=name, tier=tier if tier and kept(tier) else None, owner_id=WHO)
    contact = contacts.add(session, name=name, job_title=name, customer_id=customer.id)
    deal = deals.add(session, name=name, customer_id=customer.id, owner_id=WHO, close_on=now.date())
    notes.add(session, deal, name)
    followup = followups.add(session, text=name, due_at=now + timedelta(hours=1), zone="UTC", owner_id=WHO, about=deal)
    digest = schedules.add(session, name=name, at_time=time(9), zone="UTC", owner_id=WHO, target_channel=CHANNEL)
    came = messages.receive(
        session,
        channel_id=CHANNEL,
        ts=f"{next(STAMP)}.000100",
        text=f"{name}\n" * 30,
        author_id="UMARKED",
        author_name=name,
        customer_id=customer.id,
    )
    assert came is not None
    messages.classified(
        session, came, category="bug", confidence=0.5, reasons=[name, "<!here>"], model_version="1", abstained=False
    )
    (ticket, _opened), came.wants_to_cancel = tickets.open_from_message(session, came), True
    tickets.assign(session, ticket, WHO)
    answer = replies.draft(session, ticket, check_note(name), author_id=WHO)
    workspaces.get(session, TEAM).triage_channel_id = CHANNEL  # type: ignore[union-attr]  # it is there
    sla.set_target(session, first_response_minutes=60)
    sla.opened(session, ticket, now)
    incident = Incident(workspace_id=TEAM)
    session.add(incident)
    version = keep_refused(session)
    own = next(iter(noun_definitions.all_rows(session)), None)
    label = name[: noun_definitions.LABEL_LIMIT].strip()
    own = own or noun_definitions.define(session, name=label if kept(label) else "Site", key="site")
    field = next(iter(field_definitions.live_rows(session, "customer")), None)
    field = field or field_definitions.define(session, customers.CUSTOMER, name=name, key="rival", type="text")
    done = tickets.set_status(session, tickets.add(session, name=name), "resolved")
    rating = Rating(workspace_id=TEAM, ticket_id=done.id, person_id=WHO)
    session.add(rating)
    session.flush()
    ratings.answer(session, rating, 1, name)
    asked = permissions.ask(session, "deal", deal.id, WHO, name, now)
    saved = next(iter(replies.saved(session)), None) or replies.save(session, "Thanks", name)
    session.flush()
    ticket.incident_id = incident.id
    refused = outbox.enqueue(session, target_user=WHO, renderer="digests.digest", record=digest.reference)
    session.execute(update(Delivery).where(Delivery.id == refused).values(state="dead", reason=f"<!here> {name}"))
    known = {
        "asked": True,
        "change": getattr(history.current_change(session), "id", None),
        "records": {deal.reference: "given", followup.reference: "changed", ticket.reference: "changed"},
        "channel": CHANNEL,
        "delivery": str(refused),
        "followups": [followup.reference],
        "incident": incident.id,
        "message": [came.id, came.at.isoformat()],
        "reply": answer.id,
        "rung": "sla_warning",
        "version_id": version.id,
        **{"rating": rating.id, "permission": asked.id},
    }
    table = requests.receive(session, f"{name}.csv", [name.encode()], actor_id=WHO, renderer="transfer.card")
    table.mapping = ColumnMapping("customer", name, (MappedColumn(name, "name"),)).to_json()
    table.looked, table.state = {"samples": [[name]], "asks": [True]}, "drawn up"
    renewal = Renewal.new(session, name=name, customer_id=customer.id, on_date=now.date() + timedelta(days=9))
    session.flush()
    preferences.set_budget(session, WHO, 3)
    known |= hostile_rows.named(session, TEAM, WHO, name)
    plugins = [module.seed(session, name, customer, WHO) for module in OWN_SEEDS]
    wanted = {
        "attention.spent": "",
        "deliveries.undelivered": "",
        "digests.digest": digest.reference,
        "followups.handed_over": "UMARKED",
        "followups.reminder": followup.reference,
        "history.yours": deal.reference,
        "learning.learned": "",
        "sla.alert": f"{ticket.reference}/first_response",
        "moves.card": str(known["move"]),
        "records.permission": deal.reference,
        "triage.badly_rated": ticket.reference,
        "triage.card": ticket.reference,
        "tickets.pictures": ticket.reference,
        "triage.greeting": "",
        "triage.incident": ticket.reference,
        "triage.leaving": customer.reference,
        "triage.merged": ticket.reference,
        "triage.pointer": ticket.reference,
        "triage.rating": "",
        "triage.reply": ticket.reference,
        "triage.wrote_again": ticket.reference,
        "renewals.reminder": str(renewal.id),
        "transfer.card": str(table.id),
        "transfer.file": str(known["sent_file"]),
        "transfer.refused": "",
        "transfer.taken_out": "",
        "triage.reply_file": ticket.reference,
        "webhooks.off": "",
    }
    wanted |= {renderer: record for plugin in plugins for renderer, record in plugin.renderers.items()}
    assert set(wanted) == set(REGISTRY.renderers), "a renderer has no record here"
    sent = {
        renderer: outbox.enqueue(session, target_user=WHO, renderer=renderer, record=record, payload=known)
        for renderer, record in wanted.items()
    }
    ticket.card_delivery_id = sent["triage.card"]
    session.flush()
    refs = {
        "customers": customer.reference,
        "contacts": contact.reference,
        "records": customer.reference,
        "deals": deal.reference,
        "followups": followup.reference,
        "digests": digest.reference,
        "tickets": ticket.reference,
        "triage": ticket.reference,
        "fields": f"FIELD-{field.id}",
        "nouns": f"NOUN-{own.id}",
    }
    settings = hostile_rows.settings_named(session, name)
    settings |= {control: given for plugin in plugins for control, given in plugin.controls.items()}
    shown = [customer.reference, ticket.reference, *(one for plugin in plugins for one in plugin.shown)]
    return hostile_rows.Seeded(refs, list(sent.values()), str(saved.id), str(table.id), str(rating.id), settings, shown)
