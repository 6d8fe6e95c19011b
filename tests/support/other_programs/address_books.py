"""Write address books and lists of people as programs export them."""

from __future__ import annotations

from tests.support.other_programs.sent import Sent


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
