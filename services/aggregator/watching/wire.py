"""Writes what a watcher is sent. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from omnithread.context.v1 import watch_service_pb2 as pb
from omnithread.context.v1.context_pb2 import CustomerContext, Section
from services.aggregator.context import FIELDS, ContextRead
from services.aggregator.watching.seen import Seen


@dataclass(frozen=True, slots=True)
class Change:
    """How what there is now differs from what a watcher has seen."""

    sections: tuple[int, ...]
    snapshot: bool

    @classmethod
    def between(cls, before: Seen | None, after: Seen) -> "Change | None":
        """Compare; None where there is nothing to tell. Another customer is told from the beginning."""
        if before is None or before.customer_id != after.customer_id:
            return cls(after.changed_sections(None), snapshot=True)
        return None if before == after else cls(after.changed_sections(before), snapshot=False)


def update_of(read: ContextRead, change: Change, *, changed_sections_only: bool) -> pb.CustomerContextUpdate:
    """Write a context as a watcher is told of it."""
    context = read.context
    if changed_sections_only and not change.snapshot:
        context = _only(context, change.sections)
    return pb.CustomerContextUpdate(
        context=context,
        problems=read.problems_to_proto(),
        cart_price=read.beside.price,
        other_channel_prices=read.beside.other_channel_prices,
        cart_problems=read.beside.problems,
        changed_sections=[Section.ValueType(section) for section in change.sections],
        snapshot=change.snapshot,
    )


def _only(context: CustomerContext, sections: Sequence[int]) -> CustomerContext:
    """Leave out what did not change; versions and etag speak of all."""
    part = CustomerContext(customer_id=context.customer_id, versions=context.versions, etag=context.etag)
    for section in sections:
        name = FIELDS[section]
        if context.HasField(name):  # type: ignore[arg-type]  # one of the names of its fields
            getattr(part, name).CopyFrom(getattr(context, name))
    return part
