"""Says what makes no sense in the rule of a segment, by its place in the request. Pure."""

import re
from collections.abc import Iterator

from libs.errors import FieldFault
from services.profile.model import TraitValue
from services.profile.segments import BY_AGE, BY_ORDER, Condition, Operator, Segment

MOST_DAYS = 3650
CURRENCY = re.compile(r"[A-Z]{3}")
KINDS = ("anonymous", "known")

NUMBERS = ("order_count", "spend", "visits")
TIMES = ("first_seen_time", "last_seen_time", "last_purchase_time")
TEXTS = ("preferred_channel",)
WITH_NAME = ("spend", "visits")


def faults_of(segment: Segment) -> tuple[FieldFault, ...]:
    """Give what is wrong with a segment."""
    return tuple(
        FieldFault(f"segment.all_of[{group_index}].any_of[{index}].{field}", description)
        for group_index, group in enumerate(segment.all_of)
        for index, condition in enumerate(group)
        for field, description in _faults(condition)
    )


def _faults(condition: Condition) -> tuple[tuple[str, str], ...]:
    """Give the faulty fields of a condition, each with what is wrong."""
    return tuple(_field_faults(condition)) or tuple(_value_faults(condition))


def _field_faults(condition: Condition) -> Iterator[tuple[str, str]]:
    area, _, name = condition.field.partition(".")
    fact, _, which = name.partition(".")
    if area != "fact":
        return
    if fact not in (*NUMBERS, *TIMES, *TEXTS):
        yield "field", "names no fact"
    elif fact in WITH_NAME and not which:
        yield "field", "needs a currency or a channel behind it"
    elif fact not in WITH_NAME and which:
        yield "field", "takes no name behind it"
    elif fact == "spend" and not CURRENCY.fullmatch(which):
        yield "field", "names no currency"


def _value_faults(condition: Condition) -> Iterator[tuple[str, str]]:
    value, wanted = condition.value, _wanted(condition)
    if condition.operator is Operator.EXISTS:
        if value is not None:
            yield "value", "EXISTS compares with nothing"
    elif value is None:
        yield "value", "is needed by this operator"
    elif condition.operator in BY_AGE:
        yield from _age_faults(value, wanted)
    else:
        said = _sort_of(value)
        if wanted is not None and said != wanted:
            yield "value", f"has to be a {wanted}"
        elif condition.operator in BY_ORDER and said not in ("number", "time"):
            yield "operator", "is for numbers and times only"
        elif condition.field == "kind" and value not in KINDS:
            yield "string_value", "is neither anonymous nor known"


def _age_faults(value: TraitValue, wanted: str | None) -> Iterator[tuple[str, str]]:
    if not isinstance(value, float):
        yield "value", "has to be a number of days"
    elif not 0 <= value <= MOST_DAYS:
        yield "number_value", f"is not within 0 to {MOST_DAYS} days"
    if wanted not in (None, "time"):
        yield "operator", "is for times only"


def _wanted(condition: Condition) -> str | None:
    """Give which sort of value the field has; None where it is known only with the customer."""
    area, _, name = condition.field.partition(".")
    fact = name.partition(".")[0]
    if area == "kind" or (area == "fact" and fact in TEXTS):
        return "text"
    if area == "fact":
        return "number" if fact in NUMBERS else "time"
    return None


def _sort_of(value: object) -> str:
    if isinstance(value, bool):
        return "yes or no"
    if isinstance(value, str):
        return "text"
    return "number" if isinstance(value, float) else "time"
