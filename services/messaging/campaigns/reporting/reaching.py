"""Notes in a customer's way through a campaign that a message of it went out. Pure."""

from dataclasses import replace

from services.messaging.campaigns.values import Enrolment, Reached
from services.messaging.values import Message, MessageState, Messaging


def with_reached(state: Messaging, message: Message) -> Messaging:
    """Give the state with a message noted that went out; the same where it is of no campaign, or noted."""
    step = message.campaign
    if step is None or message.state is not MessageState.SENT or message.send_time is None:
        return state
    reached = Reached(message.message_id, message.send_time)
    return replace(
        state,
        enrolments=tuple(
            _reached(one, reached) if one.enrolment_id == step.enrolment_id else one for one in state.enrolments
        ),
    )


def _reached(one: Enrolment, reached: Reached) -> Enrolment:
    if any(known.message_id == reached.message_id for known in one.reached):
        return one
    return replace(one, reached=(*one.reached, reached))
