"""What happens between a call and its late retry: another body, another caller, a day, merges and their undoing."""

from dataclasses import dataclass

import grpc
from google.protobuf.message import Message

from omnithread import details_of
from omnithread.profile.v1 import identity_service_pb2 as identity_pb
from tests.faults.retries.case import Case, Seed, stamp
from tests.faults.retries.house import APP, STAFF, STORE, WEB, House, Who
from tests.faults.retries.methods import method
from tests.faults.retries.requests_customers import done_everywhere

OTHER: tuple[tuple[str, object], ...] = (
    ("etag", "0" * 32),
    ("text", "Something else."),
    ("reason", "Another reason."),
    ("note", "Something else."),
    ("source", "another page"),
    ("payment_reference", "pay_other"),
    ("subject", "something else"),
    ("family_name", "Other"),
    ("language", "fr"),
    ("lifetime_seconds", 7200),
    ("drawn_count", 7),
    ("force", True),
    ("only_if_free", True),
    ("store_id", "043"),
    ("entry_id", "ent_other"),
    ("only_dead", True),
    ("code", "000000"),
    ("handover_id", "hnd_other"),
    ("note_id", "not_other"),
    ("address_digest", "0" * 12),
    ("message_id", "msg_other"),
    ("delivery_id", "hkd_other"),
    ("campaign_id", "another"),
    ("record_id", "con_other"),
    ("token", "another-token"),
    ("subscription_id", "another"),
    ("conversation_id", "cnv_other"),
    ("order_id", "ord_other"),
)
"""Fields that make another body, and what to put there; the first that a request has."""
AS_ANOTHER = {WEB: APP, APP: WEB, STAFF: Who("console", actor="ben"), STORE: Who("call-centre", actor="anna")}
REFUSED = frozenset(
    {
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.ALREADY_EXISTS,
    }
)


@dataclass(slots=True)
class Done:
    """A call that was answered, and is to be sent again later."""

    case: Case
    seed: Seed
    request: Message
    answer: Message


async def done(house: House, seed: Seed) -> Done:
    """Make a call."""
    case = Case(house)
    request = await seed.prepare(case)
    stamp(request)
    case.words.add(str(getattr(request, "request_id")))  # noqa: B009  the contract's, unknown to the type
    described = method(seed.name)
    answer = await house.line(described.service, seed.who).until_answered(described, request)
    return Done(case, seed, request, answer)


async def again(one: Done, request: Message | None = None, who: Who | None = None) -> Message | str:
    """Send it again: the answer, or the reason of a refusal. Raises what is no refusal."""
    described = method(one.seed.name)
    line = one.case.house.line(described.service, who or one.seed.who)
    try:
        return await line.until_answered(described, request or one.request)
    except grpc.aio.AioRpcError as error:
        if error.code() not in REFUSED:
            raise
        return details_of(error).reason or error.code().name


def with_another_body(request: Message) -> Message:
    """Give a request with the same id that asks for something else."""
    changed = type(request)()
    changed.CopyFrom(request)
    fields = request.DESCRIPTOR.fields_by_name
    for name, value in OTHER:
        if name in fields and getattr(request, name) != value:
            setattr(changed, name, value)
            return changed
    raise LookupError(f"no field to change in {request.DESCRIPTOR.full_name}")


async def merged(one: Done) -> str:
    """Have the customer of a call merged into another who was there before, or the other way; the merge's id."""
    other = await one.case.person("elder")
    request = identity_pb.MergeCustomersRequest(
        customer_id=str(getattr(one.request, "customer_id")),  # noqa: B009  as above
        other_customer_id=other,
        reason="One person.",
    )
    response = identity_pb.MergeCustomersResponse
    answer = await one.case.do("profile.v1.IdentityService/MergeCustomers", request, response, STAFF)
    await done_everywhere(one.case, answer.profile.customer_id)
    return answer.merge.merge_id


async def parted(one: Done, merge_id: str) -> None:
    """Undo a merge."""
    request = identity_pb.UnmergeCustomersRequest(
        customer_id=str(getattr(one.request, "customer_id")),  # noqa: B009  as above
        merge_id=merge_id,
        reason="Two people.",
    )
    response = identity_pb.UnmergeCustomersResponse
    answer = await one.case.do("profile.v1.IdentityService/UnmergeCustomers", request, response, STAFF)
    await done_everywhere(one.case, answer.survivor.customer_id)
