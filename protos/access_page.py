"""Write docs/access.md from what the methods say of themselves, so that it cannot say anything else."""

from collections.abc import Iterator

from google.protobuf.descriptor_pb2 import FileDescriptorSet, MethodDescriptorProto

from libs.rpc.scopes import BACK_OFFICE, USUAL, WHAT
from omnithread.common.v1 import access_pb2, channel_pb2

HEAD = """# Who may do what

Generated from the contract (`omnithread.common.v1.access`) and the list of scopes; `make protos` writes it again.

A channel needs all scopes that a method names, in the `scope` claim of its token; `channels.toml` may allow it less.
One of the suite's own services needs to be named by the method.
Whoever is not named is refused, and a method that names nobody is nobody's.
The refusals are `SCOPE_MISSING` and `CALLER_NOT_ALLOWED`, both `PERMISSION_DENIED`.
How it works, and how to give a channel its scopes: [integrate.md](integrate.md#what-a-channel-may-do).
A test calls every method as every kind of caller (`tests/services/access`).

## Scopes

*Usual* says which kinds of channels have it in the tokens that `make token` makes.
*Back office* is the set for programs behind the channels.

| scope | lets a channel | usual for |
|---|---|---|
"""

AREAS = """
## Methods

*noted*: each call of a channel is noted in the audit log, with the customer; refused calls of every method are.
*shed*: when a server has more to do than it can, `bulk` is refused first and `urgent` last.
"""

TABLE = "\n| method | scopes | services that may call | noted | shed |\n|---|---|---|---|---|\n"
SHED = {access_pb2.IMPORTANCE_BULK: "bulk", access_pb2.IMPORTANCE_URGENT: "urgent"}


def access_page(descriptor_set: bytes) -> bytes:
    """The page, from a descriptor set. ValueError where a method does not say who may call it."""
    parts = [HEAD, *(_scope_row(scope) for scope in WHAT), AREAS]
    files = sorted(FileDescriptorSet.FromString(descriptor_set).file, key=lambda file: file.name)
    for file in files:
        for service in file.service:
            parts.append(f"\n### {file.package.split('.')[1]}: {service.name}\n{TABLE}")
            parts.extend(_row(method, f"{service.name}/{method.name}") for method in service.method)
    return "".join(parts).encode()


def _scope_row(scope: str) -> str:
    return f"| `{scope}` | {WHAT[scope]} | {', '.join(_usual(scope)) or 'nobody'} |\n"


def _usual(scope: str) -> Iterator[str]:
    for kind, scopes in USUAL.items():
        if scope in scopes:
            name = channel_pb2.ChannelKind.Name(channel_pb2.ChannelKind.ValueType(kind))
            yield name.removeprefix("CHANNEL_KIND_")
    if scope in BACK_OFFICE:
        yield "back office"


def _row(method: MethodDescriptorProto, name: str) -> str:
    if not method.options.HasExtension(access_pb2.access):
        raise ValueError(f"{name} does not say who may call it")
    said = method.options.Extensions[access_pb2.access]
    scopes = ", ".join(f"`{scope}`" for scope in said.scopes) or "no channel"
    callers = ", ".join(said.callers)
    noted = "yes" if said.audited else ""
    return f"| `{method.name}` | {scopes} | {callers} | {noted} | {SHED.get(said.importance, '')} |\n"
