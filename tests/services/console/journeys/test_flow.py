"""The flow picture has every hand-over, to one scale."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from omnithread.common.v1.channel_pb2 import ChannelKind
from omnithread.context.v1.journey_service_pb2 import JourneyHandover
from services.console.journeys.flow import HEIGHT, flow_of

kinds = st.sampled_from([ChannelKind.CHANNEL_KIND_WEB, ChannelKind.CHANNEL_KIND_STORE, ChannelKind.CHANNEL_KIND_EMAIL])
handovers = st.lists(
    st.builds(JourneyHandover, from_kind=kinds, to_kind=kinds, count=st.integers(1, 10**9)),
    min_size=1,
    max_size=9,
    unique_by=lambda one: (one.from_kind, one.to_kind),
)


@given(handovers)
def test_both_sides_add_up_and_stay_inside(given: list[JourneyHandover]) -> None:
    flow = flow_of(given)
    assert flow is not None
    assert len(flow.ribbons) == len(given)
    total = sum(one.count for one in given)
    for side in (flow.sources, flow.targets):
        assert sum(node.count for node in side) == total
        assert abs(sum(node.height for node in side) - HEIGHT) < 0.1
        assert side[-1].top + side[-1].height <= flow.height
        assert all(before.top + before.height < after.top for before, after in pairwise(side))


def test_without_hand_overs_there_is_no_picture() -> None:
    assert flow_of([]) is None
    assert flow_of([JourneyHandover(count=0)]) is None
