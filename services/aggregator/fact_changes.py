"""What changes the facts that cart's offers look at, and that others own. Pure."""

from google.protobuf.message import Message

from omnithread.context.v1.context_events_pb2 import ContextEvent
from omnithread.profile.v1.profile_events_pb2 import ProfileEvent


def may_change_facts(event: Message) -> bool:
    """Say whether others' facts that offers look at may be other ones by an event, as cart learns of it by itself."""
    if not isinstance(event, ContextEvent):
        return isinstance(event, ProfileEvent)
    payload = event.WhichOneof("payload")
    is_act = payload == "touchpoint_recorded" and not event.touchpoint_recorded.by_company
    return is_act or payload in {"session_started", "journey_ended"}
