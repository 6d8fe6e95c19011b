"""Show of each thing that a plugin may declare that it is used: one plugin declares them all, and a company uses it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib import request
from urllib.error import HTTPError

import pytest
from prometheus_client import generate_latest
from slack_sdk.models.blocks import Block
from sqlalchemy import text
from sqlalchemy.orm import Session

from bot.cli.findings import of_plugins
from bot.cli.reference import pages
from bot.i18n import speak
from bot.kit import blocks as b
from bot.kit.replies import Message
from bot.plugin import Member, Plugin, Role
from bot.registry import Registry
from bot.slack.manifest import manifest, scopes
from storage.crm import customers
from storage.crm.customers import Customer
from storage.events import CustomerAdded, Fact, emit
from storage.records import lifecycle
from storage.records.fields import TextField
from storage.records.schema import field_definitions
from storage.workspace import members
from tests.support.cluster import Cluster
from tests.support.company import Company, start_company_on
from tests.support.programs import Programs
from tests.support.waiting import until

heard: list[str] = []


class Shipped(Fact):
    """Say that something was shipped to a customer."""


def declared(translations: Path) -> Plugin:
    """Return a plugin that uses the whole door."""
    plugin = Plugin("ships", contract=2, title="Ships", description="Use the whole door.")
    plugin.slash("ship", description="Ship things")
    harbour = plugin.gives("customer", "harbour", "Harbour", type="choice", choices=("Hamburg", "Kiel"))
    plugin.gives("deal", "freight", "Freight", type="money", hint="What it costs to get it there.")
    counted = plugin.metric("things", "Things that were shipped.", "harbour")
    plugin.translations(translations)
    pilot = plugin.setting(TextField(key="pilot", label="Pilot's word"), default="", secret=True)

    @plugin.command("ship to", usage="<customer>", role=Role.REP)
    def ship(args: Any, session: Session) -> Message:
        """Ship something to a customer."""
        customer = customers.resolve(session, args.text)
        place = harbour.of(session, customer) or "nowhere"
        counted.count(harbour=place)
        emit(session, Shipped(customer))
        return Message(f"Shipped to {place}.")

    @plugin.command("ship wrong", role=Role.REP)
    def wrong() -> Message:
        """Show a button that nobody answers."""
        return Message("Wrong", [b.actions(b.button("Press", "ships.nosuch"))])

    @plugin.on(Shipped)
    def shipped(fact: Shipped) -> None:
        """Hear of an event of the plugin's own."""
        heard.append(f"shipped {fact.record.name}")

    @plugin.reaction("ship")
    def reacted(event: Mapping[str, Any]) -> None:
        """Hear of one emoji."""
        heard.append(f"reacted {event['reaction']}")

    @plugin.card("customer", "Ships", order=10)
    def at_sea(record: Customer, session: Session, actor: Member) -> list[Block]:
        """Show what is at sea."""
        if record.name == "Broken":
            raise RuntimeError("this part fails as it was told")
        if record.name == "Wrecked":
            customers.add(session, name="Wreckage")
            session.execute(text("SELECT 1 / 0"))
        if record.name == "Dead":
            return [b.actions(b.button("Press", "ships.nosuch"))]
        return [b.context(f"{harbour.of(session, record) or 'no harbour'}, for {actor.name}")]

    @plugin.route("GET", "fleet", noun="customer", role=Role.VIEWER)
    def fleet(session: Session, query_string: Mapping[str, str]) -> dict[str, Any]:
        """List the fleet."""
        return {"ships": [query_string.get("like", "all")], "customers": len(customers.list_customers(session))}

    @plugin.route("POST", "fleet/launch", noun="customer", role=Role.REP)
    def launch(session: Session, body: Mapping[str, Any], actor: Member) -> dict[str, Any]:
        """Launch a ship, for a new customer."""
        customer = customers.add(session, name=body["name"])
        emit(session, CustomerAdded(customer))
        return {"id": customer.reference, "by": actor.id if actor else None}

    @plugin.hook(
        "arrivals",
        signed=lambda session, headers, raw: headers.get("x-mark") == f"{pilot.of(session)}{len(raw)}",
        once="X-Number",
        ping=lambda raw: raw == b"ahoy",
    )
    def arrived(body: Mapping[str, Any], session: Session) -> None:
        """Add who arrives as a customer."""
        heard.append(f"arrived {body['name']}")
        customers.add(session, name=body["name"])

    @plugin.merging(Customer)
    def merged(gone: Customer, kept: Customer) -> None:
        """Note who becomes whom."""
        heard.append(f"{gone.name} becomes {kept.name}")

    @plugin.finding("Ships", remedy="Give each its harbour.")
    def homeless(session: Session) -> str | None:
        """Look for customers without a harbour."""
        lost = [one.name for one in customers.list_customers(session) if harbour.of(session, one) is None]
        return f"without a harbour: {', '.join(lost)}" if lost else None

    return plugin


@pytest.fixture(scope="module")
def registry_with_ships(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """Return every plugin there is, and the one that uses the whole door."""
    folder = tmp_path_factory.mktemp("translations")
    (folder / "de.po").write_text('msgid "Ships"\nmsgstr "Schiffe"\n', "utf-8")
    return Registry([*registry.plugins.values(), declared(folder)])


@pytest.fixture(scope="module")
def kept_company(
    cluster: Cluster, template: str, registry_with_ships: Registry, models: Path
) -> Iterator[Callable[[], Company]]:
    """Lend one company to all tests of this file."""
    url = cluster.lend(template)
    company = start_company_on(url, url, registry_with_ships, models, "socket", {})

    def lend() -> Company:
        company.begin_again()
        heard.clear()
        return company

    yield lend
    company.close()


@pytest.fixture
def ships(kept_company: Callable[[], Company]) -> Company:
    """Return the company on its first day."""
    return kept_company()


def test_its_own_slash_command_is_in_the_manifest_and_answers(ships: Company, registry_with_ships: Registry) -> None:
    commands = {
        one["command"]: one for one in manifest(registry_with_ships, socket_mode=True)["features"]["slash_commands"]
    }
    assert commands["/ship"]["description"] == "Ship things"
    assert commands["/ship"]["usage_hint"] == "to | wrong"
    assert "ship to" not in commands["/crm"]["usage_hint"]
    ships.rep.types("/customer add Acme")
    assert ships.rep.types("/ship to acme").text == ships.rep.types("/crm ship to acme").text == "Shipped to nowhere."
    assert "`/ship to <customer>`" in ships.rep.types("/crm help ship").text


def test_a_field_it_gives_to_a_noun_of_the_core_is_one_of_the_workspaces_own(ships: Company) -> None:
    added = ships.rep.types("/customer add Acme harbour:kiel").text
    assert "Harbour" in added and "Kiel" in added
    assert ships.rep.types("/ship to acme").text == "Shipped to Kiel."
    assert "Acme" in ships.rep.types("/customer list harbour:kiel").text
    assert "Freight" in ships.rep.types("/deal add Sails freight:300").text
    ships.admin.types("/crm field retire customer harbour")
    assert ships.rep.types("/ship to acme").text == "Shipped to nowhere."
    ships.bot.identify()
    assert "There is no key harbour" not in ships.admin.types("/crm field restore customer harbour").text
    assert ships.rep.types("/ship to acme").text == "Shipped to Kiel."


def test_a_field_of_the_workspaces_own_goes_before_one_that_is_given(ships: Company) -> None:
    with ships.database.transaction(ships.workspace) as session:
        rows = field_definitions.live_rows(session, "customer")
        assert [(row.key, row.created_by) for row in rows] == [("harbour", None)]
        session.delete(rows[0])
    ships.admin.types("/crm field add customer Harbour type:text")
    ships.bot.identify()
    with ships.database.transaction(ships.workspace) as session:
        assert [row.type for row in field_definitions.live_rows(session, "customer")] == ["text"]


def test_a_part_of_a_card_is_on_every_card_and_costs_only_itself(ships: Company) -> None:
    added = ships.rep.types("/customer add Acme harbour:hamburg").text
    assert "Ships" in added and "Hamburg, for Rita Rep" in added
    assert "Hamburg, for Anton Agent" in ships.agent.types("/customer show acme").text
    assert "Ships" not in ships.rep.types("/deal add Sails").text
    broken = ships.rep.types("/customer add Broken").text
    assert "Added." in broken and "Edit" in broken and "Ships" not in broken
    assert "Ships" not in ships.rep.types("/customer add Dead").text, "nobody would answer its button"
    wrecked = ships.rep.types("/customer add Wrecked").text
    assert "Added." in wrecked and "Ships" not in wrecked
    assert "Wreckage" not in ships.rep.types("/customer list").text, "what it did is undone"
    assert "Wrecked*  C-4" in ships.rep.types("/customer show wrecked").text, "it was added once"
    assert ships.bot.metrics.get_sample_value("rapport_plugin_failures_total", {"plugin": "ships"}) == 4


def test_a_button_that_nobody_answers_is_not_shown(ships: Company, caplog: pytest.LogCaptureFixture) -> None:
    assert "Something went wrong on our side" in ships.rep.types("/ship wrong").text
    assert "a control of the id 'ships.nosuch' is shown, and no plugin declares it" in caplog.text


def test_its_own_events_one_emoji_and_merges_are_heard(ships: Company, registry_with_ships: Registry) -> None:
    assert "reactions:read" in scopes(registry_with_ships)
    ships.rep.types("/customer add Acme")
    ships.rep.types("/ship to acme")
    ships.rep.types("/customer add Globex")
    ships.rep.types("/customer merge acme into globex")
    posted = ships.rep.posts("Ahoy", channel="CGENERAL")
    ships.rep.reacts("tada", posted.ts, channel="CGENERAL")
    ships.rep.reacts("ship", posted.ts, channel="CGENERAL")
    until(lambda: "reacted ship" in heard)
    assert heard == ["shipped Acme", "Acme becomes Globex", "reacted ship"]


def test_what_it_counts_is_a_metric(ships: Company) -> None:
    name, labels = "rapport_ships_things_total", {"harbour": "Kiel"}
    before = ships.bot.metrics.get_sample_value(name, labels) or 0
    ships.rep.types("/customer add Acme harbour:kiel")
    ships.rep.types("/ship to acme")
    assert ships.bot.metrics.get_sample_value(name, labels) == before + 1
    assert b"rapport_ships_things_total" in generate_latest(ships.bot.metrics)


def test_who_reads_another_language_reads_its_translation(ships: Company) -> None:
    with ships.database.transaction(ships.workspace) as session:
        member = members.get(session, "UAREP") or members.ensure(session, "UAREP", {"name": "rita", "locale": "de-DE"})
        member.locale = "de-DE"
    ships.bot.people.forget()
    try:
        assert "Schiffe" in ships.rep.types("/customer add Acme").text
    finally:
        speak(None)


def test_programs_reach_its_addresses_within_their_rights(ships: Company, registry_with_ships: Registry) -> None:
    programs = Programs(ships.database, registry_with_ships)
    try:
        every = programs.key(ships.workspace)
        assert every.gets("plugins/ships/fleet", like="tall").json == {"ships": ["tall"], "customers": 0}
        launched = every.posts("plugins/ships/fleet/launch", {"name": "Acme"}, idempotency_key="1")
        assert launched.json == {"id": "C-1", "by": None}
        assert every.posts("plugins/ships/fleet/launch", {"name": "Acme"}, idempotency_key="1").json == launched.json
        assert every.gets("plugins/ships/fleet").json["customers"] == 1
        told = every.gets("openapi.json").json["paths"]
        assert told["/api/v1/plugins/ships/fleet"]["get"]["summary"] == "List the fleet."
        assert "requestBody" in told["/api/v1/plugins/ships/fleet/launch"]["post"]
        reads = programs.key(ships.workspace, "customer:read")
        assert "/api/v1/plugins/ships/fleet/launch" not in reads.gets("openapi.json").json["paths"]
        assert reads.gets("plugins/ships/fleet").status == 200
        assert reads.posts("plugins/ships/fleet/launch", {"name": "B"}).kind == "forbidden"
        looks = programs.key(ships.workspace, role=Role.VIEWER)
        assert looks.posts("plugins/ships/fleet/launch", {"name": "B"}).kind == "forbidden"
        assert every.posts("plugins/ships/fleet", {}).kind == every.gets("plugins/nosuch/x").kind == "not-found"
        assert programs.nobody().gets("plugins/ships/fleet").kind == "unauthenticated"
    finally:
        programs.close()


def test_other_programs_are_heard_once_where_they_are_known(ships: Company) -> None:
    def sends(raw: bytes, at: str = "TA/ships/arrivals", **headers: str) -> int:
        url = f"http://127.0.0.1:{ships.bot.port}/api/v1/hooks/{at}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            with request.urlopen(request.Request(url, raw, named), timeout=60) as answer:
                return int(answer.status)
        except HTTPError as refused:
            return refused.code

    ships.admin.types("/crm settings ships pilot:aye")
    said = ships.admin.types("/crm settings ships").text + ships.admin.types("/crm history").text
    assert "kept" in said and "aye" not in said
    acme = b'{"name": "Acme"}'
    assert sends(acme, x_mark="aye16", x_number="1") == sends(acme, x_mark="aye16", x_number="1") == 200
    assert heard == ["arrived Acme", "arrived Acme"]  # the second was taken back whole
    assert "C-2" not in ships.rep.types("/customer list").text
    assert sends(b"ahoy") == 200
    assert sends(acme, x_mark="16") == sends(acme) == sends(acme, "TB/ships/arrivals", x_mark="aye16") == 401
    assert sends(acme, "*/ships/arrivals", x_mark="aye16") == sends(acme, "TA/ships/nosuch", x_mark="aye16") == 404
    assert sends(b"not json", x_mark="aye8") == 400
    assert sends(b'{"name": ""}', x_mark="aye12") == 422
    assert sends(b" " * 2_000_001, x_mark="aye2000001") == 413


def test_doctor_says_what_it_finds(ships: Company, registry_with_ships: Registry) -> None:
    ships.rep.types("/customer add Acme")
    (finding,) = of_plugins(ships.admin_url, registry_with_ships)
    assert (finding.name, finding.ok, finding.remedy) == ("Ships (ships)", False, "Give each its harbour.")
    assert finding.detail == "TA: without a harbour: Acme"
    ships.rep.types("/customer edit acme harbour:kiel")
    assert [one.ok for one in of_plugins(ships.admin_url, registry_with_ships)] == [True]


def test_all_of_it_is_in_the_docs(registry_with_ships: Registry) -> None:
    page = pages(registry_with_ships)["plugins/ships.md"]
    for told in (
        "`/ship`: Ship things",
        "`ships.at_sea`: Show what is at sea. (on the card of a customer)",
        "`customer harbour`: Harbour (choice)",
        "`GET /api/v1/plugins/ships/fleet`: List the fleet.",
        "`customer`: Note who becomes whom.",
        "`rapport_ships_things_total`: Things that were shipped.",
        "`Ships`: Look for customers without a harbour.",
        "`reaction_added`: Hear of one emoji.",
    ):
        assert told in page, told


def test_a_merge_of_any_way_asks_it(ships: Company) -> None:
    ships.rep.types("/customer add Acme")
    ships.rep.types("/customer add Globex")
    with ships.database.transaction(ships.workspace) as session:
        gone, kept = customers.resolve(session, "acme"), customers.resolve(session, "globex")
        lifecycle.merge(session, customers.CUSTOMER, gone, kept)
    assert heard == ["Acme becomes Globex"]
