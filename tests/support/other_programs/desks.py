"""Write what help desks export."""

from __future__ import annotations

from tests.support.other_programs.sent import Sent


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
