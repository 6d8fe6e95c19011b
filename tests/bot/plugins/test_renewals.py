"""The plugin to copy: renewals as a noun, where they are shown, and their reminders."""

from __future__ import annotations

from contextlib import closing

from bot.plugins.renewals import plugin
from bot.plugins.renewals.tables import Renewal
from sandbox.control.client import Person
from storage.crm import customers
from storage.database import migrate
from storage.database.engine import Database
from storage.database.migrate import RevisionLine
from storage.records import named
from tests.support.cluster import connect
from tests.support.company import Company


def plain(text: str) -> str:
    return text.replace("*", "").replace("`", "")


def test_a_renewal_is_a_noun_like_any_other(rep: Person) -> None:
    rep.types("/customer add Acme Corp")
    added = plain(rep.types("/crm renewal add Hosting on:2030-03-01 customer:acme").text)
    assert all(part in added for part in ("Added.", "Hosting  R-1", "Mar 1, 2030", "Acme Corp", "@Rita Rep"))
    rep.types("/crm renewal edit R-1 on:2030-04-01")
    assert "On: Mar 1, 2030 → Apr 1, 2030" in plain(rep.types("/crm renewal history R-1").text)
    assert "Hosting" in rep.types("/crm find hostng").text
    assert "Hosting" in rep.types("/crm renewal list on<2031-01-01").text
    rep.types("/crm undo")
    assert "Mar 1, 2030" in rep.types("/crm R-1").text
    assert "On is missing" in rep.types("/crm renewal add Licences").text


def test_it_is_on_its_customers_card(rep: Person) -> None:
    rep.types("/customer add Acme Corp")
    assert "Renewals" not in rep.types("/customer show acme").text
    rep.types("/crm renewal add Hosting on:2030-03-01 customer:acme")
    assert "Hosting  R-1  Mar 1, 2030" in plain(rep.types("/customer show acme").text)
    rep.types("/customer add Globex")
    rep.types("/customer merge acme into globex")
    assert "Hosting  R-1" in plain(rep.types("/customer show globex").text)
    rep.types("/crm renewal archive R-1")
    assert "Hosting" not in rep.types("/customer show globex").text


def test_the_home_shows_those_that_are_near(company: Company) -> None:
    company.rep.types('/crm renewal add Hosting on:"in 20 days"')
    company.rep.opens_home()
    company.rep.sees("My renewals")
    company.agent.opens_home()
    company.agent.sees("Hello Anton Agent")
    company.agent.does_not_see("My renewals")


def test_the_owner_is_reminded_once_for_each_day_that_it_is_on(company: Company) -> None:
    company.rep.types('/crm renewal add Hosting on:"in 20 days"')
    company.rep.types('/crm renewal add Licences on:"in 90 days"')
    company.runs_job("renewals.remind")
    assert "Hosting  R-1 is on" in plain(company.rep.sees("Time to talk.", channel="@Rapport"))
    company.runs_job("renewals.remind")
    assert len(company.rep.messages("@Rapport")) == 1
    company.rep.types('/crm renewal edit R-1 on:"in 25 days"')
    company.admin.types("/crm settings renewals notice:120")
    company.runs_job("renewals.remind")
    assert len(company.rep.messages("@Rapport")) == 3


def test_what_there_was_before_it_was_a_noun_has_the_name_and_owner_of_its_customer(
    admin_url: str, database: Database, workspace: str
) -> None:
    assert plugin.schema is not None
    line = RevisionLine(plugin.schema.migrations, plugin.schema.schema)
    with database.transaction(workspace) as session:
        customers.add(session, name="Acme Corp", owner_id="UREP")
    migrate.downgrade(admin_url, "renewals_0001", line=line)
    with closing(connect(admin_url)) as connection:
        columns, row = "workspace_id, id, customer_id, on_date", f"'{workspace}', 17, 1, '2030-03-01'"
        connection.execute(f"INSERT INTO renewals.renewal ({columns}) VALUES ({row})".encode())
    migrate.upgrade(admin_url, line=line)
    with database.transaction(workspace) as session:
        kept = named.resolve(session, Renewal, "acme corp")
        assert (kept.reference, kept.name, kept.owner_id, kept.customer_id) == ("R-17", "Acme Corp", "UREP", 1)
        assert Renewal.new(session, name="Hosting", on_date=kept.on_date).reference == "R-18"
