"""Labels follow the work that they belong to, and only ids travel in baggage."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from libs.telemetry.journey import (
    JourneyLabels,
    add_journey_labels,
    baggage_of,
    current_labels,
    journey_labels,
    labels_from_baggage,
)

IDS = st.text("abcXYZ019._:-", max_size=128)


@given(journey_id=IDS, session_id=IDS, channel_id=IDS)
def test_labels_come_through_baggage_as_they_went(journey_id: str, session_id: str, channel_id: str) -> None:
    labels = JourneyLabels(journey_id=journey_id, session_id=session_id, channel_id=channel_id)
    assert labels_from_baggage(baggage_of(labels)) == labels


def test_the_customer_does_not_travel_in_baggage() -> None:
    assert baggage_of(JourneyLabels(journey_id="jrn_1", customer_id="cus_1")) == "journey.id=jrn_1"
    assert baggage_of(JourneyLabels()) == ""


@given(st.text(max_size=300))
def test_any_header_reads_as_labels_of_ids(header: str) -> None:
    labels = labels_from_baggage(header)
    assert labels.customer_id == ""
    assert all(len(label) <= 128 and "@" not in label for label in labels.attributes().values())


def test_the_first_of_two_values_counts() -> None:
    assert labels_from_baggage("journey.id=jrn_1,journey.id=jrn_2").journey_id == "jrn_1"


def test_labels_last_as_long_as_their_work() -> None:
    with journey_labels(journey_id="jrn_1", customer_id="cus_1"):
        with journey_labels(customer_id="cus_2") as inner:
            assert inner == current_labels() == JourneyLabels(journey_id="jrn_1", customer_id="cus_2")
        assert current_labels().customer_id == "cus_1"
    assert current_labels() == JourneyLabels()


async def test_tasks_and_threads_started_by_the_work_have_its_labels() -> None:
    async def label() -> str:
        return current_labels().journey_id

    with journey_labels(journey_id="jrn_1"):
        task = asyncio.create_task(label())
        in_thread = await asyncio.to_thread(lambda: current_labels().journey_id)
    assert (await task, in_thread) == ("jrn_1", "jrn_1")


async def test_what_is_found_out_later_labels_the_rest_of_that_task_only() -> None:
    async def find_out() -> str:
        add_journey_labels(customer_id="cus_1")
        await asyncio.sleep(0)
        return current_labels().customer_id

    assert await asyncio.create_task(find_out()) == "cus_1"
    assert current_labels().customer_id == ""
