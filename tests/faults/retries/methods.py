"""All calls that change something and carry a `request_id`, as the contract says it."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message

import omnithread
from omnithread.common.v1 import access_pb2

SERVICE_OF = {"context": "aggregator"}
"""Which service answers for an area, where it is not called the same."""


@dataclass(frozen=True, slots=True)
class Method:
    """One call."""

    name: str
    """`cart.v1.CartService/AddItem`."""
    path: str
    """`/omnithread.cart.v1.CartService/AddItem`."""
    service: str
    """Who answers: `cart`."""
    request: type[Message]
    response: type[Message]


def method(name: str) -> Method:
    """Find a call by its name. Raises KeyError."""
    return ALL[name]


def _all() -> dict[str, Method]:
    root = Path(omnithread.__file__).parent
    found: dict[str, Method] = {}
    for path in sorted(root.rglob("*_service_pb2.py")):
        module = import_module(".".join(("omnithread", *path.relative_to(root).with_suffix("").parts)))
        for service in module.DESCRIPTOR.services_by_name.values():
            for one in service.methods:
                made = _method(one)
                found[made.name] = made
    return found


def _method(described: MethodDescriptor) -> Method:
    service = described.containing_service.full_name
    name = f"{service.removeprefix('omnithread.')}/{described.name}"
    area = name.partition(".")[0]
    return Method(
        name=name,
        path=f"/{service}/{described.name}",
        service=SERVICE_OF.get(area, area),
        request=message_factory.GetMessageClass(described.input_type),
        response=message_factory.GetMessageClass(described.output_type),
    )


def _changes_once(described: Method) -> bool:
    return "request_id" in described.request.DESCRIPTOR.fields_by_name and _mutates(described)


def _mutates(described: Method) -> bool:
    service, _, name = described.path[1:].partition("/")
    file = described.request.DESCRIPTOR.file
    options = file.pool.FindServiceByName(service).methods_by_name[name].GetOptions()
    return bool(options.Extensions[access_pb2.access].mutates)


ALL = _all()
MUTATING = tuple(sorted(name for name, described in ALL.items() if _changes_once(described)))
