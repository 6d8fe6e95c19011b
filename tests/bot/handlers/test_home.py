"""The App Home: a greeting, forms to begin with, and what is mine."""

from __future__ import annotations

from bot.registry import Registry
from sandbox.control.client import Person
from tests.support.company import Company


def test_home_greets_and_begins_what_people_do_most(rep: Person) -> None:
    rep.opens_home()
    rep.sees("Hello Rita Rep")
    rep.sees("You have no open deals.")
    rep.sees("You have no tickets.")
    rep.clicks("New deal", view="home")
    rep.submits(Name="Globex upgrade", Amount="12k")
    rep.sees("Globex upgrade")
    rep.does_not_see("You have no open deals.")


def test_home_shows_what_is_mine_and_opens_it(company: Company) -> None:
    company.rep.types("/deal add Mine amount:12k")
    company.rep.types("/ticket add My ticket assignee:me")
    company.agent.types("/deal add Theirs amount:9k")
    company.rep.opens_home()
    company.rep.sees("Mine")
    company.rep.sees("My ticket")
    company.rep.clicks("records.open", view="home")
    company.rep.sees("Lead (10%)")
    company.rep.closes()
    company.rep.clicks("tickets.open", view="home")
    company.rep.sees("Resolve")


def test_home_offers_only_what_a_person_may_do(company: Company) -> None:
    company.gives("rep", "viewer")
    company.rep.opens_home()
    company.rep.sees("Hello Rita Rep")
    company.rep.does_not_see("New deal")
    company.rep.does_not_see("My open deals")
    company.guest.opens_home()
    company.guest.sees("Rapport is for the team of this workspace.")


def test_the_messages_tab_draws_nothing(company: Company) -> None:
    company.rep.opens_home(tab="messages")
    company.sandbox.control.settles()
    company.rep.does_not_see("Hello Rita Rep", within=0.5)


def test_every_button_that_another_plugin_draws_exists(registry: Registry) -> None:
    assert {"tickets.new", "records.new", "followups.new"} <= set(registry.actions)
    assert "customers.pick" in registry.sources
