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
    "door": frozenset({"preference", "messaging", "cart"}),
}
"""For each service, those whose services it calls: the public ones and the internal ones alike."""

HEARD: Mapping[str, frozenset[str]] = {
    "profile": frozenset({"cart", "aggregator"}),
    "cart": frozenset({"aggregator"}),
    "messaging": frozenset({"aggregator", "messaging"}),
}
"""For some services, those that they only hear: they ask what was announced and nothing else, and no call waits for
that, so calls go in no circle."""
HEARING = frozenset({"ReplayEvents", "ListHeads"})

ONLY: Mapping[str, Mapping[str, frozenset[str]]] = {
    "door": {
        "preference": frozenset({"ShowLink", "UseLink"}),
        "messaging": frozenset({"GetBrand", "ReportReceipts"}),
        "cart": frozenset({"ShowHandover"}),
    },
}
"""For services that the world can reach, the only methods that they may use: whoever takes one over gets no further.
Else a token of the door would make links for every customer, and export and erase them."""

OWN_CHANNELS: Mapping[str, frozenset[str]] = {
    "console": frozenset({"profile", "cart", "preference", "messaging", "aggregator"}),
}
"""Programs of the suite that call as a channel and not as a service, with the public services that they call: for
the network policies. What they may do is what their channel may."""

SERVICES = frozenset(CALLEES)


def may_call(caller: str, callee: str, method: str) -> bool:
    """Say whether service `caller` may use a method of service `callee`, for example `ReplayEvents`."""
    if method in HEARING and callee in HEARD.get(caller, frozenset()):
        return True
    if callee not in CALLEES.get(caller, frozenset()):
        return False
    return caller not in ONLY or method in ONLY[caller].get(callee, frozenset())
