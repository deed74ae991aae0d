"""The door with preference behind it, both real: what tests of links are told with."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from opentelemetry.trace import Tracer

from deploy.local.keys import write_service_token
from libs.ids import new_id
from libs.serving import Running
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL
from omnithread.preference.v1 import preference_internal_service_pb2 as pb
from omnithread.preference.v1.preference_internal_service_pb2_grpc import PreferenceInternalServiceStub
from omnithread.preference.v1.preference_pb2 import ConsentRecord, Preferences
from omnithread.preference.v1.preference_service_pb2 import ListConsentRecordsRequest
from services.door.serving import RunningDoor, door_serving
from services.door.settings import DoorSettings
from services.preference.service import SERVICE as PREFERENCE
from services.profile.service import SERVICE as PROFILE
from tests.services.door.forms import Forms
from tests.services.preference.desk import YES, Desk, consent, desk_at
from tests.services.running import LOOPBACK, NOBODY, Services

if TYPE_CHECKING:  # the class of stubs on an asyncio channel is known to type checkers only
    from omnithread.preference.v1.preference_internal_service_pb2_grpc import PreferenceInternalServiceAsyncStub

PUBLIC = "https://my.example"
PURPOSES = """
[newsletter]
kind = "marketing"
double_opt_in = true
labels = { en = "News and offers", de = "Neuigkeiten und Angebote" }

[cart_reminder]
kind = "marketing"
labels = { en = "Reminders of your cart", de = "Erinnerungen an Ihren Warenkorb" }

[order]
kind = "transactional"
"""
CLARA = "clara@example.com"


@dataclass(frozen=True, slots=True)
class Links:
    """What a mail to somebody has, without the public address."""

    unsubscribe: str
    preferences: str


@dataclass(frozen=True, slots=True)
class House:
    """A door, preference behind it, and a browser without cookies."""

    services: Services
    state: Path
    preference: Running
    desk: Desk
    door: RunningDoor
    http: httpx.AsyncClient
    as_messaging: "PreferenceInternalServiceAsyncStub"

    async def customer(self, *, yes: bool = True) -> str:
        """Somebody who said yes to reminders of their cart by e-mail."""
        customer_id = await self.desk.new_customer()
        if yes:
            await self.desk.app.SetConsent(consent(customer_id, contact_point=CLARA))
        return customer_id

    async def links(self, customer_id: str, *, purpose: str = "cart_reminder", language: str = "en") -> Links:
        """What messaging puts into a mail."""
        request = pb.CreateMessageLinksRequest(
            customer_id=customer_id,
            purpose=purpose,
            delivery_kind=DELIVERY_KIND_EMAIL,
            contact_point=CLARA,
            message_id=new_id("msg"),
            language=language,
        )
        made = await self.as_messaging.CreateMessageLinks(request)
        return Links(made.unsubscribe_link.removeprefix(PUBLIC), made.preferences_link.removeprefix(PUBLIC))

    async def confirmation_link(self, customer_id: str) -> str:
        """What a mail asks somebody to open, who said yes where that has to be confirmed."""
        await self.desk.app.SetConsent(
            consent(customer_id, purpose="newsletter", contact_point=f"{new_id('clara')}@example.com")
        )
        requested = [
            event.consent_confirmation_requested.confirmation_id
            for event in await self.desk.events(customer_id)
            if event.HasField("consent_confirmation_requested")
        ]
        request = pb.GetConfirmationRequest(customer_id=customer_id, confirmation_id=requested[-1])
        return (await self.as_messaging.GetConfirmation(request)).link.removeprefix(PUBLIC)

    async def preferences(self, customer_id: str) -> Preferences:
        """How it stands for every channel."""
        return await self.desk.preferences(customer_id)

    async def says_yes(self, customer_id: str, purpose: str = "cart_reminder") -> bool:
        """Whether a yes stands."""
        found = (await self.preferences(customer_id)).consents
        return any(one.purpose == purpose and one.state == YES for one in found)

    async def proofs(self, customer_id: str) -> list[ConsentRecord]:
        """What was said, the newest first."""
        answer = await self.desk.app.ListConsentRecords(ListConsentRecordsRequest(customer_id=customer_id))
        return list(answer.records)

    async def press(self, link: str, form: str, **changes: str | None) -> httpx.Response:
        """Open a link, change fields of a form, and press its button."""
        page = await self.http.get(link)
        assert page.status_code == 200, page.text
        pairs = [pair for pair in Forms(page.text).found[form] if pair[0] not in changes]
        sent: dict[str, Any] = {}
        for name, value in pairs + [(name, value) for name, value in changes.items() if value is not None]:
            sent.setdefault(name, []).append(value)
        return await self.http.post(link, data=sent)


@asynccontextmanager
async def house_of(*, mongo_uri: str, kafka_bootstrap: str, prefix: str, state: Path) -> AsyncIterator[House]:
    """Start it all."""
    purposes = state / "purposes.toml"
    await asyncio.to_thread(purposes.write_text, PURPOSES, encoding="utf-8")
    async with Services(mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=prefix, state=state) as services:
        await services.start(PROFILE)
        preference = await services.start(PREFERENCE, public_base_url=PUBLIC, purposes_file=purposes)
        async with (
            door_to(services, state, preference=services.addresses["preference"]) as door,
            httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{door.port}", timeout=20) as http,
        ):
            yield House(
                services=services,
                state=state,
                preference=preference,
                desk=desk_at(services, preference),
                door=door,
                http=http,
                as_messaging=PreferenceInternalServiceStub(services.as_service("messaging", to=preference)),
            )


@asynccontextmanager
async def door_to(
    services: Services,
    state: Path,
    *,
    preference: str = NOBODY,
    messaging: str = NOBODY,
    tracer: Tracer | None = None,
    **settings: Any,
) -> AsyncIterator[RunningDoor]:
    """Open a door to services of a test."""
    given: dict[str, Any] = {
        "listen": f"{LOOPBACK}:0",
        "service_token_file": write_service_token(state, "door", lifetime_seconds=30 * 86400),
        "preference_address": preference,
        "messaging_address": messaging,
        "drain_seconds": 1.0,
        "address_burst": 10_000,
        "address_requests_per_second": 1000,
        "unknown_per_minute": 1000,
        **settings,
    }
    async with door_serving(DoorSettings(**given), tracer=tracer) as door:
        yield door
