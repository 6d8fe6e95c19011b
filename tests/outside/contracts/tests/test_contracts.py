"""Use contracts as a rep does: everything that follows from the declaration, and what the plugin adds to it."""

from bot.testing import Company


def test_a_contract_is_a_noun_like_any_other(company: Company) -> None:
    rep = company.rep
    rep.types("/customer add Harbor Lines")
    added = rep.types('/contract add "Quay lease" worth:12k until:"in 20 days" customer:harbor').text
    assert all(part in added for part in ("Added.", "K-1", "12,000", "Harbor Lines")) and '"Quay' not in added
    assert "contract add" in rep.types("/crm help contract").text
    assert "Quay lease" in rep.types("/crm find quai").text
    rep.types("/contract edit K-1 worth:15k")
    history = rep.types("/contract history K-1").text.replace("*", "").replace("`", "")
    assert "Worth: $12,000 → $15,000" in history and "Until:" in history
    rep.types("/crm undo")
    assert "12,000" in rep.types("/contract K-1").text
    rep.types("/contract show K-1")
    rep.clicks("Note")
    rep.submits(Note="asked for a bigger quay")
    rep.sees("asked for a bigger quay")


def test_it_is_on_the_customers_card_on_the_home_and_in_digests(company: Company) -> None:
    company.rep.types("/customer add Harbor Lines")
    company.rep.types('/contract add "Quay lease" until:"in 20 days" customer:harbor')
    assert "Quay lease" in company.rep.types("/customer show harbor").text
    assert "10" in company.admin.types("/crm settings contracts ahead:10").text
    company.rep.opens_home()
    company.rep.sees("My tickets")
    company.rep.does_not_see("Contracts that end")
    company.admin.types("/crm undo")
    company.rep.opens_home()
    company.rep.sees("Contracts that end")
    company.gives("manager", "manager")
    company.manager.types("/digest new")
    company.manager.submits({"Name": "Ends", "What": ["Contracts that end"]})
    company.manager.sees("It comes for the first time")
    company.manager.clicks("Send now")
    company.manager.sees("Quay lease", channel="@Rapport")
