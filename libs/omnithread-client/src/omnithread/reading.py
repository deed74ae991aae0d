"""How a context is asked for: as committed now, or one from a moment ago that holds what the visit was told."""

from collections.abc import Iterable
from datetime import timedelta

from omnithread.context.v1.context_pb2 import Section
from omnithread.context.v1.context_service_pb2 import GetCustomerContextRequest
from omnithread.told import current_tokens


def context_request(
    customer_id: str, *, sections: Iterable[Section.ValueType], max_age_seconds: float | None, newest: bool
) -> GetCustomerContextRequest:
    """The request; one of a visit that was told more than can be handed over is for the newest, as `newest` says."""
    request = GetCustomerContextRequest(customer_id=customer_id, sections=sections)
    told = current_tokens()
    if newest or told is None:
        return request
    request.at_least.extend(told)
    if max_age_seconds is not None:
        request.max_age.FromTimedelta(timedelta(seconds=max_age_seconds))
    return request
