"""Write what programs for sales export."""

from __future__ import annotations

from tests.support.other_programs.sent import Sent


def freshsales() -> list[Sent]:
    """Write Freshsales: owners by name, days with the month first, stages of its own."""
    accounts = (
        "Id,Name,Website,Phone,Sales owner,Annual revenue,Number of employees,Industry type,Business type,"
        "Created at\n"
        '70001,Acme Corp,https://acme.example,,Rep,"$1,200,000.00",120,Retail,Customer,03/25/2024 09:15 AM\n'
        "70002,Globex,,,Gone Person,,,,,03/26/2024 10:00 PM\n"
    )
    contacts = (
        "Id,First name,Last name,Job title,Work,Mobile,Emails,Sales account name,Sales owner,Lifecycle stage,"
        "Created at\n"
        "80001,Jane,Doe,CFO,+1 555 0100,,jane@acme.example,Acme Corp,Rep,Customer,03/25/2024 09:15 AM\n"
        "80002,Bo,Lind,,,+1 555 0101,bo@globex.example;b.lind@home.example,Globex,Rep,Lead,03/26/2024 09:15 AM\n"
    )
    deals = (
        "Id,Name,Deal value,Deal value in Base Currency,Currency,Deal stage,Deal pipeline,Expected close date,"
        "Closed date,Account name,Related contacts,Sales owner,Probability (%),Lost reason,Created at\n"
        '90001,Pilot,"1,200.50","1,200.50",USD,Proposal,Default Pipeline,04/30/2031,,Acme Corp,jane@acme.example,Rep,'
        "40,,03/25/2024 09:15 AM\n"
        '90002,Fleet,"12,000.00","13,000.00",EUR,Won,Default Pipeline,04/14/2024,04/13/2024,Globex,,Gone Person,100,,'
        "03/26/2024 09:15 AM\n"
        "90003,Odd,5,5,USD,Moon,Default Pipeline,,,,,,,,03/26/2024 09:15 AM\n"
    )
    return [
        Sent(
            "accounts.csv",
            accounts.encode(),
            "customer",
            {"added": 2},
            ["Acme Corp | acme.example | Rep", "Globex | - | -"],
        ),
        Sent(
            "contacts.csv",
            contacts.encode(),
            "contact",
            {"added": 2},
            [
                "Jane Doe | CFO | jane@acme.example | +1 555 0100 | Acme Corp",
                "Bo Lind | - | bo@globex.example | +1 555 0101 | Globex",
            ],
        ),
        Sent(
            "deals.csv",
            deals.encode(),
            "deal",
            {"added": 2, "refused": 1},
            [
                "Pilot | 1200.50 USD | Acme Corp | Proposal | 2031-04-30 | Rep | 2024-03-25",
                "Fleet | 12000.00 EUR | Globex | Won | 2024-04-14 | - | 2024-03-26",
            ],
        ),
    ]


def sell() -> list[Sent]:
    """Write Zendesk Sell: names in lower case, moments in UTC, UTF-16 from a spreadsheet."""
    contacts = (
        "id,is_organisation,name,first_name,last_name,organisation_name,title,email,phone,mobile,website,"
        "owner,created_at\n"
        "2,FALSE,Jane Doe,Jane,Doe,Acme Corp,CFO,jane@acme.example,+1 555 0100,,,Rep,2024-03-25 09:15:00 UTC\n"
    )
    deals = (
        "id,name,value,currency,stage_name,owner,owner_id,company_name,main_contact,source,loss_reason,"
        "estimated_close_date,added_on,last_stage_change_at\n"
        "7,Pilot,1200.5,USD,Proposal,Rep,31,Acme Corp,Jane Doe,Web,,2031-04-30,2024-03-25 09:15:00 UTC,"
        "2024-04-02 09:15:00 UTC\n"
        "8,Lost cause,900,USD,Lost,Gone Person,32,Acme Corp,,,Too dear,2024-04-30,2024-03-25 09:15:00 UTC,"
        "2024-05-02 09:15:00 UTC\n"
    )
    return [
        Sent(
            "contacts.csv",
            contacts.encode("utf-16"),
            "contact",
            {"added": 1, "along": 1},
            [
                "Jane Doe | CFO | jane@acme.example | +1 555 0100 | Acme Corp",
            ],
        ),
        Sent(
            "deals.csv",
            deals.encode(),
            "deal",
            {"added": 2},
            [
                "Pilot | 1200.50 USD | Acme Corp | Proposal | 2031-04-30 | Rep | 2024-03-25",
                "Lost cause | 900.00 USD | Acme Corp | Lost | 2024-04-30 | - | 2024-03-25",
            ],
        ),
    ]


def copper() -> list[Sent]:
    """Write Copper: its own number and that of the company, several addresses each in a column."""
    companies = (
        "Copper ID,Name,Owned By,Owner Id,Contact Type,Details,Email Domain,Website,Phone Number,Created At,"
        "Updated At\n"
        "1001,Acme Corp,rep@ours.example,5,Current Customer,,acme.example,https://acme.example,,3/25/2024,3/26/2024\n"
    )
    people = (
        "Copper ID,Name,Prefix,First Name,Middle Name,Last Name,Suffix,Title,Company,Company Id,Email,"
        "Email Type,Email 2,"
        "Email 2 Type,Phone Number,Phone Number Type,Owned By,Owner Id,Contact Type,Details,Created At\n"
        "2001,Jane Doe,,Jane,,Doe,,CFO,Acme,1001,jane@acme.example,work,jd@home.example,personal,+1 555 0100,mobile,"
        "rep@ours.example,5,Current Customer,,3/25/2024\n"
    )
    opportunities = (
        "Copper ID,Name,Primary Contact,Primary Contact Id,Company,Company Id,Close Date,Details,Loss Reason,"
        "Priority,"
        "Owned By,Owner Id,Pipeline,Stage,Source,Status,Value,Currency,Win Probability,Created At\n"
        '3001,Pilot,Jane Doe,2001,Acme,1001,4/30/2031,"first\nsecond",,None,rep@ours.example,5,Sales,Proposal,,Open,'
        '"1,200.50",USD,40,3/25/2024\n'
        "3002,Gone,Jane Doe,2001,Acme,1001,4/30/2024,,Price,High,rep@ours.example,5,Sales,Proposal,,Lost,900,USD,0,"
        "3/25/2024\n"
        "3003,Left,Jane Doe,2001,Acme,1001,4/30/2024,,,High,rep@ours.example,5,Sales,Lead,,Abandoned,900,USD,"
        "0,3/25/2024\n"
    )
    return [
        Sent(
            "companies.csv", companies.encode("utf-8-sig"), "customer", {"added": 1}, ["Acme Corp | acme.example | Rep"]
        ),
        Sent(
            "people.csv",
            people.encode("utf-8-sig"),
            "contact",
            {"added": 1},
            ["Jane Doe | CFO | jane@acme.example | +1 555 0100 | Acme Corp"],
        ),
        Sent(
            "opportunities.csv",
            opportunities.encode("utf-8-sig"),
            "deal",
            {"added": 3},
            [
                "Pilot | 1200.50 USD | Acme Corp | Proposal | 2031-04-30 | Rep | 2024-03-25",
                "Gone | 900.00 USD | Acme Corp | Lost | 2024-04-30 | Rep | 2024-03-25",
                "Left | 900.00 USD | Acme Corp | Lost | 2024-04-30 | Rep | 2024-03-25",
            ],
        ),
    ]


def capsule() -> list[Sent]:
    """Write Capsule: milestones for stages, what is linked as organisation, days as the account writes them."""
    opportunities = (
        "ID,Name,Organisation,Contact,Description,Value,Currency,Milestone,Probability,Expected Close,Actual Close,"
        "Owner,Status,Lost Reason,Created,Updated\n"
        '41,Pilot,Acme Corp,Jane Doe,,"£1,200.50",GBP,Proposal,40,30/04/2031,,Rep,Open,,25/03/2024,26/03/2024\n'
        '42,Gone,Acme Corp,,,"£900.00",GBP,Lost,0,30/04/2024,29/04/2024,Rep,Lost,Price,25/03/2024,26/03/2024\n'
    )
    return [
        Sent(
            "opportunities.csv",
            opportunities.encode(),
            "deal",
            {"added": 2, "along": 1},
            [
                "Pilot | 1200.50 GBP | Acme Corp | Proposal | 2031-04-30 | Rep | 2024-03-25",
                "Gone | 900.00 GBP | Acme Corp | Lost | 2024-04-30 | Rep | 2024-03-25",
            ],
        )
    ]
