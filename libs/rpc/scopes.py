"""What channels may do, by name: the scopes that tokens carry, and the usual ones of each kind of channel.

`cart:write` is in a token's `scope` claim (one text, a space between two, as RFC 8693 has it). The methods say in the
contract which they need; `channels.toml` may bound what a channel has, whatever its token says.
"""

from collections.abc import Iterable, Mapping

from omnithread.common.v1 import channel_pb2

Scopes = frozenset[str]
MOST_SCOPES = 64

WHAT: Mapping[str, str] = {
    "profile:read": "find customers and read who they are, without what is sensitive",
    "profile:write": "find, make and change customers and their identifiers, and prove them; answers show the customer",
    "profile:sensitive": "see names, addresses, phones, traits such as birth dates, and the values of identifiers too",
    "profile:merge": "merge customers, and part them again",
    "profile:manage": "segments and imports of customers",
    "cart:read": "read carts, prices and orders",
    "cart:write": "change carts, check out, hand a cart over to another channel; answers show the cart",
    "cart:desk": "lock carts for advice, and look into how one came to be",
    "cart:sales": "record payments, sales, returns and the states of orders",
    "cart:catalogue": "tell which articles are sold at which price",
    "offers:read": "read offers and their codes",
    "offers:manage": "make, start and end offers and their codes",
    "preference:read": "read consents and preferences, and verify their proof",
    "preference:write": "change consents and preferences; answers show them",
    "preference:manage": "imports of consents",
    "messages:read": "read messages and conversations of customers, and why one was sent or not",
    "messages:send": "send messages, post in conversations, say what was read or delivered",
    "messages:review": "read templates, brands, campaigns, their reports, subscriptions and providers",
    "messages:manage": "change templates, brands, campaigns and subscriptions, and lift suppressions",
    "conversations:work": "look after conversations: take, hand over, note, close",
    "context:read": "read and watch the context of a customer, as far as the other scopes go, and journeys",
    "context:write": "start sessions and record touchpoints",
    "journeys:search": "search the journeys of all customers, and their report",
    "privacy:export": "export all that is kept of a customer",
    "privacy:erase": "erase a customer",
    "audit:read": "read the audit log",
    "dead-letters:manage": "read messages that could not be sent, and send them again",
}
"""Every scope there is, and what it lets a channel do."""

EVERY: Scopes = frozenset(WHAT)

_TALKS: Scopes = frozenset(
    {
        "profile:read",
        "profile:write",
        "cart:read",
        "cart:write",
        "offers:read",
        "preference:read",
        "preference:write",
        "messages:read",
        "messages:send",
        "context:read",
        "context:write",
    }
)
_SELLS: Scopes = _TALKS | {"profile:sensitive", "cart:sales"}

USUAL: Mapping[int, Scopes] = {
    channel_pb2.CHANNEL_KIND_WEB: _SELLS,
    channel_pb2.CHANNEL_KIND_MOBILE_APP: _SELLS,
    channel_pb2.CHANNEL_KIND_STORE: _SELLS | {"cart:desk", "profile:merge", "conversations:work"},
    channel_pb2.CHANNEL_KIND_CALL_CENTRE: _SELLS
    | {
        "cart:desk",
        "profile:merge",
        "conversations:work",
        "messages:review",
        "journeys:search",
        "privacy:export",
        "privacy:erase",
        "dead-letters:manage",
    },
    channel_pb2.CHANNEL_KIND_EMAIL: _TALKS,
    channel_pb2.CHANNEL_KIND_SMS: _TALKS,
    channel_pb2.CHANNEL_KIND_PUSH: _TALKS,
    channel_pb2.CHANNEL_KIND_SOCIAL: _TALKS,
}
"""What a channel of each kind usually needs, by the values of `omnithread.common.v1.ChannelKind`."""

BACK_OFFICE: Scopes = EVERY - {"conversations:work", "cart:desk", "context:write"}
"""What the programs behind the channels need: the catalogue, marketing, imports, privacy."""


def from_claim(claim: object) -> Scopes | None:
    """Read the `scope` claim: None where it is no text of at most 64 names. Names that we do not know do no harm."""
    if not isinstance(claim, str):
        return None
    names = claim.split()
    return frozenset(names) if len(names) <= MOST_SCOPES else None


def to_claim(scopes: Iterable[str]) -> str:
    """Write scopes as the claim has them, in order."""
    return " ".join(sorted(scopes))
