"""Which orders are a campaign's success."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.messaging import model
from services.messaging.campaigns.reporting.attribution import attribute, take_back
from services.messaging.campaigns.reporting.reaching import with_reached
from services.messaging.campaigns.values import CampaignStep, Enrolment, Reached
from services.messaging.events import EnrolmentChanged
from services.messaging.values import Content, DeliveryKind, MessageState, Messaging
from tests.services.messaging.campaigns.reporting.samples import WINDOW, control, enrolment, purchase
from tests.services.messaging.samples import NOON, message

HOUR = timedelta(hours=1)
REACHED = (Reached("msg_1", NOON),)


def after(*enrolments: Enrolment, **order: object) -> Messaging:
    change = attribute(Messaging(enrolments=enrolments), purchase(**order))  # type: ignore[arg-type]
    return change.state if change else Messaging(enrolments=enrolments)


def counted(state: Messaging) -> dict[str, bool]:
    return {one.enrolment_id: one.conversion.after_message for one in state.enrolments if one.conversion is not None}


def test_an_order_in_the_store_after_a_mail_is_the_campaigns_success() -> None:
    [one] = after(enrolment(reached=REACHED)).enrolments
    assert one.conversion is not None
    assert (one.conversion.order_id, one.conversion.units, one.conversion.channel_id) == ("ord_1", 59, "store-042")
    assert (one.conversion.after_message, one.revision) == (True, 2)


def test_an_order_before_the_message_went_out_counts_for_the_comparison_only() -> None:
    assert counted(after(enrolment(reached=(Reached("msg_1", NOON + 2 * HOUR),)))) == {"enr_1": False}
    assert counted(after(control())) == {"enr_1": False}


def test_an_order_before_or_too_long_after_counts_for_nothing() -> None:
    one = enrolment(reached=REACHED)
    assert counted(after(one, at=NOON - HOUR)) == {}
    assert counted(after(one, at=NOON + WINDOW)) == {"enr_1": True}
    assert counted(after(one, at=NOON + WINDOW + HOUR)) == {}
    assert counted(after(enrolment(arm="", path=()))) == {}
    assert counted(after(enrolment(end_reason="CONDITION_FAILED"))) == {}


def test_an_order_counts_once_for_each_campaign_where_a_message_came_before() -> None:
    older, newer = enrolment("1", reached=REACHED), enrolment("2", entered=NOON + HOUR / 2)
    other = replace(enrolment("3", reached=REACHED), campaign_id="newsletter")
    state = after(older, newer, other)
    assert counted(state) == {"enr_1": True, "enr_3": True}
    assert attribute(state, purchase()) is None
    assert counted(after(*state.enrolments, order_id="ord_2")) == {"enr_1": True, "enr_2": False, "enr_3": True}


def test_a_cancelled_order_counts_no_more_and_the_next_one_may() -> None:
    state = after(enrolment(reached=REACHED))
    change = take_back(state, "ord_1")
    assert change is not None
    assert counted(change.state) == {}
    [event] = change.events
    assert isinstance(event, EnrolmentChanged)
    assert event.enrolment.revision == 3
    assert counted(after(*change.state.enrolments, order_id="ord_2")) == {"enr_1": True}
    assert take_back(change.state, "ord_1") is None


def test_a_message_that_goes_out_is_noted_in_its_way_through_the_campaign_once() -> None:
    step = CampaignStep("cart_reminder", 1, "enr_1", "remind", "a")
    seen = message("1", campaign=step, state=MessageState.SENDING, delivery_kind=DeliveryKind.EMAIL)
    state = Messaging(waiting=(seen,), enrolments=(enrolment(), enrolment("2")))
    sent = model.confirm(state, seen, Content(), now=NOON + HOUR)
    assert [one.reached for one in sent.state.enrolments] == [(Reached("msg_1", NOON + HOUR),), ()]
    [event] = sent.events
    assert with_reached(sent.state, event.message) == sent.state  # type: ignore[union-attr]


WAYS = st.lists(
    st.builds(
        lambda name, arm, entered, reached: (
            control(str(name), entered=NOON + entered * HOUR)
            if arm == "control"
            else enrolment(
                str(name),
                arm,
                entered=NOON + entered * HOUR,
                reached=tuple(Reached(f"msg_{name}", NOON + at * HOUR) for at in reached),
            )
        ),
        st.integers(0, 9),
        st.sampled_from(["control", "a", "b"]),
        st.integers(0, 300),
        st.lists(st.integers(0, 300), max_size=2),
    ),
    max_size=6,
    unique_by=lambda one: one.enrolment_id,
)


@given(WAYS, st.lists(st.tuples(st.integers(1, 4), st.integers(0, 400)), max_size=8))
def test_however_orders_come_each_counts_once_and_each_way_has_one(
    ways: list[Enrolment], orders: list[tuple[int, int]]
) -> None:
    state = Messaging(enrolments=tuple(ways))
    for number, hour in orders:
        change = attribute(state, purchase(f"ord_{number}", at=NOON + hour * HOUR))
        before, state = state, change.state if change else state
        kept = {one.enrolment_id: one.conversion for one in before.enrolments if one.conversion is not None}
        now = {one.enrolment_id: one.conversion for one in state.enrolments}
        assert all(now[name] == conversion for name, conversion in kept.items())
    conversions = [one.conversion for one in state.enrolments if one.conversion is not None]
    assert len({conversion.order_id for conversion in conversions}) == len(conversions)
    for one in state.enrolments:
        if one.conversion is not None:
            assert one.enter_time <= one.conversion.order_time <= one.attribute_until
            assert not (one.arm == "control" and one.conversion.after_message)
