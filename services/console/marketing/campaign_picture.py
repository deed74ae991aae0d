"""The steps of a campaign as a picture: boxes from top to bottom, and arrows, of which jumps run beside the boxes."""

from collections.abc import Sequence
from dataclasses import dataclass

from omnithread.common.v1.delivery_pb2 import DeliveryKind
from omnithread.messaging.v1.campaign_pb2 import CAMPAIGN_AUDIENCE_CHANGE_ADD, CampaignStep
from services.console.marketing.campaign_words import case_words
from services.console.marketing.measures import clock_time, listed
from services.console.pages.words import enum_words, span

BOX_WIDTH, BOX_HEIGHT, GAP = 220, 44, 26
MARGIN, LANE_WIDTH = 8, 14
HEAD = 5
MOST_LETTERS = 28
END = "end"


@dataclass(frozen=True, slots=True)
class Box:
    """One step."""

    step_id: str
    kind: str
    """`send`, `wait`, `branch`, `audience`, `exit` or `end`: how it looks."""
    label: str
    x: int
    y: int
    width: int = BOX_WIDTH
    height: int = BOX_HEIGHT

    @property
    def middle(self) -> int:
        """Where its text stands."""
        return self.x + self.width // 2


@dataclass(frozen=True, slots=True)
class Arrow:
    """A way from one step to a later one."""

    start: str
    end: str
    why: str
    """What has to be so that it is gone; empty where it is gone anyhow."""
    line: str
    """The path's `d`."""
    head: str
    """The `points` of its point."""


@dataclass(frozen=True, slots=True)
class CampaignPicture:
    """All of it, in pixels."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


@dataclass(frozen=True, slots=True)
class _Way:
    start: int
    end: int
    why: str


def picture_of(steps: Sequence[CampaignStep]) -> CampaignPicture:
    """Lay out the steps; a way to a step that is not further down is left out, since no campaign goes it."""
    boxes = [
        Box(step_id=step.step_id, kind=step.WhichOneof("action") or "", label=_label(step), x=MARGIN, y=_top(place))
        for place, step in enumerate(steps)
    ]
    boxes.append(Box(step_id=END, kind="end", label="they have left it", x=MARGIN, y=_top(len(steps))))
    ways = _ways(steps)
    lanes = lanes_of([(way.start, way.end) for way in ways if way.end > way.start + 1])
    most = max(lanes.values(), default=-1) + 1
    return CampaignPicture(
        width=2 * MARGIN + BOX_WIDTH + most * LANE_WIDTH + HEAD,
        height=_top(len(steps)) + BOX_HEIGHT + MARGIN,
        boxes=tuple(boxes),
        arrows=tuple(_arrow(way, boxes, lanes.get((way.start, way.end))) for way in ways),
    )


def lanes_of(jumps: Sequence[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Give each jump a lane beside the boxes, short ones nearest, so that no two in one lane meet."""
    taken: dict[tuple[int, int], int] = {}
    for start, end in sorted(set(jumps), key=lambda jump: (jump[1] - jump[0], jump)):
        near = {lane for (other, last), lane in taken.items() if start < last and other < end}
        touching = {lane for (other, last), lane in taken.items() if end == other or start == last}
        taken[start, end] = next(lane for lane in range(len(jumps) + 1) if lane not in near | touching)
    return taken


def _ways(steps: Sequence[CampaignStep]) -> list[_Way]:
    place = {step.step_id: at for at, step in enumerate(steps)}
    found: dict[tuple[int, int], list[str]] = {}

    def add(start: int, end: int, why: str) -> None:
        if end > start:
            found.setdefault((start, end), []).append(why)

    for at, step in enumerate(steps):
        kind = step.WhichOneof("action")
        for case in step.branch.cases if kind == "branch" else ():
            add(at, place.get(case.step_id, at), f"if {case_words(case)}")
        following = len(steps) if kind == "exit" else at + 1
        add(at, place.get(step.next_step_id, following), "else" if kind == "branch" else "")
    return [_Way(start, end, "; ".join(filter(None, why))) for (start, end), why in found.items()]


def _arrow(way: _Way, boxes: Sequence[Box], lane: int | None) -> Arrow:
    start, end = boxes[way.start], boxes[way.end]
    if lane is None:
        x, top, bottom = start.middle, start.y + start.height, end.y
        line = f"M{x} {top}V{bottom}"
        head = f"{x},{bottom} {x - HEAD},{bottom - HEAD} {x + HEAD},{bottom - HEAD}"
    else:
        edge, x = start.x + start.width, start.x + start.width + (lane + 1) * LANE_WIDTH
        top, bottom = start.y + 2 * start.height // 3, end.y + end.height // 3
        line = f"M{edge} {top}H{x}V{bottom}H{edge}"
        head = f"{edge},{bottom} {edge + HEAD},{bottom - HEAD} {edge + HEAD},{bottom + HEAD}"
    return Arrow(start=start.step_id, end=end.step_id, why=way.why, line=line, head=head)


def _top(place: int) -> int:
    return MARGIN + place * (BOX_HEIGHT + GAP)


def _label(step: CampaignStep) -> str:
    match step.WhichOneof("action"):
        case "send":
            ways = listed((enum_words(DeliveryKind.DESCRIPTOR, kind) for kind in step.send.delivery_kinds), last="or")
            label = f"send by {ways}" if ways else "send"
        case "wait" if step.wait.WhichOneof("until") == "local_minute":
            label = f"wait until {clock_time(step.wait.local_minute)}"
        case "wait":
            label = f"wait {span(step.wait.seconds)}"
        case "branch":
            label = "choose"
        case "audience":
            added = step.audience.change == CAMPAIGN_AUDIENCE_CHANGE_ADD
            label = f"{'into' if added else 'out of'} {step.audience.audience_id}"
        case "exit":
            label = "leave"
        case _:
            label = "not known here"
    return label if len(label) <= MOST_LETTERS else f"{label[: MOST_LETTERS - 1]}…"
