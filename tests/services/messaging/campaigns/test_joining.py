"""Two customers turn out to be one, and one to be two: campaigns go on, and nobody gets the same twice."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.messaging.campaigns.values import Conversion, PastEntry
from services.messaging.merging.parting import split
from services.messaging.merging.taking_over import absorb
from services.messaging.values import MessageState, Messaging
from tests.services.messaging.campaigns.samples import abandoned, campaign, entered, send, stepped, wait
from tests.services.messaging.samples import NOON

LATER = NOON + timedelta(hours=1)
TWO_STEPS = campaign(send("mail"), wait("a_day", days=1), send("push"))


def merged(survivor: Messaging, source: Messaging) -> Messaging:
    return absorb(survivor, source, merge_id="mrg_1", source_customer_id="cus_ben", now=LATER).state


def parted(now: Messaging, *, before: Messaging, source: Messaging) -> tuple[Messaging, Messaging]:
    both = split(
        now,
        before=before,
        source=source,
        merge_id="mrg_1",
        source_session_ids=frozenset({"ses_ben"}),
        said={},
        time=LATER,
    )
    return both.survivor, both.source


def waiting(event_id: str = "evt_1", cart_id: str = "crt_1") -> Messaging:
    """Somebody who was reminded, and is to be reminded again tomorrow."""
    return stepped(entered(TWO_STEPS, abandoned(event_id, cart_id=cart_id)), TWO_STEPS).state


def test_both_were_told_of_the_same_thing_and_one_message_goes_on() -> None:
    told = abandoned("evt_1", key="chg_1")
    anna = stepped(entered(campaign(), told), campaign()).state
    ben = stepped(entered(campaign(), replace(told, event_id="evt_2")), campaign()).state
    ben = replace(ben, waiting=tuple(replace(one, message_id="msg_ben") for one in ben.waiting))  # type: ignore[arg-type]
    ben = replace(ben, enrolments=tuple(replace(one, enrolment_id="enr_ben") for one in ben.enrolments))
    ben = replace(
        ben,
        waiting=tuple(
            replace(one, campaign=replace(one.campaign, enrolment_id="enr_ben")) for one in ben.waiting if one.campaign
        ),
    )
    after = merged(anna, ben)
    assert [one.message_id for one in after.waiting] == [anna.waiting[0].message_id]
    assert {(one.state, one.state_reason) for one in after.recent if one.message_id == "msg_ben"} <= {
        (MessageState.CANCELLED, "SUPERSEDED")
    }


def test_the_way_that_came_further_goes_on() -> None:
    anna = entered(TWO_STEPS, abandoned("evt_1"))
    ben = stepped(entered(TWO_STEPS, abandoned("evt_2")), TWO_STEPS).state
    after = merged(anna, ben)
    ended = {one.trigger.event_id: one.end_reason for one in after.enrolments}
    assert ended == {"evt_1": "MERGED", "evt_2": ""}


def test_different_carts_are_different_matters() -> None:
    after = merged(waiting("evt_1", "crt_1"), waiting("evt_2", "crt_2"))
    assert [one.end_reason for one in after.enrolments] == ["", ""]


def test_undone_each_has_their_own_way_again() -> None:
    anna, ben = waiting("evt_1", "crt_1"), waiting("evt_2", "crt_2")
    survivor, source = parted(merged(anna, ben), before=anna, source=ben)
    assert [one.trigger.event_id for one in survivor.enrolments] == ["evt_1"]
    assert [one.trigger.event_id for one in source.enrolments] == ["evt_2"]
    assert (survivor.heard, source.heard) == (anna.heard, ben.heard)


def test_a_way_that_the_merge_ended_goes_on_when_it_is_undone() -> None:
    anna = entered(TWO_STEPS, abandoned("evt_1"))
    ben = stepped(entered(TWO_STEPS, abandoned("evt_2")), TWO_STEPS).state
    survivor, source = parted(merged(anna, ben), before=anna, source=ben)
    assert [(one.is_active, one.step_id) for one in survivor.enrolments] == [(True, "")]
    assert [(one.is_active, one.step_id) for one in source.enrolments] == [(True, "push")]


def test_what_the_sources_way_queued_since_goes_back_with_it() -> None:
    anna, ben = Messaging(), entered(TWO_STEPS, abandoned("evt_2"))
    now = stepped(merged(anna, ben), TWO_STEPS).state
    survivor, source = parted(now, before=anna, source=ben)
    assert (survivor.waiting, survivor.recent) == ((), ())
    assert [one.cause for one in source.waiting] == ["evt_2"]
    assert [one.message_id for one in source.recent] == [source.waiting[0].message_id]


def test_what_a_way_led_to_since_stays_with_it_when_the_merge_is_undone() -> None:
    anna = stepped(entered(TWO_STEPS, abandoned("evt_1")), TWO_STEPS).state
    ben = entered(TWO_STEPS, abandoned("evt_2"))
    now = merged(anna, ben)
    bought = Conversion("ord_1", "EUR", 9, 0, "web-shop", 1, LATER)
    now = replace(now, enrolments=tuple(replace(one, conversion=bought) for one in now.enrolments))
    survivor, source = parted(now, before=anna, source=ben)
    assert [one.conversion for one in (*survivor.enrolments, *source.enrolments)] == [bought, bought]


@given(
    st.lists(st.sampled_from(["crt_1", "crt_2", "crt_3"]), max_size=4, unique=True),
    st.lists(st.sampled_from(["crt_1", "crt_2", "crt_3"]), max_size=4, unique=True),
)
def test_one_way_per_campaign_and_matter_and_no_way_is_lost(mine: list[str], theirs: list[str]) -> None:
    anna, ben = Messaging(), Messaging()
    for cart_id in mine:
        anna = entered(TWO_STEPS, abandoned(f"evt_mine_{cart_id}", cart_id=cart_id), anna)
    for cart_id in theirs:
        ben = entered(TWO_STEPS, abandoned(f"evt_theirs_{cart_id}", cart_id=cart_id), ben)
    after = merged(anna, ben)
    active = [one.trigger.cart_id for one in after.enrolments if one.is_active]
    assert sorted(active) == sorted(set(mine) | set(theirs))
    assert len(after.enrolments) == len(mine) + len(theirs)
    keys = {entry.key for entry in after.past_entries}
    assert keys == {entry.key for entry in (*anna.past_entries, *ben.past_entries)}
    survivor, source = parted(after, before=anna, source=ben)
    assert sorted(one.trigger.cart_id for one in survivor.enrolments if one.is_active) == sorted(mine)
    assert sorted(one.trigger.cart_id for one in source.enrolments if one.is_active) == sorted(theirs)


def test_who_has_an_arm_keeps_it_when_they_become_one() -> None:
    anna = replace(Messaging(), past_entries=(PastEntry("cart", "evt_1", NOON, "b"),))
    ben = replace(Messaging(), past_entries=(PastEntry("cart", "evt_2", LATER, "a"),))
    after = merged(anna, ben)
    assert [entry.arm for entry in after.past_entries] == ["b", "a"]
