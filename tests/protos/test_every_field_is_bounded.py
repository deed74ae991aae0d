"""Whatever a caller sends has a bound that stands in the contract, where the caller can read it."""

from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from tests.hostile.contract import all_rpcs, fields_of, longest, rules_of, rules_of_each

TIME = "google.protobuf.Timestamp"
BY_EXPRESSION = {
    "google.type.Money": "money.range",
    "google.type.PostalAddress": "postal_address.size",
    "google.protobuf.FieldMask": "field_mask.size",
}
"""Messages of others, for which there are no rules of their own: an expression bounds their parts."""
WHOLE = {
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_INT64: "int64",
    FieldDescriptor.TYPE_UINT32: "uint32",
    FieldDescriptor.TYPE_UINT64: "uint64",
}
BROKEN = {FieldDescriptor.TYPE_FLOAT: "float", FieldDescriptor.TYPE_DOUBLE: "double"}


def asked() -> dict[str, FieldDescriptor]:
    """Give every field that may stand in a request of any method, by name."""
    return {field.full_name: field for rpc in all_rpcs() for field in fields_of(rpc.request)}


def test_every_list_that_is_sent_has_a_greatest_length() -> None:
    lists = [field for field in asked().values() if field.is_repeated]
    assert [field.full_name for field in lists if not rules_of(field).repeated.HasField("max_items")] == []
    assert len(lists) > 50


def test_nothing_that_is_sent_is_a_map() -> None:
    maps = [name for name, field in asked().items() if field.message_type and field.message_type.GetOptions().map_entry]
    assert maps == []


def test_every_text_that_is_sent_has_a_greatest_length() -> None:
    texts = [field for field in asked().values() if field.type == FieldDescriptor.TYPE_STRING]
    assert [field.full_name for field in texts if not text_is_bounded(rules_of_each(field).string)] == []
    assert len(texts) > 300


def test_all_bytes_that_are_sent_have_a_greatest_length() -> None:
    found = [field for field in asked().values() if field.type == FieldDescriptor.TYPE_BYTES]
    assert [field.full_name for field in found if not rules_of_each(field).bytes.HasField("max_len")] == []


def test_every_number_that_is_sent_has_a_greatest_value() -> None:
    assert [name for name, field in asked().items() if field.type in WHOLE and not number_is_bounded(field)] == []
    numbers = [field for field in asked().values() if field.type in BROKEN]
    assert [field.full_name for field in numbers if not getattr(rules_of_each(field), BROKEN[field.type]).finite] == []


def test_every_time_that_is_sent_is_within_the_years_that_people_use() -> None:
    times = list(of_message(TIME))
    assert [field.full_name for field in times if not time_is_bounded(rules_of_each(field).timestamp)] == []
    assert len(times) > 100


def test_every_span_of_time_that_is_sent_has_a_longest() -> None:
    spans = list(of_message("google.protobuf.Duration"))
    assert [field.full_name for field in spans if not (rules_of_each(field).duration.WhichOneof("less_than"))] == []


def test_what_others_defined_is_bounded_by_the_same_expression_wherever_it_is_sent() -> None:
    for name, rule in BY_EXPRESSION.items():
        said = [[cel.expression for cel in rules_of_each(field).cel if cel.id == rule] for field in of_message(name)]
        assert said, name
        assert all(expressions == said[0] and len(expressions) == 1 for expressions in said), name


def test_no_message_of_others_is_sent_that_nobody_bounded() -> None:
    foreign = {
        field.message_type.full_name
        for field in asked().values()
        if field.message_type and not field.message_type.full_name.startswith("omnithread.")
    }
    assert foreign <= {TIME, "google.protobuf.Duration", *BY_EXPRESSION}


def of_message(name: str) -> Iterator[FieldDescriptor]:
    """Give the fields that hold this message."""
    return (field for field in asked().values() if field.message_type and field.message_type.full_name == name)


def text_is_bounded(rules: Any) -> bool:  # whichever rules of protovalidate's
    if any(rules.HasField(name) for name in ("max_len", "max_bytes", "len", "const")) or getattr(rules, "in"):
        return True
    return rules.HasField("pattern") and longest(rules.pattern) is not None


def number_is_bounded(field: FieldDescriptor) -> bool:
    rules = getattr(rules_of_each(field), WHOLE[field.type])
    return bool(rules.WhichOneof("less_than") or getattr(rules, "in") or rules_of_each(field).cel)


def time_is_bounded(rules: Any) -> bool:  # as above
    return bool(rules.WhichOneof("less_than") and rules.WhichOneof("greater_than"))
