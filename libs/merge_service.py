"""Answering about merges, the same for every area: `GetMergeOutcome` of its internal service, and `ReleaseCustomer`."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from google.protobuf.message import Message

from libs.merged_things import things_to_proto
from libs.mongo.merge_reports import MergeReport
from libs.mongo.release import Released
from libs.timestamps import to_timestamp

ResponseT = TypeVar("ResponseT", bound=Message)


class Reports(Protocol):
    """What is asked of a service's records, whatever their state."""

    async def merge_report(self, merge_id: str, survivor_customer_id: str) -> MergeReport[Any]:
        """Say what a merge did."""


class OutcomeRequest(Protocol):
    """What every area's GetMergeOutcomeRequest has."""

    merge_id: str
    survivor_customer_id: str


async def answer_merge_outcome(
    records: Reports, request: OutcomeRequest, *, response_type: Callable[..., ResponseT]
) -> ResponseT:
    """Answer an area's GetMergeOutcome. Raises MERGE_OUTCOME_NOT_FOUND."""
    report = await records.merge_report(request.merge_id, request.survivor_customer_id)
    return response_type(
        things=things_to_proto(report.things), policy=report.policy, absorb_time=to_timestamp(report.absorb_time)
    )


def answer_release(released: Released[Any], *, response_type: Callable[..., ResponseT]) -> ResponseT:
    """Answer an area's ReleaseCustomer."""
    return response_type(
        released_now=released.released_now,
        survivor_head=released.survivor.head(),
        source_head=released.source.head(),
    )
