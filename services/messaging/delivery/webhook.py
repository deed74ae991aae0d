"""Hands messages to a provider over signed HTTP: text messages, push, audiences of advertising networks.

The client says what is certain (`libs/webhooks`); what an answer's body says is believed only where it is small, whole
and of the promised form.
"""

import json
from dataclasses import dataclass
from typing import Any

from libs.clock import Clock
from libs.webhooks.answers import WebhookError, WebhookNotTaken, WebhookRefused
from libs.webhooks.client import WebhookClient, WebhookTarget
from services.messaging.delivery.adapters import Look, NotTaken, Parcel, Refused, Taken, Unsure, nothing_to_look_at
from services.messaging.delivery.parcels import parcel_data

DELIVER = "message.deliver"
LOOK_UP = "message.look_up"
MOST_REF_CHARACTERS = 200
OF_US = frozenset({401, 403, 404, 405, 415})
"""Refusals that are about our configuration rather than about the one message, as redirects and forbidden addresses
are: they pass once somebody has looked."""
UNKNOWN_ADDRESS = 410


@dataclass(frozen=True, slots=True)
class WebhookPlace:
    """Where a provider is, and what it promises."""

    deliver: WebhookTarget
    look_up: WebhookTarget | None
    """Where it can be asked what became of a key; None where it cannot."""
    takes_once: bool
    """Whether it takes a key that comes again as the same message."""


class WebhookAdapter:
    """Calls one provider."""

    def __init__(self, place: WebhookPlace, *, client: WebhookClient, clock: Clock) -> None:
        self._place = place
        self._client = client
        self._clock = clock
        self.can_look_up = place.look_up is not None
        self.takes_once = place.takes_once

    async def hand_over(self, parcel: Parcel, last_look: Look = nothing_to_look_at) -> Taken:
        """Call the provider. Raises Refused, NotTaken, Unsure, CalledOff."""
        body = json.dumps(parcel_data(parcel), ensure_ascii=False).encode()
        try:
            answer = await self._client.post(
                self._place.deliver,
                key=parcel.idempotency_key,
                kind=DELIVER,
                body=body,
                now=self._clock(),
                before_sending=last_look,
            )
        except WebhookNotTaken as error:
            raise NotTaken(error.why, retry_after_seconds=error.retry_after_seconds or 0.0) from None
        except WebhookRefused as error:
            if error.status in OF_US or error.status < 400:
                raise NotTaken(error.why) from None
            raise Refused(error.why, is_hard_bounce=error.status == UNKNOWN_ADDRESS) from None
        except WebhookError as error:
            raise Unsure(error.why) from None
        except ValueError:
            raise Refused("beyond the bounds of a call") from None
        told = _object(answer.body) if answer.is_complete else {}
        return Taken(provider_ref=_reference(told))

    async def look_up(self, idempotency_key: str) -> Taken | None:
        """Ask the provider; only its plain word that it did not take it counts as such. Raises Unsure."""
        if self._place.look_up is None:
            raise Unsure("this provider cannot be asked")
        body = json.dumps({"version": 1, "idempotency_key": idempotency_key}).encode()
        try:
            answer = await self._client.post(
                self._place.look_up, key=f"look-up-{idempotency_key}", kind=LOOK_UP, body=body, now=self._clock()
            )
        except WebhookError as error:
            raise Unsure(error.why) from None
        told = _object(answer.body) if answer.is_complete else {}
        match told.get("taken"):
            case True:
                return Taken(provider_ref=_reference(told))
            case False:
                return None
            case _:
                raise Unsure("no answer to the question")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def _object(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _reference(told: dict[str, Any]) -> str:
    reference = told.get("provider_ref")
    if not isinstance(reference, str) or not reference.isprintable() or len(reference) > MOST_REF_CHARACTERS:
        return ""
    return reference
