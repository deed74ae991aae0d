"""Writes mails, so that nothing that somebody else chose can become a header of its own."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime

from services.messaging.delivery.adapters import Parcel, Refused

ALLOWED_HEADERS = frozenset({"List-Unsubscribe", "List-Unsubscribe-Post", "In-Reply-To", "References", "Reply-To"})
"""What a message may have beside what every mail has."""
PLAIN = re.compile(r"[\x21-\x7e]{1,900}(?: [\x21-\x7e]{1,900}){0,50}")
"""Words that fit into a line each: RFC 5322 has 998 characters for one."""
NO_BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mails go, and whose they are."""

    host: str
    port: int
    tls: str
    user: str
    password: str = field(repr=False)
    timeout_seconds: float
    from_address: str
    from_name: str


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one person."""

    sender: str
    recipient: str
    """As the server is told: the domain in ASCII."""
    content: bytes


def compose(server: MailServer, parcel: Parcel, *, now: datetime) -> Mail:
    """Write a mail. Its Message-ID follows from the message's id, so that a second copy could be known as one.

    Raises Refused for an address or a header that cannot be written.
    """
    local_part, _, domain = parcel.address.rpartition("@")
    if not (local_part and domain):
        raise Refused("no address")
    rendered = parcel.rendered
    content = EmailMessage(policy=SMTP_POLICY)
    try:
        recipient = Address(username=local_part, domain=_ascii(domain))
        content["To"] = recipient
        content["From"] = Address(display_name=server.from_name, addr_spec=server.from_address)
        content["Subject"] = NO_BREAKS.sub(" ", rendered.subject)
        content["Date"] = format_datetime(now)
        content["Message-ID"] = f"<{parcel.message_id}@{server.from_address.rpartition('@')[2]}>"
        content["Auto-Submitted"] = "auto-generated"
        content.set_content(rendered.body_text)
        if rendered.body_html:
            content.add_alternative(rendered.body_html, subtype="html")
        content["Content-Language"] = parcel.language
        written = _first_headers(parcel) + content.as_bytes()
        return Mail(sender=server.from_address, recipient=recipient.addr_spec, content=written)
    except (ValueError, MessageError) as error:
        raise Refused(type(error).__name__) from None  # its words repeat the address


def _first_headers(parcel: Parcel) -> bytes:
    """Write the headers of this message alone, a word a line.

    By hand: the library packs a long word, such as a link, in a form that mail programs do not read here.
    """
    lines = []
    for name, value in parcel.headers:
        if name not in ALLOWED_HEADERS or not PLAIN.fullmatch(value):
            raise Refused("a header that is not allowed")
        lines.append(f"{name}: " + value.replace(" ", "\r\n ") + "\r\n")
    return "".join(lines).encode("ascii")


def _ascii(domain: str) -> str:
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain
