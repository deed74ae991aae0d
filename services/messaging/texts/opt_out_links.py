"""Links by which a customer ends messages, or changes what they get: preference makes them, and the door answers them.

Whoever has one may use it, so it goes out with the message and nowhere else: what is kept of the text has a masked one.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from omnithread.preference.v1.preference_internal_service_pb2 import CreateMessageLinksRequest
from services.messaging.convert import kind_to_proto
from services.messaging.deciding.sources import ADDRESSES, TIMEOUT_SECONDS, asked
from services.messaging.texts.resume_links import MASK
from services.messaging.values import DeliveryKind, Message

if TYPE_CHECKING:  # the class of stubs on an asyncio channel is known to type checkers only
    from omnithread.preference.v1.preference_internal_service_pb2_grpc import PreferenceInternalServiceAsyncStub


@dataclass(frozen=True, slots=True)
class OptOut:
    """The links of one message; each empty where the installation has no public door."""

    unsubscribe_link: str = field(default="", repr=False)
    """Answers a click, and the POST of a mail program (RFC 8058)."""
    preferences_link: str = field(default="", repr=False)

    @property
    def masked(self) -> "OptOut":
        """Give them as they are kept."""
        return OptOut(_masked(self.unsubscribe_link), _masked(self.preferences_link))


NO_LINKS = OptOut()


@dataclass(frozen=True, slots=True)
class OptOutLinks:
    """Asks preference for links."""

    preference: "PreferenceInternalServiceAsyncStub"

    async def of(
        self, customer_id: str, message: Message, kind: DeliveryKind, *, address: str, brand_id: str, language: str
    ) -> OptOut:
        """Give the links for a message. Raises SourceAway: no mail that needs consent goes out without a way back."""
        request = CreateMessageLinksRequest(
            customer_id=customer_id,
            purpose=message.purpose,
            delivery_kind=kind_to_proto(kind),
            contact_point=address_in_link(kind, address),
            message_id=message.message_id,
            brand=brand_id,
            language=language,
        )
        answer = await asked("preference", self.preference.CreateMessageLinks(request, timeout=TIMEOUT_SECONDS))
        return OptOut(answer.unsubscribe_link, answer.preferences_link)


def address_in_link(kind: DeliveryKind, address: str) -> str:
    """Give what a no behind the link is about: an address, or nothing where the way knows the customer by id.

    A no for the id would stand for ever against each later yes, which is said for the way.
    """
    return address if kind in ADDRESSES else ""


def one_click_headers(links: OptOut) -> tuple[tuple[str, str], ...]:
    """Give what a mail says of its own end (RFC 8058); nothing where it has no link."""
    link = links.unsubscribe_link
    if not link:
        return ()
    return (("List-Unsubscribe", f"<{link}>"), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))


def _masked(link: str) -> str:
    return f"{link.rpartition('/')[0]}/{MASK}" if link else ""
