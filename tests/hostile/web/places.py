"""The places of both programs, as their code has them, and what honest people put into the addresses."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
GET, POST = "GET", "POST"


@dataclass(frozen=True, slots=True)
class Place:
    """One place."""

    path: str
    """`/customers/{customer_id}`."""
    methods: tuple[str, ...]

    def at(self, values: Mapping[str, str]) -> str:
        """Give its address with these values in it; `nothing` where there is none."""
        return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], "nothing"), self.path)


DOOR = (
    Place("/u/{token}", (GET, POST)),
    Place("/c/{token}", (GET, POST)),
    Place("/p/{token}", (GET, POST)),
    Place("/r/{token}", (GET, POST)),
    Place("/receipts/{provider}", (POST,)),
    Place("/look/{brand}", (GET,)),
    Place("/style.css", (GET,)),
    Place("/icon.svg", (GET,)),
    Place("/favicon.ico", (GET,)),
)
_CONVERSATION = "/customers/{customer_id}/conversations/{conversation_id}"
_LETTER = "/operations/dead-letters/{customer_id}/{message_id}"
CONSOLE = (
    Place("/", (GET,)),
    Place("/find", (POST,)),
    Place("/sign-in", (GET,)),
    Place("/sign-in/{token}", (GET, POST)),
    Place("/static/{name}", (GET,)),
    Place("/customers/{customer_id}", (GET,)),
    Place("/customers/{customer_id}/messages/{message_id}", (GET,)),
    Place("/customers/{customer_id}/journeys/{journey_id}", (GET,)),
    Place("/customers/{customer_id}/silence", (GET,)),
    Place("/customers/{customer_id}/cart", (GET,)),
    Place("/customers/{customer_id}/cart/{act}", (POST,)),
    Place("/customers/{customer_id}/handover", (GET, POST)),
    Place("/customers/{customer_id}/handover/{act}", (POST,)),
    Place("/conversations", (GET,)),
    Place(_CONVERSATION, (GET,)),
    Place(f"{_CONVERSATION}/{{act}}", (POST,)),
    Place("/journeys", (GET,)),
    Place("/journeys/report", (GET,)),
    Place("/traces", (GET,)),
    Place("/traces/{trace_id}", (GET,)),
    Place("/campaigns", (GET,)),
    Place("/campaigns/{campaign_id}", (GET,)),
    Place("/offers", (GET,)),
    Place("/offers/{offer_id}", (GET,)),
    Place("/templates", (GET,)),
    Place("/templates/{template_id}", (GET,)),
    Place("/templates/{template_id}/mail", (GET,)),
    Place("/operations", (GET,)),
    Place("/operations/now", (GET,)),
    Place(_LETTER, (GET,)),
    Place(f"{_LETTER}/replay", (POST,)),
)
NOT_SENT_TO = frozenset({"/customers/{customer_id}/live", "/sign-out"})
"""The first goes on for as long as somebody looks, the second ends the session that the others need."""
_OF_THE_DOOR = re.compile(r'Route\(path="([^"]+)"')
_OF_THE_CONSOLE = re.compile(r"\bRoute\(")


def places_of_the_door() -> set[str]:
    """Read them from its code."""
    return set(_OF_THE_DOOR.findall((ROOT / "services/door/parts.py").read_text(encoding="utf-8")))


def routes_of_the_console() -> int:
    """Count them in its code; that which takes spans serves nobody who browses."""
    return sum(len(_OF_THE_CONSOLE.findall(text)) for text in _sources())


def _sources() -> Iterator[str]:
    for path in (ROOT / "services/console").rglob("*.py"):
        if path.name != "receiver.py":
            yield path.read_text(encoding="utf-8")
