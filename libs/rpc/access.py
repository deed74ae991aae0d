"""Who may call which method: written in the contract, with each method (`omnithread.common.v1.access`), and read here.

What says nothing is refused to everybody, and a server that has such a method does not start. Channels need the
method's scopes, services must be named by it (`CALLER_NOT_ALLOWED`, `SCOPE_MISSING`). A call that one service passes on
in the name of a channel is that channel's, and is asked for its scopes again.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from libs.errors import permission_denied, scope_missing
from libs.rpc.call import Caller
from omnithread.common.v1 import access_pb2

SERVICES = frozenset({"profile", "cart", "preference", "messaging", "aggregator", "door"})
"""The programs of the suite that may call in their own name."""

HEARING = frozenset({"ReplayEvents", "ListHeads"})
"""Who uses no other method of a service only hears it: no call waits for that, so calls go in no circle."""

OURS = "omnithread."
_SERVICE_OF_AREA: Mapping[str, str] = {"context": "aggregator"}


class AccessUnsaid(Exception):
    """A method does not say who may call it; the message names it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What one method says."""

    scopes: tuple[str, ...] = ()
    """All of them must be in a channel's token; in the contract's order."""
    callers: frozenset[str] = frozenset()
    channels: bool = False
    audited: bool = False
    importance: int = access_pb2.IMPORTANCE_UNSPECIFIED
    mutates: bool = False
    gathered: bool = False

    def check(self, caller: Caller) -> None:
        """Let a caller in, or raise CALLER_NOT_ALLOWED, or SCOPE_MISSING with the first scope that is missing."""
        if caller.service:
            if caller.service not in self.callers:
                raise permission_denied("CALLER_NOT_ALLOWED", f"{caller.service} may not use this method.")
            return
        if not self.channels:
            raise permission_denied("CALLER_NOT_ALLOWED", "Channels may not use this method.")
        for scope in self.scopes:
            if scope not in caller.scopes:
                raise scope_missing(scope)


NOBODY = Rule()


@cache  # as many as there are methods in the contract
def rule_of(path: str) -> Rule:
    """Give the rule of `/omnithread.cart.v1.CartService/AddItem`; one that says nothing lets nobody in."""
    service, _, name = path.removeprefix("/").partition("/")
    try:
        found = descriptor_pool.Default().FindServiceByName(service).methods_by_name.get(name)
    except KeyError:
        found = None
    return (_rule(found) if found is not None else None) or NOBODY


def check_said(service_names: Iterable[str]) -> None:
    """Raise AccessUnsaid where a method of these services does not say who may call it."""
    pool = descriptor_pool.Default()
    for name in service_names:
        for method in pool.FindServiceByName(name).methods:
            if _rule(method) is None:
                raise AccessUnsaid(f"{method.full_name} does not say who may call it (omnithread.common.v1.access)")


def server_of(service: ServiceDescriptor) -> str:
    """Give the program that serves one of the suite's gRPC services: `aggregator` for those of `context`."""
    area = service.full_name.split(".")[1]
    return _SERVICE_OF_AREA.get(area, area)


def callees(caller: str, services: Iterable[ServiceDescriptor]) -> Mapping[str, frozenset[str]]:
    """Give the programs that a service calls in its own name, each with the methods."""
    found: dict[str, set[str]] = {}
    for method, rule in rules(services):
        if caller in rule.callers:
            found.setdefault(server_of(method.containing_service), set()).add(method.name)
    return {server: frozenset(names) for server, names in found.items()}


def rules(services: Iterable[ServiceDescriptor]) -> Iterator[tuple[MethodDescriptor, Rule]]:
    """Give each method of these services with its rule."""
    for service in services:
        for method in service.methods:
            yield method, _rule(method) or NOBODY


def _rule(method: MethodDescriptor) -> Rule | None:
    options = method.GetOptions()
    if not options.HasExtension(access_pb2.access):
        return None
    said = options.Extensions[access_pb2.access]
    return Rule(
        scopes=tuple(said.scopes),
        callers=frozenset(said.callers),
        channels=said.channels,
        audited=said.audited,
        importance=said.importance,
        mutates=said.mutates,
        gathered=said.gathered,
    )
