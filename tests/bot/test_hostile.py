"""Send hostile text through every command, form, button and drawing: no notification, no link, no invalid block."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot import blocks as b
from bot.answers import Answer, after
from bot.grammar import Usage
from bot.handlers.digests.report import WORDS
from bot.home import HOME_BLOCKS, HOME_CHARACTERS, HomeView
from bot.people import People
from bot.plugins.renewals.tables import record as record_renewal
from bot.registry import load
from bot.rendering import Renderings
from bot.requests import Kind, Request, read
from bot.runtime import Runtime
from bot.slack import Installations
from sandbox.blocks_check import message_problems, view_problems
from sandbox.blocks_check.mrkdwn import SEQUENCE, texts
from storage import channels, customers, deals, digests, followups, history, messages, notes, outbox, tickets
from storage.about import called
from storage.customers import Customer
from storage.database import Database
from storage.deals import Deal
from storage.errors import CrmError, Refused
from storage.members import Kind as Sort
from storage.members import Member, Role
from storage.names import check_name
from storage.notes import Note
from storage.outbox import Delivery
from storage.tickets import Ticket
from storage.workspaces import Workspace
from tests.bot.conftest import Company
from tests.cluster import Cluster

TEAM, WHO, CHANNEL = "T0HOSTILE", "UBOSS", "C0SUPPORT"
OURS = {f"@{WHO}", "@UMARKED", f"#{CHANNEL}", "#CMARKED"}
"""The people and channels that our own code may name; typed texts name others."""
REGISTRY = load()
FRAGMENTS = (
    *("<!channel>", "<!here>", "<@U1>", "<!subteam^S1>", "<#C1|x>", "<https://evil.example|invoice>", "<!date^1^x|y>"),
    *(
        "*bold*",
        "_i_",
        "`code`",
        "```",
        "~s~",
        ">quote",
        "\u202egnp.exe",
        "\u2066a\u2069",
        "\u200b",
        "\ufeff",
        "\u200d",
    ),
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


class QuietSlack:
    """Know one channel, whose name is hostile, and nobody."""

    def channel(self, channel_id: str) -> Mapping[str, Any]:
        """Return the channel."""
        if channel_id not in {CHANNEL, "CMARKED"}:
            raise Refused("I can't see that channel.")
        return {"id": channel_id, "name": "<!channel> {x} %s", "is_private": False}

    def join(self, channel_id: str) -> Mapping[str, Any]:
        """Return the channel."""
        return self.channel(channel_id)

    def user(self, user_id: str) -> Mapping[str, Any]:
        """Know nobody."""
        raise Refused("I don't know {who}.", who=user_id)

    def permalink(self, channel_id: str, ts: str) -> str:
        """Return an address."""
        return f"https://example.com/{channel_id}/{ts}"


@dataclass
class Desk:
    """Hold a runtime with its database, and ask it as people would."""

    database: Database
    runtime: Runtime
    home: HomeView
    people: People
    occasion: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def asks(self, kind: Kind, body: Mapping[str, Any], *, filling: bool = False) -> Answer:
        """Have a request answered and look at the answer."""
        sent = {"trigger_id": f"{next(self.occasion)}", "user": {"id": WHO}, "user_id": WHO, **body}
        request = read(kind, sent, TEAM)
        answer = self.runtime.perform(request, filling=filling)
        looks_right(answer, request)
        return answer

    def types(self, words: str, text: str = "") -> Answer:
        """Type a command; the text is as Slack sends it."""
        slash, *rest = REGISTRY.spell(words).split(" ")
        return self.asks(Kind.COMMAND, {"command": slash, "text": " ".join([*rest, text]).strip(), "channel_id": "D0"})

    def presses(self, action: str, value: str, *, filling: bool = False) -> Answer:
        """Press a button."""
        where = {"message_ts": f"{next(self.occasion)}.0", "channel_id": "D0"}
        pressed = {"actions": [{"action_id": action, "value": value}], "container": where}
        return self.asks(Kind.ACTION, pressed, filling=filling)

    def opens(self, view_id: str, control: str = "") -> dict[str, Any]:
        """Open a modal by a button or, where none opens it, by its command."""
        action = next((a.id for a in REGISTRY.actions.values() if a.opens and a.opens.id == view_id), None)
        if action:
            answer = self.presses(action, control, filling=True)
        else:
            words = next(c.words for c in REGISTRY.commands.values() if c.opens and c.opens.id == view_id)
            slash, *rest = REGISTRY.spell(words).split(" ")
            body = {"command": slash, "text": " ".join(rest), "channel_id": "D0"}
            answer = self.asks(Kind.COMMAND, body, filling=True)
        assert answer.kind == "modal", answer
        return dict(answer.view)

    def seeds(self, name: str) -> Seeded:
        """Add a record of every kind with this name."""
        with (
            self.database.transaction(TEAM) as session,
            history.recording(session, actor_id=WHO, request_key="", source="seed"),
        ):
            return seed(session, name)

    def control(self, used: str, name: str) -> str:
        """Return what a control of a plugin refers to: a fresh record with this name, nothing for a new one."""
        ref = "" if used.endswith(".new") else self.seeds(name).refs.get(used.split(".")[0], "")
        return f"{ref}:{self.version(ref)}:" if ref else ""

    def version(self, ref: str) -> int:
        """Return the version of a record."""
        with self.database.transaction(TEAM) as session:
            record: Any = called(session, ref) if ref[0] in "CDT" else None
            return int(record.version) if record else 1

    def submits(self, view: Mapping[str, Any], values: Mapping[str, Any]) -> Answer:
        """Submit a modal with these values for its elements."""
        state = {}
        for block in view["blocks"]:
            if block["type"] == "input":
                element = block["element"]
                state[block["block_id"]] = {element["action_id"]: entered(element, values.get(block["block_id"], ""))}
        sent = {**view, "id": f"V{next(self.occasion)}", "hash": "h", "state": {"values": state}}
        return self.asks(Kind.VIEW, {"view": sent})


def entered(element: Mapping[str, Any], value: str) -> dict[str, Any]:
    """Return the state of an element in which this was typed or chosen."""
    kinds = {"users_select": "selected_user", "datepicker": "selected_date", "timepicker": "selected_time"}
    kinds |= {"channels_select": "selected_channel", "plain_text_input": "value"}
    if element["type"] in kinds:
        return {"type": element["type"], kinds[element["type"]]: value or None}
    option = {"text": {"type": "plain_text", "text": value[:75] or " "}, "value": value} if value else None
    return {"type": element["type"], "selected_option": option}


def looks_right(answer: Answer, request: Request) -> None:
    """Check an answer: no crash, nothing that Slack refuses, nobody named but by us."""
    assert "Something went wrong" not in json.dumps(answer.dump()), answer
    sendable(answer.dump())
    match answer.kind:
        case "message":
            message(answer.text, answer.blocks)
        case "modal":
            modal(answer.view)
        case "errors":
            fields = request.view["state"]["values"]
            assert answer.errors and set(answer.errors) <= set(fields)
            assert all(0 < len(said) <= 2_000 for said in answer.errors.values())
        case "options":
            for option in answer.options:
                assert 0 < len(option["text"]["text"]) <= 75
                assert 0 < len(option["value"]) <= 150
    if request.kind == Kind.VIEW and answer.kind in {"message", "errors"}:
        late = after(answer, request.view)
        sendable(late)
        written(late)


def sendable(data: Any) -> None:
    """Check that data can be written as the JSON that Slack takes and that Postgres stores."""
    dumped = json.dumps(data, ensure_ascii=False)
    dumped.encode()
    assert "\\u0000" not in dumped


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
        left = SEQUENCE.sub(lambda found: "" if found[1].split("|")[0] in OURS else found[0], text)
        assert "<" not in left, (pointer, text)
        assert "&amp;lt;" not in text, (pointer, text)
        assert "&amp;amp;" not in text, (pointer, text)


@pytest.fixture(scope="module")
def desk(cluster: Cluster, template: str) -> Iterator[Desk]:
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
        channels.seen(session, CHANNEL, name="<!channel>", is_ext_shared=False, is_private=False)
        seed(session, "Acme")
    slack = QuietSlack()
    people = People(database, lambda _team: slack)
    installations = Installations(database, api_url="http://127.0.0.1:1/", vault=None, token=None)
    home = HomeView(database, REGISTRY, people, installations)
    yield Desk(database, Runtime(database, REGISTRY, people, lambda _team: slack), home, people)
    database.dispose()
    cluster.give_back(template, url)


@dataclass(frozen=True)
class Seeded:
    """Hold the references of records that carry one name, and the deliveries that draw them."""

    refs: dict[str, str]
    deliveries: list[Any]


STAMP = itertools.count(1_700_000_000)


def seed(session: Session, name: str) -> Seeded:
    """Add a record of every kind with this name."""
    now = datetime.now(UTC)
    tier = name[: customers.TIER_LIMIT].strip() or None
    customer = customers.add(session, name=name, tier=tier if tier and kept(tier) else None, owner_id=WHO)
    deal = deals.add(session, name=name, customer_id=customer.id, owner_id=WHO, close_on=now.date())
    notes.add(session, deal, name)
    followup = followups.add(session, text=name, due_at=now + timedelta(hours=1), zone="UTC", owner_id=WHO, about=deal)
    digest = digests.add(session, name=name, at_time=time(9), zone="UTC", owner_id=WHO)
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
    ticket, _opened = tickets.open_from_message(session, came)
    tickets.assign(session, ticket, WHO)
    renewal = record_renewal(session, customer, now.date() + timedelta(days=9))
    session.flush()
    wanted = {
        "followups.reminder": followup.reference,
        "digests.digest": digest.reference,
        "triage.card": ticket.reference,
        "renewals.reminder": str(renewal.id),
    }
    assert set(wanted) == set(REGISTRY.renderers), "a renderer has no record here"
    sent = [
        outbox.enqueue(session, target_user=WHO, renderer=renderer, record=record, payload={"asked": True})
        for renderer, record in wanted.items()
    ]
    refs = {
        "customers": customer.reference,
        "deals": deal.reference,
        "followups": followup.reference,
        "digests": digest.reference,
        "tickets": ticket.reference,
        "triage": ticket.reference,
    }
    return Seeded(refs, sent)


PLACES = {
    "person": f"<@{WHO}>",
    "customer": "C-1",
    "deal": "D-1",
    "ticket": "T-1",
    "record": "D-1",
    "stage": "Proposal",
    "status": "open",
    "channel": f"<#{CHANNEL}|x>",
    "number": "open",
}


@st.composite
def argued(draw: st.DrawFn, usage: Usage) -> str:
    """Fit hostile texts into a usage line, beside what is right there."""
    parts = []
    for place in usage.positionals:
        right = PLACES.get(place.name, "x")
        parts.append(draw(st.just(right) | typed | typed.map(lambda text: f'"{text}"')))
    for key in usage.keys.values():
        if key.required or draw(st.booleans()):
            value = draw(st.just(key.example) | typed)
            parts.append(
                draw(st.sampled_from((f'{key.name}:"{value}"', f"{key.name}:{value}", f"{key.name}：“{value}”")))
            )
    if usage.filters:
        name = draw(st.sampled_from(("name", "customer", "amount", "owner", "stage", "status", "sort", "close", "zzz")))
        parts.append(f"{name}{draw(st.sampled_from((':', '>', '!=', '&lt;=')))}{draw(typed)}")
    return " ".join(draw(st.permutations(parts)) if draw(st.booleans()) else parts)


@pytest.mark.parametrize("words", [c.words for c in REGISTRY.commands.values() if c.handler])
@given(data=st.data())
@settings(bounded, max_examples=6)
def test_every_command_bears_it(desk: Desk, words: str, data: st.DataObject) -> None:
    desk.types(words, data.draw(argued(REGISTRY.usages[words])))


@given(text=typed, slash=st.sampled_from(["crm", "deal", "customer", "ticket", "followup", "digest", "find"]))
@settings(bounded, max_examples=40)
def test_what_is_no_command_is_said_plainly(desk: Desk, text: str, slash: str) -> None:
    desk.asks(Kind.COMMAND, {"command": f"/{slash}", "text": text, "channel_id": "D0"})


def value_of(block: Mapping[str, Any]) -> st.SearchStrategy[str]:
    """Return what may be entered in a field: mostly something right, so that the hostile rest is reached."""
    element = block["element"]
    match element["type"]:
        case "plain_text_input":
            return hostile
        case "users_select":
            return st.sampled_from((WHO, "", "U1", "<!here>"))
        case "datepicker":
            return st.sampled_from(("2031-02-03", "", "<!here>"))
        case "timepicker":
            return st.sampled_from(("09:30", "<!here>"))
        case "channels_select":
            return st.sampled_from(("", CHANNEL, "<!here>"))
        case "external_select":
            return st.sampled_from(("C-1", "D-1", "", "<!here>"))
        case _:
            return st.sampled_from([*(option["value"] for option in element["options"]), "<!here>"])


@pytest.mark.parametrize("view_id", [v.id for v in REGISTRY.views.values() if v.submitted])
@given(data=st.data())
@settings(bounded, max_examples=6)
def test_every_form_bears_it(desk: Desk, view_id: str, data: st.DataObject) -> None:
    opened = desk.opens(view_id, desk.control(view_id, data.draw(names)))
    fields = {block["block_id"]: value_of(block) for block in opened["blocks"] if block["type"] == "input"}
    answer = desk.submits(opened, data.draw(st.fixed_dictionaries(fields)))
    assert answer.kind in {"message", "errors", "modal"}


@pytest.mark.parametrize("action_id", [a.id for a in REGISTRY.actions.values() if a.handler])
@given(data=st.data())
@settings(bounded, max_examples=4)
def test_every_button_bears_it(desk: Desk, action_id: str, data: st.DataObject) -> None:
    control = desk.control(action_id, data.draw(names))
    desk.presses(action_id, data.draw(st.just(control) | hostile.map(lambda text: control + text) | hostile))


@given(text=hostile)
@settings(bounded, max_examples=30)
def test_what_is_searched_for_in_a_menu_is_only_text(desk: Desk, text: str) -> None:
    for source in REGISTRY.sources:
        desk.asks(Kind.OPTIONS, {"action_id": source, "value": text})


@given(name=names)
@settings(bounded, max_examples=6)
def test_what_carries_hostile_names_is_drawn_plainly(desk: Desk, name: str) -> None:
    seeded = desk.seeds(name)
    with desk.database.transaction(TEAM) as session:
        for sent in session.scalars(select(Delivery).where(Delivery.id.in_(seeded.deliveries))):
            drawn = Renderings(REGISTRY).render(session, sent)
            assert drawn is not None
            sendable([drawn.text, drawn.blocks])
            message(drawn.text, drawn.blocks)
    home = b.render(desk.home.draw(desk.people.find(TEAM, WHO), name), limit=HOME_BLOCKS, budget=HOME_CHARACTERS)
    assert view_problems({"type": "home", "blocks": home}, "home") == []
    assert "could not be shown" not in json.dumps(home)
    written(home)
    for words in ("digest now", "digest list", "deal list", "ticket list", "followup list", "renewal list", "setup"):
        assert not desk.types(words).failed
    for number in WORDS:
        assert not desk.types("digest explain", number).failed
    for noun in ("customers", "deals", "tickets"):
        assert not desk.types("history", seeded.refs[noun]).failed
        assert not desk.types(f"{noun[:-1]} show", seeded.refs[noun]).failed
    assert not desk.types("history", seeded.refs["followups"]).failed


def newest(desk: Desk, model: Any, column: str) -> tuple[int, str]:
    """Return the number of the record added last, and a text of it."""
    with desk.database.transaction(TEAM) as session:
        row = session.execute(select(model.id, getattr(model, column)).order_by(model.id.desc()).limit(1)).one()
        return row[0], row[1]


@pytest.mark.parametrize(
    ("view_id", "name_field", "model"),
    [("customers.new", "name", Customer), ("deals.new", "name", Deal), ("tickets.new", "title", Ticket)],
)
@given(text=hostile)
@settings(bounded, max_examples=15)
def test_a_name_is_stored_as_it_was_typed_or_the_form_stays_open(
    desk: Desk, view_id: str, name_field: str, model: Any, text: str
) -> None:
    before, _name = newest(desk, model, "name")
    values = {name_field: text, "stage": "Qualified", "priority": "normal"}
    opened = desk.opens(view_id)
    stages = [o["value"] for f in opened["blocks"] if f.get("block_id") == "stage" for o in f["element"]["options"]]
    values["stage"] = stages[0] if stages else ""
    answer = desk.submits(opened, values)
    if answer.kind == "modal":
        asked = next(block["element"] for block in answer.view["blocks"] if block.get("block_id") == name_field)
        assert asked["initial_value"] == text.strip()
        answer = desk.submits(answer.view, values)
    after_it, name = newest(desk, model, "name")
    if answer.kind == "errors":
        assert set(answer.errors) == {name_field}
        assert kept(text) is None
        assert after_it == before
    else:
        assert after_it > before
        assert name == text.strip()


@given(text=hostile)
@settings(bounded, max_examples=40)
def test_a_note_is_stored_as_it_was_typed_or_given_back(desk: Desk, text: str) -> None:
    with desk.database.transaction(TEAM) as session:
        before = session.scalar(select(func.max(Note.id)))
    answer = desk.types("customer note", "C-1 " + text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
    after_it, stored = newest(desk, Note, "text")
    if answer.failed:
        assert after_it == before
        shown = str(answer.blocks[0]["text"]["text"])
        assert not text.strip() or b.esc(b.sendable(text).strip()[:50].strip()) in shown
    else:
        assert after_it != before
        assert stored in {text.strip(), text.strip()[1:-1]}, "quotes around the whole are not part of it"


def quiet(company: Company) -> None:
    """Check that nothing the bot has sent notifies anybody or links anywhere."""
    sent = company.sandbox.control.calls()
    assert sent
    for call in sent:
        for _pointer, text in texts(call):
            assert "<!" not in text
            assert "evil.example|" not in text


def test_hostile_words_come_over_the_wire_as_they_were_typed(company: Company) -> None:
    said = "<!channel> *bold* <https://evil.example|invoice> \u202e {x} %s '; DROP TABLE customer; --"
    company.rep.types(f"/customer add {said}")
    company.settles()
    with company.database.transaction(company.workspace) as session:
        assert session.scalars(select(Customer.name)).all() == [said]
    assert said in company.rep.types("/customer show C-1").text
    quiet(company)


def test_a_form_takes_hostile_words_over_the_wire(company: Company) -> None:
    company.rep.types("/deal")
    company.rep.submits(name="<!here> 😀 \x1b &amp; <@U1> `{}`", amount="12k")
    company.settles()
    with company.database.transaction(company.workspace) as session:
        assert session.scalars(select(Deal.name)).all() == ["<!here> 😀 \x1b &amp; <@U1> `{}`"]
    quiet(company)
