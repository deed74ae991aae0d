"""What a journey was found to have heard is remembered for it and for what it becomes, and for nothing else."""

from omnithread.common.v1.event_pb2 import Head
from omnithread.context.v1.context_pb2 import SECTION_JOURNEY, JourneySection
from services.aggregator.caught_up import CaughtUp
from services.aggregator.context import SectionRead


def journey(version: int, *, epoch: str = "epo_1", customer_id: str = "cus_1") -> SectionRead:
    return SectionRead(SECTION_JOURNEY, customer_id, version, Head(epoch=epoch, seq=version), JourneySection())


def head(seq: int, *, epoch: str = "epo_2") -> Head:
    return Head(epoch=epoch, seq=seq)


def test_what_was_found_holds_for_this_version_and_every_later_one() -> None:
    known = CaughtUp()
    known.note("cus_1", journey(4), {"cart": head(3), "profile": head(2)})
    assert known.not_known("cus_1", journey(4), {"cart": head(3), "profile": head(1)}) == {}
    assert known.not_known("cus_1", journey(9), {"cart": head(3)}) == {}


def test_what_happened_since_or_elsewhere_is_not_known() -> None:
    known = CaughtUp()
    known.note("cus_1", journey(4), {"cart": head(3)})
    assert known.not_known("cus_1", journey(4), {"cart": head(4), "preference": head(1)}) == {
        "cart": head(4),
        "preference": head(1),
    }


def test_after_a_restore_on_either_side_nothing_is_known() -> None:
    known = CaughtUp()
    known.note("cus_1", journey(4), {"cart": head(3)})
    assert known.not_known("cus_1", journey(3), {"cart": head(3)}) == {"cart": head(3)}
    assert known.not_known("cus_1", journey(4, epoch="epo_9"), {"cart": head(3)}) == {"cart": head(3)}
    assert known.not_known("cus_1", journey(4), {"cart": head(3, epoch="epo_9")}) == {"cart": head(3, epoch="epo_9")}


def test_it_is_bounded_and_everybodys_own() -> None:
    known = CaughtUp(most_customers=1)
    known.note("cus_1", journey(4), {"cart": head(3)})
    known.note("cus_2", journey(1, customer_id="cus_2"), {"cart": head(3)})
    assert known.not_known("cus_1", journey(4), {"cart": head(3)}) == {"cart": head(3)}
    assert known.not_known("cus_2", journey(1, customer_id="cus_2"), {"cart": head(3)}) == {}


def test_of_a_journey_that_is_somebody_elses_nothing_is_noted_or_known() -> None:
    known = CaughtUp()
    known.note("cus_1", journey(4, customer_id="cus_2"), {"cart": head(3)})
    assert known.not_known("cus_1", journey(4), {"cart": head(3)}) == {"cart": head(3)}
    known.note("cus_1", journey(4), {"cart": head(3)})
    assert known.not_known("cus_1", journey(4, customer_id="cus_2"), {"cart": head(3)}) == {"cart": head(3)}
