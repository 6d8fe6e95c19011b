"""Live an admin's day: set up fields and a kind of record, see a rep use them, change one's mind twice, and undo."""

from __future__ import annotations

from sandbox.control.client import Person


def test_an_admin_sets_up_a_rep_uses_it_and_the_admin_changes_her_mind(admin: Person, rep: Person) -> None:
    # She makes contracts of customers in a form, with fields, one of them for managers alone.
    admin.types("/crm nouns")
    admin.clicks("New kind of record")
    admin.submits({"Name of one": "Contract", "Letter": "K", "Belongs to": "Customer"})
    admin.sees("Made *Contracts*")
    admin.types("/crm fields contract")
    admin.clicks("Add a field")
    admin.submits({"Name": "Term", "Type": "Choice", "Choices": "Monthly\nYearly", "Required": "yes"})
    admin.sees("Added *Term*")
    admin.types("/crm field add contract Value type:money")
    admin.types("/crm field add contract Margin type:number seen:manager")
    admin.types('/crm layout contract card:"value, term, customer, margin"')
    # She adds a pipeline for renewals in a form, with stages of its own.
    admin.types("/crm pipelines")
    admin.clicks("Add a pipeline")
    admin.submits({"Name": "Renewals", "Stages": "Due, Offer sent, Signed"})
    admin.sees("Added *Renewals*")
    # A rep uses it a moment later.
    rep.types("/customer add Harbor")
    assert "*Stage* Due" in rep.types("/deal add Next year amount:9k customer:harbor pipeline:Renewals").text.replace(
        "\n", " "
    )
    assert "Next year" in rep.types("/deal list stage:due").text
    assert "Term is missing" in rep.types("/crm contract add Frame customer:harbor").text
    made = rep.types("/crm contract add Frame customer:harbor term:yearly value:12k").text
    assert made.index("*Value*") < made.index("*Term*")
    assert "margin" not in rep.types("/crm help contract add").text
    admin.types("/crm contract edit K-1 margin:12.5")
    assert "12.5" in admin.types("/crm contract list margin>12").text
    assert "12.5" not in rep.types("/crm K-1").text
    assert "Frame" in rep.types("/crm contract list term:yearly sort:-value").text
    # She changes her mind twice: the term is to be text, and the kind is to be called otherwise.
    asked = admin.types("/crm field type contract term type:text").text
    assert "1 value is carried over" in asked
    admin.clicks("Change the type")
    admin.sees("*Term* is text now")
    rep.types('/crm contract edit K-1 term:"Two years"')
    assert "Two years" in rep.types("/crm K-1").text
    admin.types("/crm noun edit contract name:Agreement plural:Agreements")
    assert "Agreements" in rep.types("/crm contract list").text
    admin.types("/crm undo")
    assert "Contracts" in rep.types("/crm contract list").text
    # What somebody has written since is not undone under their hands.
    assert "was changed by Rita Rep since" in admin.types("/crm undo").text
    told = admin.types("/crm audit").text
    assert "added the kind of record *Contract*" in told or "took back a change" in told
    assert "the field *Margin* of contracts" in told
