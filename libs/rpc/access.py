"""Who may call whom, among the suite's own services: written once, here.

The door refuses any other service (`CALLER_NOT_ALLOWED`), and the network policies of a deployment say the same.
Channels call the public services of all five, as far as their token goes; internal services are closed to them.
"""

from collections.abc import Mapping

CALLEES: Mapping[str, frozenset[str]] = {
    "profile": frozenset(),
    "cart": frozenset({"profile"}),
    "preference": frozenset({"profile"}),
    "messaging": frozenset({"profile", "cart", "preference"}),
    "aggregator": frozenset({"profile", "cart", "preference", "messaging"}),
}
"""For each service, those whose services it calls: the public ones and the internal ones alike."""

SERVICES = frozenset(CALLEES)


def may_call(caller: str, callee: str) -> bool:
    """Say whether service `caller` may call service `callee`."""
    return callee in CALLEES.get(caller, frozenset())
