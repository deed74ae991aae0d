"""Translates events: what the others hear is ids, kinds and names of fields, never a value."""

from omnithread.common.v1 import event_pb2
from omnithread.profile.v1 import profile_events_pb2 as events_pb
from services.profile import events
from services.profile.convert import CUSTOMER_KINDS, IDENTIFIER_KINDS


def event_to_proto(event: events.ProfileEvent, header: event_pb2.EventHeader) -> events_pb.ProfileEvent:
    """Write an event as it is announced."""
    said = events_pb.ProfileEvent(header=header)
    match event:
        case events.CustomerCreated():
            said.customer_created.CopyFrom(events_pb.CustomerCreated(kind=CUSTOMER_KINDS[event.kind]))
        case events.IdentifiersLinked():
            said.identifiers_linked.CopyFrom(
                events_pb.IdentifiersLinked(
                    kinds=sorted(IDENTIFIER_KINDS[kind] for kind in event.kinds), kind=CUSTOMER_KINDS[event.kind]
                )
            )
        case events.ProfileUpdated():
            said.profile_updated.CopyFrom(events_pb.ProfileUpdated(changed_fields=event.changed_fields))
        case events.CustomerErased():
            said.customer_erased.CopyFrom(events_pb.CustomerErased(erasure_id=event.erasure_id))
        case events.VerificationRequested():
            said.verification_requested.CopyFrom(
                events_pb.VerificationRequested(
                    verification_id=event.verification_id, kind=IDENTIFIER_KINDS[event.kind]
                )
            )
        case events.SegmentEntered():
            said.segment_entered.CopyFrom(
                events_pb.SegmentEntered(segment_id=event.segment_id, segment_version=event.segment_version)
            )
        case events.SegmentLeft():
            said.segment_left.CopyFrom(
                events_pb.SegmentLeft(segment_id=event.segment_id, segment_version=event.segment_version)
            )
        case _:
            _say_of_merge(said, event)
    return said


def _say_of_merge(said: events_pb.ProfileEvent, event: events.ProfileEvent) -> None:
    match event:
        case events.CustomersMerged():
            said.customers_merged.CopyFrom(
                events_pb.CustomersMerged(merge_id=event.merge_id, source_customer_id=event.source_customer_id)
            )
        case events.CustomerSealed():
            said.customer_sealed.CopyFrom(
                events_pb.CustomerSealed(merge_id=event.merge_id, survivor_customer_id=event.survivor_customer_id)
            )
        case events.CustomersUnmerged():
            said.customers_unmerged.CopyFrom(
                events_pb.CustomersUnmerged(merge_id=event.merge_id, source_customer_id=event.source_customer_id)
            )
        case events.CustomerReleased():
            said.customer_released.CopyFrom(
                events_pb.CustomerReleased(merge_id=event.merge_id, survivor_customer_id=event.survivor_customer_id)
            )
