"""Take out of a text what must never be read by who reads logs and terminals: secrets, people's data, values of rows.

It goes by how such things look, so it takes too much rather than too little.
"""

from __future__ import annotations

import re

ROW, SECRET, PERSONAL = "[row]", "[secret]", "[personal]"

# A text may hold a representation of another, whose line breaks are written as a backslash and a letter.
_BREAK = r"(?:\n[ |+]{0,40}|\\{1,16}n)"
# What PostgreSQL says of the row at fault goes on, as a value may have lines, until something else begins.
_NEXT = (
    rf"(?={_BREAK}(?:HINT|DETAIL|CONTEXT|LOCATION|QUERY|STATEMENT):  |{_BREAK}\[SQL: |{_BREAK}\[parameters: "
    rf"|{_BREAK}\(Background on |{_BREAK}{_BREAK}(?:The above exception|During handling)|{_BREAK}Traceback \(most|\Z)"
)
_SECTIONS = re.compile(
    r"((?:DETAIL|CONTEXT|QUERY|STATEMENT):\s+|Failing row contains |\[parameters: |Key \([^)]{0,400}\)=\().*?" + _NEXT,
    re.DOTALL,
)
_SQL = re.compile(r"\[SQL: .*?" + _NEXT, re.DOTALL)
_LITERAL = re.compile(r"'(?:[^']|'')*(?:'|\Z)")
_LINE = re.compile(r"(\bLINE \d+: )[^\n]*")
# From the quotation mark to the next one, whatever is between, and as a value may hold one, to the end of that line.
_VALUE = re.compile(
    r"""((?:\binvalid\ (?:input|syntax|value|byte|literal|regular|connection|port|URI|percent)|\bmalformed
      |\bout\ of\ range|\bunterminated|\bsyntax\ error|\bnot\ a\ valid|\bcould\ not\ (?:parse|convert|translate)
      |\bmissing\ \\*"=\\*"\ after|\bvalue(?=\ \\*")|\bToken(?=\ \\*")|\bcannot\ (?:cast|convert)|\btime\ zone)
      (?:[^"'\n]|(?<=\w)'(?=\w)){0,200}) (?:"[^"]*(?:"[^\n]*)?|'[^']*(?:'[^\n]*)?)""",
    re.VERBOSE,
)
_ROWS = re.compile(r"\[row\](?:\s*\[row\])+")

_SECRETS = re.compile(
    r"""
      \b(?:xox[a-z]|xwfp|xapp)(?:\.xox[a-z])?(?:-|%2D)[\w.%-]+
    | (?:https?(?:://|%3A%2F%2F|:\\+/\\+/)|\b)hooks\.slack[\w-]*\.com(?:/|%2F|\\+/)[^\s"'<>]+
    | (?<=://)[^\s"'<>]{0,512}(?=@)      # user:password@host, with any sign in it
    | (?<=%3A%2F%2F)[^\s"'<>&]{0,512}?%40(?=[\w.-])
    | (?<![\w.%+/@-])[\w.%+-]{1,128}:[^\s/@"',;)(]{1,256}@           # the same without a scheme
    | (?<=\bbearer\ )\s*[^\s"',}]+ | (?<=\bbasic\ )\s*(?!Information\b)[A-Za-z0-9+/=]{8,}
    | \bv0=[0-9a-f]{8,}
    | (?<![\w-])[\w-]{43}(?:=|%3D)(?![\w=]) | \bgAAAAA[\w-]+=*        # Fernet: a key, and what it has locked
    | (?<![\w-])[0-9a-f]{32}(?![\w-])                                # the app's secrets
    """,
    re.VERBOSE | re.IGNORECASE,
)
# Behind a colon and a space, two words in a row are a sentence: "SLACK_SIGNING_SECRET: must be 32 characters".
_NAMED = re.compile(
    r"""
      ((?:password|passwd|pgpass|\bpwd|passphrase|secret|api[_-]?key|encryption[_-]?keys?|response_url|set-cookie
        |(?:access|refresh|bot|app|api|id)[_-]?token|(?:x-slack-)?signature)\w{0,40}\\*["']?\s*
          (?:=\s*|%3D|:\s*(?![a-z]+(?:\ [a-z]|,\ )|(?:invalid_auth|not_authed|account_inactive|missing_scope
          |not_allowed_token_type|no_permission|token_(?:revoked|expired)|team_(?:access_not_granted|not_found))\b))
      | \b(?:token|code|state|ticket)\\*["']?(?:=|["']\s*:)\s*
      | \bauthorization\\*["']?\s*[=:]\s*\\*["']?(?:(?:bearer|basic|token|digest)\s+)?)
      (?!\[(?:secret|row)\])
      (?:\\*"(?:[^"\\]|\\+[^"\\])*\\*"|\\*'(?:[^'\\]|\\+.)*'|[^\s"'&;)\]}]+)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_END = r"(?![\w-]|\.\d)"
_PEOPLE = re.compile(
    r"(?:[\w.+%-]|(?<=\w)['’]){1,128}(?:@|%40)[\w-]+(?:\.[\w-]+)*"  # e-mail addresses, also jo@here
    r"|\btel:\+?[\d ()./-]{5,}\d"
    r"|(?<![\w.])(?:\+|%2B)\d[\d ()./-]{6,}\d"  # +49 171 1234567
    r"|(?<![\w.-])00[1-9][\d ()/-]{7,}\d" + _END + "|"  # 0049 171 1234567
    r"(?<![\w.-])\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}" + _END + "|"  # (555) 123-4567
    r"(?<![\w.-])0\d{2,4}[ /-]\d{5,}" + _END + "|"  # 0171 1234567
    r"(?<![\w.-])0\d{1,4}(?:[ /.-]\d{2,4}){2,4}" + _END + "|"  # 020 7946 0958, 01 23 45 67 89
    r"(?<![\w.-])1[3-9]\d(?:[ -]?\d{4}){2}" + _END  # 138 1234 5678
)
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def scrub(text: str) -> str:
    """Take tokens, hooks, keys, passwords, e-mail addresses, phone numbers and values of rows out of a text."""
    return _PEOPLE.sub(PERSONAL, _without_secrets(text))


def _without_secrets(text: str) -> str:
    text = _SECTIONS.sub(rf"\1{ROW}", text)
    text = _SQL.sub(lambda found: _LITERAL.sub(ROW, found[0]), text)
    text = _LINE.sub(rf"\1{ROW}", text)
    text = _VALUE.sub(rf"\1{ROW}", text)
    text = _ROWS.sub(ROW, text)
    text = _SECRETS.sub(SECRET, text)
    return _NAMED.sub(rf"\1{SECRET}", text)


def printable(text: str, *, quotes: bool = False) -> str:
    """Return a text scrubbed, and without what a terminal would take for more than letters.

    One that `quotes` what the reader has written keeps addresses and telephone numbers.
    """
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", _without_secrets(text) if quotes else scrub(text))
