"""Write what programs export in which a pipeline is a list with columns of the team's own."""

from __future__ import annotations

from collections.abc import Sequence

from tests.support.other_programs.sent import Sent, workbook


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
            workbook(("Deals", "visible", rows), ("Updates", "visible", [["Item ID", "Update"], [501, "Called"]])),
            "deal",
            {"added": 3, "along": 2},
            [
                "Pilot | 1200.50 USD | Acme Corp | Proposal | 2031-04-30 | Rep | new",
                "Ropes | - | Globex | Lead | - | - | new",
                "Fleet | 12000.00 USD | Globex | Won | 2024-04-13 | Rep | new",
            ],
        )
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


def dynamics() -> list[Sent]:
    """Write Dynamics: a workbook with three hidden columns before the others, and a hidden sheet of lists."""
    hidden = ["(Do Not Modify) {}", "(Do Not Modify) Row Checksum", "(Do Not Modify) Modified On"]

    def book(noun: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
        first = [one.format(noun) for one in hidden]
        body = [[f"{noun}-{n}", "abc==", "2024-03-25 09:15:00", *row] for n, row in enumerate(rows)]
        lists = [["account:1abc", "Active", "Inactive"]]
        return workbook(("hiddenSheet", "hidden", lists), (f"All {noun}s", "visible", [[*first, *header], *body]))

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
