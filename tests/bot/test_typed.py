"""What people type, as they type it, over the wire: every kind of value, its near variants, and what is answered."""

from __future__ import annotations

from sandbox.control.client import Person
from tests.support.company import Company

BEGINNING = (
    "/customer add Harbor Freight domain:harbor.com tier:gold",
    "/customer add Bluepeak GmbH tier:silver owner:@rep",
    "/deal add Harbor expansion amount:12k customer:harbor, stage:proposal.",
    "/deal add Harbor renewal customer:harbor close:2020-01-31",
    "/ticket add Login fails customer:bluepeak, priority:High, assignee:@agent",
    "/followup add D-1 when:tomorrow 3pm call back",
)

SAID = {
    # References as sentences write them, and without a command.
    "/ticket show T-1.": "*Login fails*  T-1",
    "/ticket show (T-1)": "*Login fails*  T-1",
    "/deal show d-1!": "*Harbor expansion*  D-1",
    "/crm history D-1.": "*History of D-1*",
    "/crm show D-1": "*Harbor expansion*  D-1",
    "/crm 44": "I don't know “44”.",
    "/crm show T-1,": "*Login fails*  T-1",
    "/crm show F-1": "*call back*",
    "/crm show harbor freight": "*Harbor Freight*  C-1",
    "/crm show P-1": "There is no P-1.",
    "/crm D-1": "*Harbor expansion*  D-1",
    "/deal D-1": "*Harbor expansion*  D-1",
    "/deal D-1.": "*Harbor expansion*  D-1",
    "/deal T-1": "*Login fails*  T-1",
    "/deal Harbor renewal": "*Harbor renewal*  D-2",
    "/deal harbor": "There is more than one deal called harbor. Which one do you mean?",
    "/deal D-99": "There is no D-99.",
    "/customer harbor": "*Harbor Freight*  C-1",
    "/customer harbor.com": "*Harbor Freight*  C-1",
    "/crm customer harbor": "*Harbor Freight*  C-1",
    "/customer nosuch": "There is no customer called nosuch.",
    "/customer shwo harbor": "*Harbor Freight*  C-1",
    "/customer fidn": "Did you mean `/customer find`?",
    "/ticket login fails": "*Login fails*  T-1",
    "/followup F-1": "*call back*",
    # Choices by everyday words.
    "/ticket add One priority:高": "🟠 high",
    "/ticket add Two priority:dringend": "🔴 urgent",
    "/ticket add Three priority:haute": "🟠 high",
    "/ticket add Four priority:baja": "low",
    "/ticket status T-1 waiting on customer.": "Now waiting on customer.",
    "/ticket status T-1 erledigt": "Now resolved.",
    "/ticket status T-1 打开": "Now open.",
    "/deal move D-1 to proposal": "It is already in Proposal.",
    "/deal move D-1 negotiation.": "Moved to Negotiation.",
    "/crm sla set priority:高, answer:1h": "*high*: answer within 1 hr",
    # Lists.
    "/deal list mine": "*Open deals* owner:@Ada Admin: 2",
    "/deal list overdue": "*Open deals* overdue: 1",
    "/deal list 逾期": "*Open deals* overdue: 1",
    "/deal list customer:Harbor Freight stage:negotiation": "customer:Harbor Freight, stage:Negotiation: 1",
    "/deal list stage:lead,negotiation": "*Open deals* stage:Lead,Negotiation: 2",
    "/deal list amount:>10k": "*Open deals* amount over 10k: 1",
    "/deal list owner:Ada Admin amount > 10 000": "*Open deals* owner:@Ada Admin, amount over 10 000: 1",
    "/deal list close:january": "No deals match close:",
    "/deal list foo": "I do not understand foo here.",
    "/ticket list mine": "No tickets match assignee:@Ada Admin",
    "/ticket list urgent": "*Open tickets* priority:urgent: 1",
    "/ticket list high, urgent": "*Open tickets* priority:high,urgent: 4",
    "/ticket list bluepeak": "*Open tickets* customer:Bluepeak GmbH: 1",
    "/ticket list overdue": "No tickets match overdue",
    "/ticket list mine, late": "No tickets match assignee:@Ada Admin, overdue",
    "/ticket list promised:today sort:promised": "There is no order by promised.",
    "/followup list overdue": "No follow-ups match owner:@Ada Admin, overdue",
    "/followup list tomorrow": "*Open follow-ups* owner:@Ada Admin, due:",
    "/followup list all": "*Open follow-ups* all: 1",
    "/customer list": "*Customers*: 2",
    "/customer list gold": "*Customers* tier:gold: 1",
    "/customer list tier:gold,silver": "*Customers* tier:gold,silver: 2",
    "/customer list @rep": "*Customers* owner:@Rita Rep: 1",
    # Key words in free text.
    "/deal note D-1 They want to share: logs": "Noted on *Harbor expansion*  D-1.",
    "/ticket add Customer: cannot log in": "*Customer: cannot log in*",
    # Money, days and addresses.
    '/deal add Third amount:"2,5 Mio. €"': "€2,500,000",
    "/deal add Fourth amount:CHF 500.-, close:december": "CHF500",
    "/deal add Beta amount:12 000": "Added.\n*Amount*\n$12,000\n*Stage*\nLead (10%)\n*Owner*\n@Ada Admin\n*Beta*  D-5",
    "/deal add Gamma amount:500 EUR": "€500",
    "/deal add Delta amount:1.5 million": "$1,500,000",
    "/deal add Epsilon close:december": "Dec 31",
    # Names of several words behind a key; what follows them is the text that it was.
    "/deal add Zeta customer:Harbor Freight amount:5k": "*Zeta*  D-9",
    "/deal add customer:harbor Eta plan": "*Eta plan*  D-10",
    "/deal add Theta customer:harbor, Freight": "*Theta Freight*  D-11",
    "/deal add customer:Harbor Freight": "The name is missing.",
    "/deal edit D-9 customer:Bluepeak GmbH": "Bluepeak GmbH  C-2",
    "/ticket add Slow pages customer:harbor freight": "*Slow pages*  T-7",
    "/deal edit D-9 name:Kappa customer:Quantum Foam": "There is no customer called Quantum",
    # Hours and days.
    "/followup add D-1 when:tomorrow 3pm call back": "3:00 PM.\n*call back*",
    "/followup add D-1 when:tomorrow at 3:30 call back": "3:30 PM.\n*call back*",
    "/followup add D-1 when:15h call back": "3:00 PM.\n*call back*",
    "/followup add D-1 when:every 3rd thursday call back": "It repeats on the third Thursday of the month.",
    "/followup add D-1 when:past friday call back": "past friday has passed.",
    # Our own people by their names.
    "/deal add Fifth owner:Rita Rep, amount:5k": "*Owner*\n@Rita Rep",
    "/deal edit D-2 owner:rita": "@Rita Rep",
    "/deal edit D-2 owner:none": "*Harbor renewal*  D-2",
    '/deal add Sixth owner:"Rita Rep" amount:6k': "$6,000",
    "/deal add Seventh owner:Somebody Known": "Somebody Known is not a person I can see.",
    "/ticket add Eighth assignee:anton agent priority:low": "@Anton Agent",
    "/ticket add Assignee: unclear to them": "*Assignee: unclear to them*",
    "/customer add Zenith domain:https://zenith.com/a?b=c#d,": "zenith.com",
    "/customer add Nadir (domain:nadir.com)": "*Nadir*",
    "/customer add Nordwind GmbH nordwind.de": "*Nordwind GmbH*",
    "/customer add Booking.com": "*Booking.com*",
    "/customer add Müller GmbH & Co.KG": "*Müller GmbH & Co.KG*",
    "/crm renewal add harbor on:March 1": "Mar 1",
    "/crm away until:next monday": "You get no tickets until Mon",
    # Words of other programs, and a noun that is not the first word.
    "/crm deals mine": "*Open deals* owner:@Ada Admin",
    "/crm add customer Foo Bar": "*Foo Bar*",
    "/crm foobar": "`/crm find foobar` searches.",
    "/followup snooze F-1 +1w": "I will remind you ",
    "/deal rename D-1 to Harbor growth": "*Harbor growth*  D-1",
    "/crm stage add Legal after:Lead": "*Place*\n2",
    "/crm find @rep": "What is @Rita Rep's is in these lists:\n`/customer list Rita Rep`",
    "/deal move D-2": "Choose where it goes: press a stage.",
    "/deal won D-2 they loved it": "Won. Congratulations!",
    "/crm role rita": "@Rita Rep has: *",
    "/crm role nosuch agent": "nosuch is not a person I can see. Write @ and pick a name.",
    "/followup add harbor send offer friday": "*send offer*\nC-1 Harbor Freight",
    "/followup move F-1 to friday": "I will remind you Fri",
    "/followup move F-1 +2d": "I will remind you ",
    "/crm contact add Jo phone:+49 170 1234567 customer:harbor": "*Phone*\n+49 170 1234567",
    "/crm contact add Ayla ayla@isik.com.tr, CEO": "*Ayla, CEO*",
    "/customer edit C-1 tier silver": "*Tier*\nsilver",
    "/customer edit C-1 tier gold domain:harbor.com": "I do not understand tier gold here.",
    "/deal merge D-2 into D-1": "is part of this one now.",
    # What is refused is given back whole, and what a day would be is said.
    "/deal add Neues Büro amount:20.000 € kunde:harbor": "You wrote: /deal add Neues Büro amount:20.000 € kunde:harbor",
    "/crm status add X": "You wrote: /crm status add X",
    "/deal add Late close:yesterday": "has passed already.",
    "/deal edit D-1 close:2026-01-02": "Saved. Jan 2, 2026 has passed already.",
    "/deal list top 5": "*Open deals* by amount ↓: ",
    "/deal move D-1 to Proposal please": "Moved to Proposal.",
    "/crm role add @rita manager": "Write `/crm role @rita +manager`",
    "/crm role @rep +manager": "@Rita Rep now has: *agent, manager, rep*.",
    "/crm role @rep -manager": "@Rita Rep now has: *agent, rep*.",
    "/crm timezone": "`/crm setup`",
    "/crm language de": "`/crm setup`",
    '/crm field add deal "Contract type" choice Monthly, Yearly': "Added *Contract type*.",
    "/deal D-2": "D-2 is part of this one now.",
}


def test_what_is_typed_is_understood(company: Company) -> None:
    company.rep.types("/crm help")
    company.agent.types("/crm help")
    person: Person = company.admin
    for line in BEGINNING:
        assert "nothing" not in person.types(line).text, line
    wrong = {}
    for line, sentence in SAID.items():
        answered = person.types(line).text
        if sentence not in answered:
            wrong[line] = answered
    assert wrong == {}


def test_customers_turn_their_pages(rep: Person) -> None:
    assert "No customers yet." in rep.types("/customer list").text
    for number in range(12):
        rep.types(f"/customer add {chr(ord('A') + number) * 9} Works")
    assert "1 to 10" in rep.types("/customer list").text
    rep.clicks("More")
    rep.sees("11 to 12")
    rep.clicks("Show")
    rep.sees("KKKKKKKKK Works")
    assert "No customers match tier:none" not in rep.types("/customer list tier:none").text
    assert "No customer has the tier gold." in rep.types("/customer list tier:gold").text
    assert "No customers match" in rep.types("/customer list mine created<2020-01-01").text


def test_follow_ups_turn_their_pages(rep: Person) -> None:
    rep.types("/customer add Acme")
    for number in range(22):
        rep.types(f'/followup add C-1 when:"2030-01-{number + 1:02} 09:00" call {number}')
    assert "1 to 20" in rep.types("/followup list").text
    rep.clicks("More")
    rep.sees("21 to 22")
    rep.sees("call 21")
