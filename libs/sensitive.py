"""Leaves out of an answer what only those may see who have the scope `profile:sensitive`, and names it as withheld.

That is what tells of a person or leads to them: names, address, traits, the values of identifiers and the addresses
that consents are for, wherever they stand in an answer. Values are left empty and not masked: a mask that a channel
sends back by mistake would be taken for a value.
"""

from functools import cache
from typing import Literal, TypeVar

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from libs.rpc.call import Caller, current_call
from omnithread.preference.v1.preference_pb2 import Consent, ConsentRecord, Preferences
from omnithread.profile.v1.profile_pb2 import Identifier, Profile
from omnithread.profile.v1.profile_service_pb2 import SetAsideIdentifier

SENSITIVE = "profile:sensitive"
OF_PROFILE: tuple[Literal["family_name", "given_name", "postal_address", "traits"], ...] = (
    "family_name",
    "given_name",
    "postal_address",
    "traits",
)
VALUES = "identifiers.value"
CONTACT_POINTS = "consents.contact_point"
CONTACT_POINT: Literal["contact_point"] = "contact_point"

TELLING = frozenset(kind.DESCRIPTOR.full_name for kind in (Identifier, Consent, ConsentRecord, Profile, Preferences))
"""The messages in which something sensitive stands."""

Answer = TypeVar("Answer", bound=Message)


def shown(answer: Answer) -> Answer:
    """Give an answer as the present caller may see it; it is changed in place. The door does it with every answer."""
    if _may_tell(answer.DESCRIPTOR) and not may_see(current_call().caller):
        withhold(answer)
    return answer


def may_see(caller: Caller) -> bool:
    """Say whether a caller sees everything: the suite's own services do, and channels with the scope."""
    return bool(caller.service) or SENSITIVE in caller.scopes


def withhold(message: Message) -> None:
    """Take what is sensitive out of a message and of all that is in it; done twice it is the same."""
    _name_what_is_told(message)
    match message:
        case SetAsideIdentifier():
            return  # the caller has just told it
        case Identifier():
            message.ClearField("value")
            return
        case Consent() | ConsentRecord():
            message.ClearField(CONTACT_POINT)
            return
        case Profile():
            for name in OF_PROFILE:
                message.ClearField(name)
        case _:
            pass
    for field, value in message.ListFields():
        if field.message_type is not None:
            for one in value if field.is_repeated else (value,):
                withhold(one)


def _name_what_is_told(message: Message) -> None:
    match message:
        case Profile():
            _note(message, [name for name in OF_PROFILE if _is_told(message, name)])
            _note(message, [VALUES] if any(one.value for one in message.identifiers) else [])
        case Preferences():
            _note(message, [CONTACT_POINTS] if any(one.contact_point for one in message.consents) else [])
        case ConsentRecord():
            _note(message, [CONTACT_POINT] if message.contact_point else [])
        case _:
            pass


@cache  # as many as there are answers in the contract
def _may_tell(answer: Descriptor) -> bool:
    """Say whether anything sensitive may be in such an answer, so that all others are not searched for it."""
    looked_at: set[str] = set()
    to_look_at = [answer]
    while to_look_at:
        one = to_look_at.pop()
        if one.full_name in TELLING:
            return True
        if one.full_name not in looked_at:
            looked_at.add(one.full_name)
            to_look_at += [field.message_type for field in one.fields if field.message_type is not None]
    return False


def _is_told(profile: Profile, name: str) -> bool:
    return any(field.name == name for field, _ in profile.ListFields())


def _note(message: Profile | Preferences | ConsentRecord, names: list[str]) -> None:
    message.withheld_fields[:] = sorted({*message.withheld_fields, *names})
