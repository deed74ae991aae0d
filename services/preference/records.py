"""Proofs of consent as documents: members of the list of consent records."""

from collections.abc import Mapping
from typing import Any

from libs.channel import Channel
from omnithread.common.v1.delivery_pb2 import DeliveryKind
from services.preference.chain.documents import Fields, link_from_document, link_to_fields
from services.preference.values import ConsentKey, ConsentRecord


def record_to_document(record: ConsentRecord) -> Fields:
    """Write a proof, bound to its place in the chain."""
    return record_to_fields(record) | link_to_fields(record.link)


def record_to_fields(record: ConsentRecord) -> Fields:
    """Write what a proof says."""
    return {
        "sort_time": record.occur_time,
        **key_to_fields(record.key),
        "state": record.state,
        "wording": record.wording,
        "wording_version": record.wording_version,
        "source": record.source,
        "channel": record.channel.to_fields(),
        "actor_id": record.actor_id,
        "traceparent": record.traceparent,
        "session_id": record.session_id,
        "confirms_record_id": record.confirms_record_id,
        "confirmation": record.confirmation,
    }


def record_from_document(document: Mapping[str, Any]) -> ConsentRecord:
    """Read a proof back."""
    return ConsentRecord(
        record_id=document["_id"],
        key=key_from_fields(document),
        state=document["state"],
        wording=document["wording"],
        wording_version=document["wording_version"],
        source=document["source"],
        channel=Channel.from_fields(document["channel"]),
        actor_id=document["actor_id"],
        occur_time=document["sort_time"],
        traceparent=document["traceparent"],
        session_id=document.get("session_id", ""),
        confirms_record_id=document.get("confirms_record_id", ""),
        confirmation=document.get("confirmation", 0),
        link=link_from_document(document),
    )


def key_to_fields(key: ConsentKey) -> Fields:
    """Write what a consent is about."""
    return {"purpose": key.purpose, "delivery_kind": key.delivery_kind, "contact_point": key.contact_point}


def key_from_fields(fields: Mapping[str, Any]) -> ConsentKey:
    """Read what a consent is about."""
    return ConsentKey(
        purpose=fields["purpose"],
        delivery_kind=DeliveryKind.ValueType(fields["delivery_kind"]),
        contact_point=fields["contact_point"],
    )
