"""The contract as it stands in the descriptors: every method of every service of ours, and the rules of its fields."""

import importlib
import re._parser as regex_parser  # type: ignore[import-not-found]  # how long a pattern can be, Python knows only there
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor

from buf.validate import validate_pb2
from omnithread.common.v1 import access_pb2

SOURCES = Path(__file__).resolve().parents[2] / "protos"
AREAS = {
    "profile": "profile",
    "cart": "cart",
    "preference": "preference",
    "messaging": "messaging",
    "aggregator": "context",
}
"""What the packages of a service are called; each serves those in `common` as well."""


@dataclass(frozen=True, slots=True)
class Rpc:
    """One method."""

    service: str
    """Whose: `cart`."""
    path: str
    """`/omnithread.cart.v1.CartService/AddItem`."""
    request: Descriptor
    streams_requests: bool
    streams_answers: bool
    callers: tuple[str, ...]
    """The suite's own services that may call it."""
    channels: bool
    """Whether channels may call it."""
    mutates: bool
    """Whether it has a `request_id` and changes something."""

    @property
    def name(self) -> str:
        """`CartService/AddItem`, for people."""
        return self.path.rpartition(".")[2]


@cache
def rpcs(service: str) -> tuple[Rpc, ...]:
    """Give all methods of a service, public and internal, by name."""
    folders = [SOURCES / "omnithread" / area / "v1" for area in (AREAS[service], "common")]
    found = []
    for file in [file for folder in folders for file in sorted(folder.glob("*_service.proto"))]:
        name = file.relative_to(SOURCES).as_posix()
        importlib.import_module(name.removesuffix(".proto").replace("/", ".") + "_pb2")
        for each in descriptor_pool.Default().FindFileByName(name).services_by_name.values():
            found += [_rpc(service, each.full_name, method) for method in each.methods]
    return tuple(found)


def _rpc(service: str, full_name: str, method: MethodDescriptor) -> Rpc:
    access = method.GetOptions().Extensions[access_pb2.access]
    return Rpc(
        service=service,
        path=f"/{full_name}/{method.name}",
        request=method.input_type,
        streams_requests=method.client_streaming,
        streams_answers=method.server_streaming,
        callers=tuple(access.callers),
        channels=access.channels,
        mutates=access.mutates,
    )


def all_rpcs() -> tuple[Rpc, ...]:
    """Give all methods of all services."""
    return tuple(rpc for service in AREAS for rpc in rpcs(service))


def fields_of(root: Descriptor) -> Iterator[FieldDescriptor]:
    """Give the fields of a message and of all messages in it that are ours."""
    seen, waiting = {root.full_name}, [root]
    while waiting:
        for field in waiting.pop().fields:
            yield field
            inner = field.message_type
            if inner is not None and inner.full_name.startswith("omnithread.") and inner.full_name not in seen:
                seen.add(inner.full_name)
                waiting.append(inner)


def message_of(field: FieldDescriptor) -> Descriptor:
    """Give what a field of messages holds. Raises ValueError for another field."""
    if field.message_type is None:
        raise ValueError(f"{field.full_name} holds no messages")
    return field.message_type


def rules_of(field: FieldDescriptor) -> validate_pb2.FieldRules:
    """Give what the contract asks of a field."""
    return field.GetOptions().Extensions[validate_pb2.field]


def rules_of_each(field: FieldDescriptor) -> validate_pb2.FieldRules:
    """Give what the contract asks of a value of the field: of one entry, where it is repeated."""
    rules = rules_of(field)
    return rules.repeated.items if field.is_repeated else rules


def longest(pattern: str) -> int | None:
    """Say how long a text of this pattern can be; None for as long as anybody likes."""
    if not (pattern.startswith("^") and pattern.endswith("$")):
        return None
    most: int = regex_parser.parse(pattern).getwidth()[1]
    return most if most < regex_parser.MAXREPEAT else None
