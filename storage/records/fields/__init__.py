"""Type the fields of nouns: what a value of each type must be, which attribute holds it, how it is compared.

A field is declared once, with its noun. Its other face, how people write and read it, is in `bot.kit.faces`.
"""

from storage.records.fields.chosen import ChoiceField, LinkField, PersonField, YesNoField
from storage.records.fields.field import RecordField, with_value
from storage.records.fields.quantities import DateField, MomentField, MoneyField, NumberField
from storage.records.fields.settings import SettingField
from storage.records.fields.texts import AddressField, EmailField, LongTextField, PhoneField, TextField

__all__ = [
    "AddressField",
    "ChoiceField",
    "DateField",
    "EmailField",
    "LinkField",
    "LongTextField",
    "MomentField",
    "MoneyField",
    "NumberField",
    "PersonField",
    "PhoneField",
    "RecordField",
    "SettingField",
    "TextField",
    "YesNoField",
    "with_value",
]
