"""Write small files as fifteen more programs export them, with the dirt of each, and say what has to come of them.

The columns are those that the vendors name: `docs/import.md` says where.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from openpyxl import Workbook


@dataclass(frozen=True)
class Sent:
    """Hold a file as it is sent, what its rows are, and what becomes of them.

    `records` are all of its noun afterwards, in the order they came, each as `tests.support.tables.Desk.told` tells it.
    """

    name: str
    content: bytes
    noun: str
    counts: Mapping[str, int]
    records: Sequence[str]


def _sheets(*sheets: tuple[str, str, Sequence[Sequence[object]]], hidden_columns: str = "") -> bytes:
    """Return a workbook of sheets, each with its name, `hidden` or `visible`, and rows."""
    book, file = Workbook(), io.BytesIO()
    book.remove(book.worksheets[0])
    for name, state, rows in sheets:
        sheet = book.create_sheet(name)
        sheet.sheet_state = state
        for row in rows:
            sheet.append(list(row))
        for column in hidden_columns:
            sheet.column_dimensions[column].hidden = True
    book.save(file)
    return file.getvalue()


def google() -> list[Sent]:
    """Write Google Contacts: no column is the whole name, and several addresses are in one cell."""
    header = (
        "First Name,Middle Name,Last Name,Phonetic First Name,Phonetic Middle Name,Phonetic Last Name,Name Prefix,"
        "Name Suffix,Nickname,File As,Organization Name,Organization Title,Organization Department,Birthday,Notes,"
        "Photo,Labels,E-mail 1 - Label,E-mail 1 - Value,E-mail 2 - Label,E-mail 2 - Value,Phone 1 - Label,"
        "Phone 1 - Value,Website 1 - Label,Website 1 - Value"
    )
    rows = [
        'Jane,M,Doe,,,,Dr.,,JD,,Acme Corp,CFO,Finance,1980-01-02,"two\nlines",https://lh3.example/p,* myContacts,'
        "* Work,jane@acme.example ::: jd@home.example,Home,jd@gmail.com,Mobile,+1 555 0100 ::: +1 555 0199,,",
        ",,,,,,,,,,Globex,,,,,,* myContacts,* ,info@globex.example,,,,,,",
        "伟,,张,,,,,,,,,,,,,,* myContacts,,,,,Work,+86 10 5555,,",
    ]
    return [
        Sent(
            "contacts.csv",
            "\n".join([header, *rows]).encode("utf-8"),
            "contact",
            {"added": 3, "along": 2},
            [
                "Jane Doe | CFO | jane@acme.example | +1 555 0100 | Acme Corp",
                "info@globex.example | - | info@globex.example | - | Globex",
                "伟 张 | - | - | +86 10 5555 | -",
            ],
        )
    ]


def outlook() -> list[Sent]:
    """Write Outlook: `Title` is the form of address, and the file is in the code page of the machine."""
    header = (
        "Title,First Name,Middle Name,Last Name,Suffix,Company,Department,Job Title,Business Street,Business City,"
        "Business Fax,Business Phone,Home Phone,Mobile Phone,Primary Phone,Anniversary,Birthday,Categories,"
        "E-mail Address,E-mail Type,E-mail Display Name,E-mail 2 Address,Notes,Priority,Private,Sensitivity,Web Page"
    )
    rows = [
        'Frau,Zoë,,Müller,,Söhne & Co,Einkauf,Leiterin,"Straße 1\nHof",Köln,+49 221 9,+49 221 5550,,'
        "+49 171 5550,,0/0/00,"
        '0/0/00,,zoe@soehne.example,SMTP,"Müller, Zoë",,,Normal,FALSE,Normal,http://soehne.example',
        ",,,,,Söhne & Co,,,,,,,,,,0/0/00,0/0/00,,info@soehne.example,SMTP,,,,Normal,FALSE,Normal,",
        ",José,,García,,,,,,,,,,+34 600 5550,,0/0/00,0/0/00,Friends;VIP,,,,,,High,TRUE,Private,",
    ]
    return [
        Sent(
            "Kontakte.CSV",
            "\r\n".join([header, *rows]).encode("cp1252"),
            "contact",
            {"added": 3, "along": 1},
            [
                "Zoë Müller | Leiterin | zoe@soehne.example | +49 221 5550 | Söhne & Co",
                "info@soehne.example | - | info@soehne.example | - | Söhne & Co",
                "José García | - | - | +34 600 5550 | -",
            ],
        )
    ]


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


def monday() -> list[Sent]:
    """Write Monday: a workbook in which each group has a title, a header of its own, and a line of sums."""
    header = ["Name", "Owner", "Stage", "Deal Value", "Expected Close Date", "Account", "Item ID"]
    rows: list[Sequence[object]] = [
        ["Deals"],
        ["Follow all deals here"],
        [],
        ["Active deals"],
        header,
        ["Pilot", "Rep", "Proposal", 1200.5, "2031-04-30", "Acme Corp", 501],
        ["Ropes", "Gone Person", "Lead", None, None, "Globex", 502],
        [None, None, None, 1200.5, "2031-04-30 to 2031-04-30"],
        [],
        ["Closed Won"],
        header,
        ["Fleet", "Rep", "Won", 12000, "2024-04-13", "Globex", 503],
        [None, None, None, 12000, "2024-04-13 to 2024-04-13"],
    ]
    return [
        Sent(
            "Deals_1720000000.xlsx",
            _sheets(("Deals", "visible", rows), ("Updates", "visible", [["Item ID", "Update"], [501, "Called"]])),
            "deal",
            {"added": 3, "along": 2},
            [
                "Pilot | 1200.50 USD | Acme Corp | Proposal | 2031-04-30 | Rep | new",
                "Ropes | - | Globex | Lead | - | - | new",
                "Fleet | 12000.00 USD | Globex | Won | 2024-04-13 | Rep | new",
            ],
        )
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


def streak() -> list[Sent]:
    """Write Streak: the rows of a pipeline, whose columns are the team's own."""
    boxes = (
        "Name\tStage\tAssigned To\tNotes\tOrganizations\tContacts\tDeal Size\tClose Date\t"
        "Date Created\tDate of Last Edit\n"
        "Pilot\tProposal\trep@ours.example\tcall back\tAcme Corp\tjane@acme.example\t$1,200.50\tApr 30, 2031\t"
        "Mar 25, 2024 9:15 AM\tMar 26, 2024\n"
        "Fleet\tClosed Won\tgone@ours.example\t\tGlobex\t\t$12,000\tApr 13, 2024\tMar 26,"
        " 2024 9:15 AM\tMar 26, 2024\n"
    )
    return [
        Sent(
            "Sales Pipeline.tsv",
            boxes.encode("utf-16-le"),
            "deal",
            {"added": 2, "along": 2},
            [
                "Pilot | 1200.50 USD | Acme Corp | Proposal | 2031-04-30 | Rep | 2024-03-25",
                "Fleet | 12000.00 USD | Globex | Won | 2024-04-13 | - | 2024-03-26",
            ],
        )
    ]


def notion() -> list[Sent]:
    """Write Notion: pages that are linked stand with their address, days are written out."""
    deals = (
        "Deal name,Company,Stage,Owner,Estimated Value,Expected Close Date,Created time,Last edited by\n"
        'Pilot,Acme Corp (https://www.notion.so/Acme-Corp-1f2e),Proposal,Rep,"$1,200.50","April 30, 2031",'
        '"March 25, 2024 9:15 AM",Rep\n'
        'Fleet,"Globex (https://www.notion.so/Globex-2f), Initech (https://www.notion.so/Initech-3a)",Won,'
        "Gone Person,"
        '"$12,000.00","April 13, 2024","March 26, 2024 9:15 AM",Rep\n'
        ",,,,,,,\n"
    )
    return [
        Sent(
            "Deals 1f2e3d4c5b6a_all.csv",
            deals.encode("utf-8-sig"),
            "deal",
            {"added": 2, "along": 2},
            [
                "Pilot | 1200.50 USD | Acme Corp | Proposal | 2031-04-30 | Rep | 2024-03-25",
                "Fleet | 12000.00 USD | Globex | Won | 2024-04-13 | - | 2024-03-26",
            ],
        )
    ]


def airtable() -> list[Sent]:
    """Write Airtable: the view of a table of its CRM, with decimal commas as a German export has them."""
    deals = (
        "Opportunity name;Status;Priority;Owner;Estimated value;Proposal deadline;Account;"
        "Primary contact;Expected close date;Last contact\n"
        "Pilot;Proposal;High;Rep;1.200,50 €;15.4.2031;Acme Corp;Jane Doe;30.4.2031;25.3.2024\n"
        "Fleet;Closed—won;;Gone Person;12.000,00 €;;Globex;;13.4.2024;26.3.2024\n"
        "Summe;;;;13.200,50 €;;;;;\n"
    )
    return [
        Sent(
            "Opportunities-All opportunities.csv",
            deals.encode("utf-8-sig"),
            "deal",
            {"added": 2, "along": 2},
            [
                "Pilot | 1200.50 EUR | Acme Corp | Proposal | 2031-04-30 | Rep | new",
                "Fleet | 12000.00 EUR | Globex | Won | 2024-04-13 | - | new",
            ],
        )
    ]


def intercom() -> list[Sent]:
    """Write Intercom: people by name or address alone, days in UTC."""
    people = (
        "Name,Owner,Email,Phone,User ID,First Seen (UTC),Signed up (UTC),Last seen (UTC),Web sessions,City,Country,"
        "Companies,Company ID,Unsubscribed from Emails,Tag\n"
        "Jane Doe,Rep,jane@acme.example,+1 555 0100,u-1,2024-03-24 08:00:00,2024-03-25 09:15:00,"
        "2026-01-02 10:00:00,12,"
        "Paris,France,Acme Corp,acme,false,\n"
        ",,bo@globex.example,,u-2,2024-03-26 09:15:00,,2026-01-02 10:00:00,1,,,,,true,\n"
    )
    return [
        Sent(
            "users.csv",
            people.encode(),
            "contact",
            {"added": 2, "along": 1},
            [
                "Jane Doe | - | jane@acme.example | +1 555 0100 | Acme Corp",
                "bo@globex.example | - | bo@globex.example | - | -",
            ],
        )
    ]


def freshdesk() -> list[Sent]:
    """Write Freshdesk: who asked is in columns of its own, and states are a help desk's."""
    tickets = (
        "Ticket ID,Subject,Status,Priority,Source,Type,Agent,Group,Created time,Due by Time,Resolved time,"
        "Closed time,"
        "Last update time,Initial response time,Agent interactions,Customer interactions,Resolution status,Tags,"
        "Full name,Title,Email,Work phone,Contact ID,Company Name,Company Domains\n"
        '11,"Broken, again",Pending,Urgent,Email,Problem,Agent,Support,2024-03-25 09:15:00,2024-03-26 09:15:00,,,'
        "2024-03-25 10:00:00,2024-03-25 09:30:00,2,1,,,Jane Doe,CFO,jane@acme.example,,5,Acme Corp,acme.example\n"
        "12,Slow,Closed,Medium,Portal,Question,No Agent,Support,2024-03-25 09:15:00,,2024-03-26 09:15:00,"
        "2024-03-27 09:15:00,2024-03-27 09:15:00,,0,1,Within SLA,vip,Bo Lind,,bo@globex.example,,6,Globex,\n"
    )
    return [
        Sent(
            "tickets.csv",
            tickets.encode(),
            "ticket",
            {"added": 2, "along": 2},
            [
                "Broken, again | waiting | urgent | Agent | Acme Corp | 2024-03-25",
                "Slow | closed | normal | - | Globex | 2024-03-25",
            ],
        )
    ]


def zendesk() -> list[Sent]:
    """Write Zendesk: a view of tickets, whose first column is there to be added up and whose subject comes twice."""
    tickets = (
        '"Summation column","Id","Subject","Requester","Requester id","Requester external id","Requester email",'
        '"Requester domain","Submitter","Assignee","Group","Subject","Tags","Status","Priority","Via","Ticket type",'
        '"Created at","Updated at","Assigned at","Organization","Due date","Solved at","Resolution time"\n'
        '"1","101","Broken","Jane Doe","9001","","jane@acme.example","acme.example","Jane Doe","Agent",'
        '"Support","Broken",'
        '"vip","Pending","High","Mail","Problem","2024-03-25 09:15","2024-03-26 09:15","","Acme Corp","","",""\n'
        '"1","102","Slow","Bo Lind","9002","","bo@globex.example","globex.example","Bo Lind","-","Support",'
        '"Slow","-",'
        '"On-hold","-","Web form","-","2024-03-25 09:15","2024-03-26 09:15","","-","","",""\n'
        '"1","103","Done","Bo Lind","9002","","bo@globex.example","globex.example","Bo Lind","Agent",'
        '"Support","Done","-",'
        '"Solved","Low","Web form","-","2024-03-25 09:15","2024-03-26 09:15","","-","","2024-03-26 09:15","24"\n'
    )
    return [
        Sent(
            "all-unsolved-tickets.csv",
            tickets.encode(),
            "ticket",
            {"added": 3, "along": 1},
            [
                "Broken | waiting | high | Agent | Acme Corp | 2024-03-25",
                "Slow | waiting | normal | - | - | 2024-03-25",
                "Done | resolved | low | Agent | - | 2024-03-25",
            ],
        )
    ]


def dynamics() -> list[Sent]:
    """Write Dynamics: a workbook with three hidden columns before the others, and a hidden sheet of lists."""
    hidden = ["(Do Not Modify) {}", "(Do Not Modify) Row Checksum", "(Do Not Modify) Modified On"]

    def book(noun: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
        first = [one.format(noun) for one in hidden]
        body = [[f"{noun}-{n}", "abc==", "2024-03-25 09:15:00", *row] for n, row in enumerate(rows)]
        lists = [["account:1abc", "Active", "Inactive"]]
        return _sheets(("hiddenSheet", "hidden", lists), (f"All {noun}s", "visible", [[*first, *header], *body]))

    accounts = book(
        "Account",
        [
            "Account Name",
            "Main Phone",
            "Address 1: City",
            "Primary Contact",
            "Email (Primary Contact) (Contact)",
            "Owner",
        ],
        [["Acme Corp", "+1 555 0100", "Paris", "Jane Doe", "jane@acme.example", "Rep"]],
    )
    contacts = book(
        "Contact",
        ["Full Name", "Email", "Company Name", "Business Phone", "Job Title", "Status"],
        [["Jane Doe", "jane@acme.example", "Acme Corp", "+1 555 0100", "CFO", "Active"]],
    )
    opportunities = book(
        "Opportunity",
        ["Topic", "Potential Customer", "Est. close date", "Est. revenue", "Contact", "Probability", "Owner", "Status"],
        [
            ["Pilot", "Acme Corp", "2031-04-30", 1200.5, "Jane Doe", 40, "Rep", "Open"],
            ["Fleet", "Acme Corp", "2024-04-13", 12000, None, 100, "# Gone Person", "Won"],
        ],
    )
    return [
        Sent("All Accounts 3-25-2024 9-15-00 AM.xlsx", accounts, "customer", {"added": 1}, ["Acme Corp | - | Rep"]),
        Sent(
            "All Contacts 3-25-2024 9-15-00 AM.xlsx",
            contacts,
            "contact",
            {"added": 1},
            ["Jane Doe | CFO | jane@acme.example | +1 555 0100 | Acme Corp"],
        ),
        Sent(
            "All Opportunities 3-25-2024 9-15-00 AM.xlsx",
            opportunities,
            "deal",
            {"added": 2},
            [
                "Pilot | 1200.50 USD | Acme Corp | Lead | 2031-04-30 | Rep | new",
                "Fleet | 12000.00 USD | Acme Corp | Won | 2024-04-13 | - | new",
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


def chinese() -> list[Sent]:
    """Write A Chinese CRM: GBK, semicolons, days with their characters, amounts in yuan."""
    deals = (
        "商机名称;客户名称;金额;阶段;预计成交日期;负责人;创建时间\n"
        "试点;上海贸易有限公司;¥1,200.50;Proposal;2031年4月30日;Rep;2024-03-25 09:15:00\n"
        "车队;深圳技术有限公司;¥12,000.00;Won;2024年4月13日;王五;2024-03-26 09:15:00\n"
        "合计;;¥13,200.50;;;;\n"
    )
    return [
        Sent(
            "商机.csv",
            deals.encode("gb18030"),
            "deal",
            {"added": 2, "along": 2},
            [
                "试点 | 1200.50 CNY | 上海贸易有限公司 | Proposal | 2031-04-30 | Rep | 2024-03-25",
                "车队 | 12000.00 CNY | 深圳技术有限公司 | Won | 2024-04-13 | - | 2024-03-26",
            ],
        )
    ]


PROGRAMS: Sequence[Callable[[], list[Sent]]] = (
    google,
    outlook,
    freshsales,
    sell,
    monday,
    copper,
    streak,
    notion,
    airtable,
    intercom,
    freshdesk,
    zendesk,
    dynamics,
    capsule,
    chinese,
)
