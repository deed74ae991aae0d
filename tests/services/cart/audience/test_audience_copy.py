"""What the copy of a customer's facts makes of news, in whatever order they come."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from omnithread.common.v1 import channel_pb2
from services.cart.audience.copy import (
    AudienceCopy,
    JourneyAct,
    ProfilePart,
    copy_from_document,
    copy_to_fields,
    facts_from,
    with_act,
    with_end,
    with_profile,
)
from services.cart.audience.facts import NO_FACTS

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WEB, STORE = channel_pb2.CHANNEL_KIND_WEB, channel_pb2.CHANNEL_KIND_STORE
ANNA = AudienceCopy("cus_anna")


def act(seq: int, *, days: float = 0, kind: int = WEB, campaign: str = "") -> JourneyAct:
    return JourneyAct("epoch-1", seq, NOON + timedelta(days=days), kind, campaign)


def answer(version: int, *segments: str, asked: tuple[str, ...] = (), epoch: str = "epoch-1") -> ProfilePart:
    traits = tuple((name, "gold") for name in asked)
    return ProfilePart(epoch, version, known=True, segment_ids=segments, traits=traits, asked_traits=asked)


def test_channels_and_campaigns_of_the_present_journey_add_up() -> None:
    copy = with_act(ANNA, "jrn_1", act(1, campaign="spring"))
    copy = with_act(copy, "jrn_1", act(2, kind=STORE))
    facts = facts_from([copy], "cus_anna")
    assert facts.journey_channel_kinds == {WEB, STORE}
    assert facts.campaign_ids == {"spring"}


def test_a_new_journey_begins_with_nothing_of_the_last_one_and_what_is_late_of_that_does_not_come_back() -> None:
    copy = with_act(ANNA, "jrn_1", act(1, campaign="spring"))
    copy = with_act(copy, "jrn_2", act(2, days=40, kind=STORE))
    assert facts_from([copy], "cus_anna").journey_channel_kinds == {STORE}
    assert facts_from([copy], "cus_anna").campaign_ids == frozenset()
    assert with_act(copy, "jrn_1", act(3, days=1, campaign="late")) == copy


def test_when_a_journey_ends_nothing_of_it_counts_any_more() -> None:
    copy = with_end(with_act(ANNA, "jrn_1", act(1, days=2)), "jrn_1", epoch="epoch-1", seq=2)
    assert facts_from([copy], "cus_anna").journey_channel_kinds == frozenset()
    for days in (1, 3):  # told late; an order ended the journey in between
        assert with_act(copy, "jrn_1", act(3, days=days)) == copy
    assert with_act(copy, "jrn_2", act(4, days=4)).journey.journey_id == "jrn_2"
    assert with_end(with_act(ANNA, "jrn_2", act(1)), "jrn_1", epoch="epoch-1", seq=2).journey.journey_id == "jrn_2"


def test_two_journeys_that_turn_out_to_be_one_are_one_here() -> None:
    copy = with_act(with_act(ANNA, "jrn_2", act(1)), "jrn_1", act(2, days=3, kind=STORE))
    assert facts_from([copy], "cus_anna").journey_channel_kinds == {WEB, STORE}


@settings(deadline=None)  # the machine may be busy with other things
@given(st.lists(st.sampled_from([act(n, kind=n % 4 + 1, campaign=f"c{n % 3}") for n in range(1, 9)]), max_size=20))
def test_news_that_come_again_change_nothing(told: list[JourneyAct]) -> None:
    copy = ANNA
    for one in told:
        copy = with_act(copy, "jrn_1", one)
    for one in told:
        assert one.seq > copy.journey.seq or with_act(copy, "jrn_1", one) == copy


def test_profiles_newest_answer_stands_whichever_comes_last() -> None:
    newer, older = answer(7, "vip"), answer(6)
    for first, second in ((newer, older), (older, newer)):
        copy = with_profile(with_profile(ANNA, first), second)
        assert facts_from([copy], "cus_anna").segment_ids == {"vip"}
    asked_more = with_profile(with_profile(ANNA, newer), answer(7, "vip", asked=("tier",)))
    assert facts_from([asked_more], "cus_anna").traits == {"tier": "gold"}
    restored = with_profile(with_profile(ANNA, newer), answer(2, "new", epoch="epoch-2"))
    assert facts_from([restored], "cus_anna").segment_ids == {"new"}


def test_what_a_merged_guest_did_counts_and_who_they_are_is_the_one_who_remains() -> None:
    guest = with_profile(AudienceCopy("cus_guest", version=3), answer(9, "of-guests"))
    guest = with_act(guest, "jrn_1", act(1, campaign="spring"))
    known = with_act(with_profile(replace(ANNA, version=2), answer(4, "vip")), "jrn_2", act(1, kind=STORE))
    facts = facts_from([known, guest], "cus_anna")
    assert facts.version == 5
    assert facts.segment_ids == {"vip"}
    assert facts.journey_channel_kinds == {WEB, STORE}
    assert facts.campaign_ids == {"spring"}
    long_ago = with_act(AudienceCopy("cus_guest"), "jrn_0", act(1, days=-31, campaign="winter"))
    assert facts_from([known, long_ago], "cus_anna").campaign_ids == frozenset()


def test_nobody_has_no_facts_and_a_document_says_all_that_was_put_into_it() -> None:
    assert facts_from([], "cus_anna") == NO_FACTS
    copy = with_act(with_profile(ANNA, answer(4, "vip", asked=("tier",))), "jrn_1", act(1, campaign="spring"))
    assert copy_from_document({"_id": "cus_anna", **copy_to_fields(copy)}) == copy
