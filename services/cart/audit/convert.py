"""Translates a cart's account."""

from collections.abc import Mapping
from typing import Any

from libs.channel import Channel
from libs.timestamps import to_timestamp
from omnithread.cart.v1 import cart_internal_service_pb2 as internal_pb
from omnithread.cart.v1 import cart_service_pb2 as pb
from services.cart.audit.operations import Account, Rejection


def account_to_proto(account: Account) -> pb.AuditCartResponse:
    """Write an account."""
    tally = account.tally
    return pb.AuditCartResponse(
        cart_id=account.cart_id,
        accepted_count=account.accepted,
        applied_count=tally.applied,
        rejected_counts=[pb.RejectedCount(reason=reason, count=count) for reason, count in account.rejected.items()],
        recent_rejections=[_rejection_to_proto(one) for one in account.recent],
        pieces=pb.PieceAccount(
            carried=tally.carried,
            added=tally.added,
            merged=tally.merged,
            removed=tally.removed,
            ordered=tally.ordered,
            bought_elsewhere=tally.bought_elsewhere,
            present=account.present,
        ),
        adds_up=account.adds_up,
    )


def _rejection_to_proto(one: Rejection) -> pb.RejectedChange:
    return pb.RejectedChange(
        request_id=one.request_id,
        method=one.method,
        reason=one.reason,
        channel=one.channel.to_proto(),
        reject_time=to_timestamp(one.reject_time),
    )


def rejection_to_proto(document: Mapping[str, Any]) -> internal_pb.Rejection:
    """Write a refusal for other services; an older version noted neither session nor trace."""
    return internal_pb.Rejection(
        rejection_id=document["_id"],
        customer_id=document["customer_id"],
        method=document["method"],
        reason=document["reason"],
        channel=Channel.from_fields(document["channel"]).to_proto(),
        session_id=document.get("session_id", ""),
        traceparent=document.get("traceparent", ""),
        reject_time=to_timestamp(document["reject_time"]),
    )
