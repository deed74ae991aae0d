"""The contract as its descriptors have it: every gRPC service of the suite."""

import importlib
import pkgutil
from collections.abc import Iterator

from google.protobuf.descriptor import FileDescriptor, ServiceDescriptor

import omnithread

AREAS = ("profile", "cart", "preference", "messaging", "context", "common")


def _files() -> Iterator[FileDescriptor]:
    for area in AREAS:
        package = importlib.import_module(f"{omnithread.__name__}.{area}.v1")
        for module in pkgutil.iter_modules(package.__path__):
            if module.name.endswith("_pb2"):
                yield importlib.import_module(f"{package.__name__}.{module.name}").DESCRIPTOR


SERVICES_OF_THE_SUITE: tuple[ServiceDescriptor, ...] = tuple(
    service for file in _files() for service in file.services_by_name.values()
)
