"""Declare what there is to know of a deal."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from storage.crm import customers, pipelines
from storage.crm.customers import Customer
from storage.crm.deals import reasons, work
from storage.crm.deals.finding import likely_duplicates
from storage.crm.deals.model import Deal, check_amount
from storage.crm.pipelines import Outcome, Pipeline, Stage
from storage.money import Money
from storage.records.comparisons import Field
from storage.records.declaration import Declaration, Over
from storage.records.fields import (
    ChoiceField,
    DateField,
    LinkField,
    LongTextField,
    MomentField,
    MoneyField,
    PersonField,
    SettingField,
    TextField,
)
from storage.records.named import Named
from storage.records.query import Query, parts
from storage.workspace.members import Role


@dataclass(frozen=True, kw_only=True)
class StageField(SettingField):
    """Hold a stage; a filter finds all that are `meant`, those of all pipelines, and says it by its whole `name`."""

    meant: Callable[[Session, str], Sequence[int]]
    name: Callable[[Session, str], str]

    def comparison(self, model: type[Named]) -> Field | None:
        """Return how deals are filtered: by the numbers of all stages that are meant."""
        return Field(Deal.stage_id, "keys", resolve=self.meant, called=self._called)

    def _called(self, session: Session, said: str) -> str:
        name = self.name(session, said)
        # Commas stand between the values of a filter.
        return said if len(parts(name)) > 1 else name


@dataclass(frozen=True, kw_only=True)
class WorthField(MoneyField):
    """Hold what a deal is worth."""

    def checked(self, session: Session, value: Any) -> Money:
        """Return the amount; raise Invalid if it is negative or too large to be added up."""
        amount = super().checked(session, value)
        check_amount(amount, field=self.key)
        return amount


def _asked(session: Session, query: Query) -> bool | None:
    """Tell which deals filters are about: open ones (False) unless they speak of closed ones, None for both."""
    if query.asks("closed", reasons.FIELD, "reason"):
        return True
    if query.asks("status"):
        named = (c.value for c in query.conditions if c.name == "status" and c.operator in {":", "="})
        asked = {part.casefold() for value in named for part in parts(value)}
        ended = asked <= {Outcome.WON, Outcome.LOST} if asked else None
        return False if asked == {Outcome.OPEN} else ended or None
    said = [part for c in query.conditions if c.name == "stage" for part in parts(c.value)]
    stages = [pipelines.stage(session, number) for part in said for number in pipelines.resolve_stages(session, part)]
    return None if any(stage.outcome != Outcome.OPEN for stage in stages) else False


def _first_stage(session: Session) -> int:
    """Return where deals begin; the first deal of a workspace finds the pipeline made that all begin with."""
    pipelines.default(session)
    return pipelines.open_stages(session)[0].id


DEAL = Declaration(
    model=Deal,
    label="Deal",
    plural="Deals",
    change=Role.REP,
    fields=(
        TextField(key="name", label="Name", by="name_key", required=True, example="Acme renewal"),
        WorthField(key="amount", label="Amount", by="amount_minor", example="12k"),
        LinkField(
            key="customer",
            label="Customer",
            at="customer_id",
            by="customer_id",
            to=Customer,
            resolve=customers.resolve,
            whose=True,
            example="acme",
        ),
        StageField(
            key="pipeline",
            label="Pipeline",
            at="pipeline_id",
            to=Pipeline,
            resolve=pipelines.resolve_pipeline,
            meant=pipelines.stages_in,
            name=lambda session, said: pipelines.resolve_pipeline(session, said).name,
            among=pipelines.all_of,
            change=work.transfer,
            example="Sales",
        ),
        StageField(
            key="stage",
            label="Stage",
            at="stage_id",
            by="stage_id",
            required=True,
            to=Stage,
            resolve=pipelines.resolve_stage,
            meant=pipelines.resolve_stages,
            name=lambda session, said: pipelines.stage(session, pipelines.resolve_stages(session, said)[0]).name,
            among=pipelines.open_stages,
            begins=_first_stage,
            change=work.put,
            example="proposal",
        ),
        DateField(key="close", label="Expected to close", at="close_on", by="close_on", example="friday"),
        PersonField(key="owner", label="Owner", at="owner_id", by="owner_id", role=Role.REP, mine=True, example="@x"),
        ChoiceField(key="status", label="Status", by="status", choices=tuple(Outcome), entered=False),
        MomentField(key="closed", label="Closed", at="closed_at", by="closed_at", past=True, entered=False),
        MomentField(key="touched", label="Last worked on", at="touched_at", by="touched_at", past=True, entered=False),
        MomentField(key="since", label="In its stage since", at="stage_since", past=True, entered=False),
        LongTextField(key="reason", label="Lost because", at="lost_reason", entered=False, told_with="stage"),
        ChoiceField(
            key=reasons.FIELD,
            label="Won or lost because",
            by="closed_reason",
            choices=(),
            named=True,
            own=(Outcome.WON, Outcome.LOST),
            entered=False,
            told_with="stage",
        ),
    ),
    twins=lambda session, values: likely_duplicates(session, values["name"], values.get("customer")),
    add=work.add,
    arriving=work.arriving,
    returning=work.returning,
    words={
        "overdue": "close<today status:open",
        "open": "status:open",
        "closed": "status:won,lost",
        "all": "status:open,won,lost",
    },
    day="close",
    day_over="closed",
    aliases={"reason": reasons.FIELD},
    order=Deal.close_on,
    over=Over(Deal.closed_at, _asked, "Open deals", "Closed deals"),
)
"""A sale, from the first contact until it is won or lost."""
