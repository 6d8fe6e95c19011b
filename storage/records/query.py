"""Read filters and a sort order from text, and turn them into conditions the database can use.

    amount>10k close<friday owner:me stage:proposal sort:-amount

Under row-level security an index serves only leakproof comparisons, so each kind of field compares for equality or a
range of bigint, date, timestamptz or text key, never by LIKE or a function of the column.

- `:` and `=` mean "is", `!=` "is not, or is empty"; `<`, `<=`, `>` and `>=` are for amounts, numbers, dates and times.
- `owner:none` finds what has no owner, `owner!=none` what has one.
- `status:new,open` finds either; members, fixed choices, categories and records take such lists.
- An amount is compared with amounts of its own currency only; all others are neither more nor less nor equal, and `!=`
  finds them. An order by amount is that of the minor units, whatever their currency: one that an index can give.
- `amount:10k..50k` is from the one to the other, both included; `!=` is outside of them, `<` below and `>` above both.
- A day, week or month is the whole of it, where the reader is: `close<december` is before its first day,
  `close>december` after its last.
- `name:acme` finds names that begin so, `name=acme` those that are exactly so.
"""

import difflib
import operator
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from storage.errors import Invalid, NotFound
from storage.money import Money
from storage.names import name_key, short
from storage.records.comparisons import Field, Fields, Kind, ValueRows, Values, scaled_numbers
from storage.records.paging import Order

# More than anybody types; each is a condition the database has to plan.
MOST_FILTERS = 50

_ORDERED: frozenset[Kind] = frozenset({"money", "number", "date", "moment"})
_LISTED: frozenset[Kind] = frozenset({"member", "choice"})
_UNSORTED: frozenset[Kind] = frozenset({"member", "record"})
_EMPTY = frozenset({"none", "nobody", "-", "无"})
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    ":": operator.eq, "=": operator.eq, "!=": operator.ne,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip

# The value of https://... is no filter.
_FILTER = re.compile(r"([^\W\d_][\w-]*)(<=|>=|!=|[:=<>])(?!//)(.*)", re.DOTALL)
_WORD = re.compile(r'(?:[^\s"“”]|["“”][^"“”]*["“”])+')
_QUOTE = re.compile(r'["“”]')
_LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True)
class Condition:
    """Hold one comparison as it was written."""

    name: str
    operator: str
    value: str


@dataclass(frozen=True)
class Sort:
    """Hold one field to sort by."""

    name: str
    descending: bool


@dataclass(frozen=True)
class Query:
    """Hold comparisons, a sort order and the words that are neither."""

    conditions: tuple[Condition, ...] = ()
    sort: tuple[Sort, ...] = ()
    text: str = ""

    def asks(self, *names: str) -> bool:
        """Tell whether a comparison is about one of these fields."""
        return any(condition.name in names for condition in self.conditions)

    def where(self, session: Session, fields: Fields, values: Values) -> list[ColumnElement[bool]]:
        """Return the conditions.

        Raises Invalid for a field there is not, an operator its kind does not know or a value it cannot read, and what
        the field's `resolve` raises.
        """
        return [_clause(session, condition, fields.named(condition.name), values) for condition in self.conditions]

    def order_by(self, fields: Fields) -> list[ColumnElement[Any]]:
        """Return the order, ending with the tie's column; empty if none was asked for.

        Raises Invalid for a field there is not and one that has no order.
        """
        return [order.clause() for order in self.orders(fields)]

    def orders(self, fields: Fields) -> list[Order]:
        """Return the order as it is paged by; raises as `order_by` does."""
        orders = [_order(sort, fields.named(sort.name)) for sort in self.sort]
        return [*orders, Order(fields.tie, orders[-1].descending)] if orders else []

    def apply(self, session: Session, select: Select[Any], fields: Fields, values: Values) -> Select[Any]:
        """Return a statement with the conditions and the order added; raises as `where` and `order_by` do."""
        return select.where(*self.where(session, fields, values)).order_by(*self.order_by(fields))


def parse_query(text: str) -> Query:
    """Read a line of filters, in which quotes hold words together; raise Invalid for an unclosed quote."""
    if len(_QUOTE.findall(text)) % 2:
        raise Invalid("A quote is opened and never closed.", typed=text)
    return parse_filters(_QUOTE.sub("", word) for word in _WORD.findall(text))


def parse_filters(words: Iterable[str]) -> Query:
    """Read filters, one a word: their values may have spaces and need no quotes.

    Raises Invalid for a filter without a value and for more than 50. Which fields there are is asked when the query is
    applied.
    """
    conditions: list[Condition] = []
    sort: list[Sort] = []
    free: list[str] = []
    for word in words:
        match = _FILTER.fullmatch(word)
        if match is None:
            free.append(word)
            continue
        name, comparison, value = match[1].casefold(), match[2], match[3].strip()
        if not value:
            raise Invalid("{word} has no value.", field=name, typed=word, word=word)
        if name == "sort":
            keys = [key.strip() for key in re.split("[,，、]", value) if key.strip("- ,")]
            sort += (Sort(key.lstrip("-").casefold(), key.startswith("-")) for key in keys)
        else:
            conditions.append(Condition(name, comparison, value))
        if len(conditions) + len(sort) > MOST_FILTERS:
            raise too_many_filters(word)
    return Query(tuple(conditions), tuple(sort), " ".join(free))


def too_many_filters(typed: str) -> Invalid:
    """Return the error for more filters than anybody needs."""
    return Invalid("There are more than {most} filters.", typed=typed, most=MOST_FILTERS)


def _clause(session: Session, condition: Condition, on: Field, values: Values) -> ColumnElement[bool]:
    if on.rows is not None:
        return _in_rows(session, condition, on, on.rows, values)
    name, comparison, value = condition.name, condition.operator, condition.value
    if comparison in {"<", "<=", ">", ">="} and on.kind not in _ORDERED:
        raise Invalid(
            "{name} has no order, so it cannot be compared with {operator}.",
            field=name,
            hint="Write {name}:{value} or {name}!={value}.",
            name=name,
            operator=comparison,
            value=value,
        )
    if value.casefold() in _EMPTY and comparison in {":", "=", "!="} and on.kind != "name":
        return on.column.is_not(None) if comparison == "!=" else on.column.is_(None)
    try:
        return _compare(session, condition, on, values)
    except Invalid as error:
        raise error.on_field(name) from None


def _in_rows(session: Session, condition: Condition, on: Field, rows: ValueRows, values: Values) -> ColumnElement[bool]:
    """Return the condition that a record's row is so, or that it has none where that is asked for."""
    differs = condition.operator == "!="
    if condition.value.casefold() in _EMPTY and condition.operator in {":", "=", "!="}:
        return rows.has() if differs else ~rows.has()
    same = replace(condition, operator=":") if differs else condition
    found = rows.has(_clause(session, same, replace(on, rows=None), values))
    return ~found if differs else found


def _compare(session: Session, condition: Condition, on: Field, values: Values) -> ColumnElement[bool]:
    comparison, text = condition.operator, condition.value
    match on.kind:
        case "money":
            return _compare_money(comparison, on, *values.amounts(text))
        case "moment":
            return _compare_span(comparison, on.column, *values.span(text, past=on.past))
        case "name":
            return _compare_name(comparison, on.column, name_key(text))
        case "date":
            first, last = values.days(text, past=on.past)
            if first == last:
                return _or_empty(comparison, on.column, _COMPARE[comparison](on.column, first))
            return _compare_span(comparison, on.column, first, last + timedelta(1))
        case "number":
            low, high = scaled_numbers(text, on.decimals)
            return _or_empty(comparison, on.column, _between(comparison, on.column, low, high))
        case "record":
            return _among(comparison, on.column, [record.id for record in meant(session, on, text)])
        case "member" | "choice" | "keys":
            wanted = [value for part in parts(text) for value in _values(session, condition, on, part, values)]
            return _among(comparison, on.column, wanted)


def meant(session: Session, on: Field, text: str) -> list[Any]:
    """Return the records that a filter names: one whose name may have commas, or several between commas.

    Raises what the field's `resolve` raises.
    """
    assert on.resolve is not None
    try:
        return [on.resolve(session, text)]
    except NotFound:
        if len(parts(text)) == 1:
            raise
        return [on.resolve(session, part) for part in parts(text)]


def parts(text: str) -> list[str]:
    """Return what stands between the commas of a filter's value."""
    return [part.strip() for part in re.split("[,，、]", text) if part.strip()]


def _values(session: Session, condition: Condition, on: Field, said: str, values: Values) -> Sequence[str]:
    if on.kind == "keys":
        assert on.resolve is not None
        keys: Sequence[str] = on.resolve(session, said)
        return keys
    return [values.member(said) if on.kind == "member" else _choice(condition, on, said)]


def _among(comparison: str, column: InstrumentedAttribute[Any], wanted: Sequence[Any]) -> ColumnElement[bool]:
    if len(wanted) == 1:
        return _or_empty(comparison, column, _COMPARE[comparison](column, wanted[0]))
    return _or_empty(comparison, column, column.not_in(wanted) if comparison == "!=" else column.in_(wanted))


def _or_empty(comparison: str, column: InstrumentedAttribute[Any], found: ColumnElement[bool]) -> ColumnElement[bool]:
    return or_(found, column.is_(None)) if comparison == "!=" else found


def _between(comparison: str, column: InstrumentedAttribute[Any], low: int, high: int) -> ColumnElement[bool]:
    """Return how a column compares with all from the least to the most: less than all, outside of them, one of them."""
    if low == high or comparison not in {":", "=", "!="}:
        found: ColumnElement[bool] = _COMPARE[comparison](column, high if comparison in {"<=", ">"} else low)
        return found
    return or_(column < low, column > high) if comparison == "!=" else and_(column >= low, column <= high)


def _compare_money(comparison: str, on: Field, low: Money, high: Money) -> ColumnElement[bool]:
    assert on.currency is not None
    found = _between(comparison, on.column, low.minor, high.minor)
    if comparison == "!=":
        return or_(on.currency != low.currency, found, on.column.is_(None))
    # Not a condition that an index could serve: the index of amounts is to, as nearly all are in one currency.
    same_currency = (on.currency == low.currency).is_(true())
    return and_(same_currency, found)


def _compare_span(comparison: str, column: InstrumentedAttribute[Any], begins: date, ends: date) -> ColumnElement[bool]:
    found: dict[str, ColumnElement[bool]] = {
        "<": column < begins,
        "<=": column < ends,
        ">": column >= ends,
        ">=": column >= begins,
        "!=": or_(column < begins, column >= ends, column.is_(None)),
    }
    return found.get(comparison, and_(column >= begins, column < ends))


def _compare_name(comparison: str, column: InstrumentedAttribute[Any], key: str) -> ColumnElement[bool]:
    if comparison == ":":
        return and_(column >= key, column < key + _LAST_CHARACTER)
    found: ColumnElement[bool] = _COMPARE[comparison](column, key)
    return found


def _choice(condition: Condition, on: Field, said: str) -> str:
    wanted = said.casefold()
    for choice in on.choices:
        if choice.casefold() == wanted:
            return choice
    near = difflib.get_close_matches(wanted[:40], [choice.casefold() for choice in on.choices], n=1)
    raise Invalid(
        "{value} is not a {name}.",
        hint="Did you mean {near}? There are {choices}." if near else "There are {choices}.",
        typed=condition.value,
        value=short(said),
        name=condition.name,
        near=near[0] if near else None,
        choices=", ".join(on.choices),
    )


def _order(sort: Sort, on: Field) -> Order:
    if on.kind in _UNSORTED or (on.rows and on.rows.several):
        raise Invalid("There is no order by {name}.", field="sort", name=sort.name)
    return Order(on.column, sort.descending, on.rows)
