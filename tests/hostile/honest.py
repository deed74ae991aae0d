"""Requests as an honest caller sends them, made from the contract: the least that it asks for, and fitting values.

What the contract cannot say (that a cart must have a line before it is checked out) stands in `seeds.py`.
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor, OneofDescriptor
from google.protobuf.message import Message

from buf.validate import validate_pb2
from libs.ids import new_id
from libs.timestamps import to_timestamp
from tests.hostile.contract import longest, message_of, rules_of, rules_of_each
from tests.hostile.patterns import fitting

Fills = Callable[[Message], None]
CANARY = "kanarienvogel"
"""Part of every text that a person might have told: it must not be seen again where no such text belongs."""
_WHOLE = {
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_INT64: "int64",
    FieldDescriptor.TYPE_UINT32: "uint32",
    FieldDescriptor.TYPE_UINT64: "uint64",
}


@dataclass(frozen=True, slots=True)
class Honest:
    """Makes requests about things that there are."""

    known: Mapping[str, Any] = field(default_factory=dict)
    """What fields of this name hold: `customer_id`."""
    fills: Mapping[str, Fills] = field(default_factory=dict)
    """What else requests of this path or messages of this name need."""
    count: "itertools.count[int]" = field(default_factory=itertools.count)

    def request(self, path: str, descriptor: Descriptor) -> Message:
        """Make a request of a method."""
        made = self.message(descriptor)
        if fill := self.fills.get(path):
            fill(made)
        return made

    def message(self, descriptor: Descriptor, *, deep: int = 0) -> Message:
        """Make a message: with what it must have, and of each choice that must be made the first."""
        made = message_factory.GetMessageClass(descriptor)()
        for one in descriptor.fields:
            if (one.containing_oneof is None or _synthetic(one)) and (needed(one) or one.name in self.known):
                self.put(made, one, deep=deep)
        for choice in descriptor.oneofs:
            if not _is_synthetic(choice) and _must_choose(choice):
                named = [one for one in choice.fields if one.name in self.known]
                self.put(made, (named or choice.fields)[0], deep=deep)
        if fill := self.fills.get(descriptor.full_name):
            fill(made)
        return made

    def put(self, made: Message, one: FieldDescriptor, *, deep: int = 0) -> None:
        """Put a fitting value into a field."""
        if one.message_type is None:
            if one.is_repeated:
                values = getattr(made, one.name)
                values.extend(self.value(one) for _ in range(max(1, rules_of(one).repeated.min_items)))
            else:
                setattr(made, one.name, self.value(one))
            return
        if deep > 6:
            return
        values = [
            self.submessage(one, deep=deep + 1)
            for _ in range(max(1, rules_of(one).repeated.min_items) if one.is_repeated else 1)
        ]
        if one.is_repeated:
            getattr(made, one.name).extend(values)
        else:
            getattr(made, one.name).CopyFrom(values[0])

    def submessage(self, one: FieldDescriptor, *, deep: int = 1) -> Message:
        """Make what stands in a field of messages."""
        descriptor = message_of(one)
        match descriptor.full_name:
            case "google.protobuf.Timestamp":
                return to_timestamp(datetime.now(UTC))
            case "google.protobuf.Duration":
                return message_factory.GetMessageClass(descriptor)(seconds=3600)
            case "google.type.Money":
                return message_factory.GetMessageClass(descriptor)(currency_code="EUR", units=12)
        return self.message(descriptor, deep=deep)

    def value(self, one: FieldDescriptor) -> Any:  # of any scalar type
        """Give a fitting value for a field that is no message."""
        if one.name in self.known:
            return self.known[one.name]
        rules = rules_of_each(one)
        match one.type:
            case FieldDescriptor.TYPE_STRING:
                return self._text(one, rules.string)
            case FieldDescriptor.TYPE_BYTES:
                return b"x" * max(1, rules.bytes.min_len)
            case FieldDescriptor.TYPE_BOOL:
                return True
            case FieldDescriptor.TYPE_ENUM:
                return _enum_value(one, rules.enum)
            case FieldDescriptor.TYPE_DOUBLE | FieldDescriptor.TYPE_FLOAT:
                return 1.5
        return _number(getattr(rules, _WHOLE[one.type]))

    def _text(self, one: FieldDescriptor, rules: Any) -> str:  # whichever rules of protovalidate's
        if one.name == "request_id":
            return new_id("req")
        if choices := getattr(rules, "in"):
            return str(choices[0])
        number = next(self.count)
        if rules.HasField("pattern"):
            least = fitting(rules.pattern)
            room = longest(rules.pattern)
            return least if least or room is None else ""
        if rules.email:
            return f"{CANARY}{number}@example.com"
        if rules.uri or one.name in {"url", "link_uri", "image_uri", "link_template"}:
            return f"https://shop.example.com/{number}"
        text = f"{CANARY} {number}"
        if rules.HasField("len"):
            return text.ljust(rules.len, "x")[: rules.len]
        most = rules.max_len or rules.max_bytes or 64
        return text.ljust(rules.min_len, "x")[:most]


def needed(one: FieldDescriptor) -> bool:
    """Say whether a message that lacks the field breaks the contract."""
    rules = rules_of(one)
    if rules.ignore == validate_pb2.IGNORE_IF_ZERO_VALUE:
        return False
    if rules.required:
        return True
    if one.is_repeated:
        return rules.repeated.min_items > 0
    if one.has_presence:
        return False
    if one.type == FieldDescriptor.TYPE_STRING:
        text = rules.string
        in_list: list[str] = list(getattr(text, "in"))
        return bool(text.min_len or text.len or text.email or text.uri or (in_list and "" not in in_list)) or (
            text.HasField("pattern") and bool(fitting(text.pattern))
        )
    if one.type == FieldDescriptor.TYPE_BYTES:
        return rules.bytes.min_len > 0
    if one.type == FieldDescriptor.TYPE_ENUM:
        allowed = list(getattr(rules.enum, "in"))
        return 0 in rules.enum.not_in or (bool(allowed) and 0 not in allowed)
    if one.type in _WHOLE:
        return _number(getattr(rules, _WHOLE[one.type])) != 0 and not _takes(getattr(rules, _WHOLE[one.type]), 0)
    return False


def _enum_value(one: FieldDescriptor, rules: Any) -> int:  # whichever rules of protovalidate's
    allowed = list(getattr(rules, "in")) or [
        value.number for value in (one.enum_type.values if one.enum_type else ()) if value.number not in rules.not_in
    ]
    return int(next((number for number in allowed if number), 0))


def _number(rules: Any) -> int:  # as above
    if choices := getattr(rules, "in"):
        return int(choices[0])
    if rules.HasField("gt"):
        return int(rules.gt) + 1
    if rules.HasField("gte"):
        return max(int(rules.gte), 1) if _takes(rules, max(int(rules.gte), 1)) else int(rules.gte)
    return 1


def _takes(rules: Any, number: int) -> bool:  # as above
    return (
        (not rules.HasField("gt") or number > rules.gt)
        and (not rules.HasField("gte") or number >= rules.gte)
        and (not rules.HasField("lt") or number < rules.lt)
        and (not rules.HasField("lte") or number <= rules.lte)
    )


def _synthetic(one: FieldDescriptor) -> bool:
    return one.containing_oneof is not None and _is_synthetic(one.containing_oneof)


def _is_synthetic(choice: OneofDescriptor) -> bool:
    return len(choice.fields) == 1 and choice.name == f"_{choice.fields[0].name}"


def _must_choose(choice: OneofDescriptor) -> bool:
    return choice.GetOptions().Extensions[validate_pb2.oneof].required
