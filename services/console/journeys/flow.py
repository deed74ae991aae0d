"""How customers go from channel to channel, as a flow picture: from where on the left, to where on the right. Pure.

A ribbon is as thick as the number of hand-overs; both columns are drawn to one scale. Ways that come back (web, store,
web) are no trouble, since each side has every kind once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from omnithread.context.v1.journey_service_pb2 import JourneyHandover

WIDTH = 960.0
NODE_WIDTH = 16.0
LABEL_WIDTH = 150.0
HEIGHT = 360.0
GAP = 14.0
LEAST_THICKNESS = 1.5
MAX_RIBBONS = 72


@dataclass(frozen=True, slots=True)
class Node:
    """One kind of channel, on one side."""

    kind: int
    count: int
    x: float
    top: float
    height: float


@dataclass(frozen=True, slots=True)
class Ribbon:
    """The hand-overs from one kind to another."""

    handover: JourneyHandover
    path: str
    """The `d` of its outline."""


@dataclass(frozen=True, slots=True)
class Flow:
    """The picture."""

    sources: tuple[Node, ...]
    targets: tuple[Node, ...]
    ribbons: tuple[Ribbon, ...]
    """The thick ones first, so that thin ones stay visible on top of them."""
    height: float
    width: float = WIDTH


def flow_of(handovers: Sequence[JourneyHandover]) -> Flow | None:
    """Draw hand-overs; None where there are none."""
    counted = [one for one in handovers if one.count > 0][:MAX_RIBBONS]
    if not counted:
        return None
    total = sum(one.count for one in counted)
    sides = max(len({one.from_kind for one in counted}), len({one.to_kind for one in counted}))
    scale = HEIGHT / total
    sources = _column(counted, lambda one: one.from_kind, x=LABEL_WIDTH, scale=scale)
    targets = _column(counted, lambda one: one.to_kind, x=WIDTH - LABEL_WIDTH - NODE_WIDTH, scale=scale)
    left = {node.kind: node.top for node in sources}
    right = {node.kind: node.top for node in targets}
    ribbons = []
    # By where they end, so that the ribbons of a node do not cross at it.
    for one in sorted(counted, key=lambda one: (left[one.from_kind], right[one.to_kind])):
        thickness = one.count * scale
        ribbons.append(Ribbon(handover=one, path=_outline(left[one.from_kind], right[one.to_kind], thickness)))
        left[one.from_kind] += thickness
        right[one.to_kind] += thickness
    ribbons.sort(key=lambda ribbon: -ribbon.handover.count)
    return Flow(sources=sources, targets=targets, ribbons=tuple(ribbons), height=HEIGHT + GAP * (sides - 1) + 2)


def _column(
    handovers: Sequence[JourneyHandover], side: Callable[[JourneyHandover], int], *, x: float, scale: float
) -> tuple[Node, ...]:
    counts: dict[int, int] = {}
    for one in handovers:
        counts[side(one)] = counts.get(side(one), 0) + one.count
    nodes: list[Node] = []
    top = 1.0
    for kind, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        nodes.append(Node(kind=kind, count=count, x=x, top=round(top, 2), height=round(count * scale, 2)))
        top += count * scale + GAP
    return tuple(nodes)


def _outline(left: float, right: float, thickness: float) -> str:
    """Give the outline of a ribbon between two heights, never too thin to be seen or hit."""
    begin, end = LABEL_WIDTH + NODE_WIDTH, WIDTH - LABEL_WIDTH - NODE_WIDTH
    middle = (begin + end) / 2
    thick = max(thickness, LEAST_THICKNESS)
    return (
        f"M{begin:.1f},{left:.1f} C{middle:.1f},{left:.1f} {middle:.1f},{right:.1f} {end:.1f},{right:.1f} "
        f"V{right + thick:.1f} C{middle:.1f},{right + thick:.1f} {middle:.1f},{left + thick:.1f} "
        f"{begin:.1f},{left + thick:.1f} Z"
    )
