"""Links back to the cart, with cart behind the door."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from deploy.local.keys import mint_service_token
from libs.ids import new_id
from omnithread import cookie
from omnithread.cart.v1.handover_service_pb2 import CreateHandoverRequest, RedeemHandoverRequest
from omnithread.profile.v1.profile_service_pb2 import IdentifyRequest
from services.cart.service import SERVICE as CART
from services.profile.service import SERVICE as PROFILE
from tests.services.door.house import door_to
from tests.services.running import Services

SHOP = "https://shop.example/cart#"
FORM = {"form": "resume"}


@dataclass
class Clock:
    """The time in cart."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC).replace(microsecond=0) + self.ahead


@dataclass(frozen=True, slots=True)
class Way:
    """From a mail back to the cart."""

    services: Services
    http: httpx.AsyncClient
    clock: Clock

    async def token(self, *, single_use: bool = False) -> str:
        """What a mail has."""
        web = self.services.connect("web-shop")
        visitor = IdentifyRequest(identifiers=[cookie(new_id("visitor"))])
        customer_id = (await web.profile.Identify(visitor)).profile.customer_id
        request = CreateHandoverRequest(customer_id=customer_id, single_use=single_use)
        return (await web.handovers.CreateHandover(request)).token


@pytest.fixture
async def way(
    mongo_uri: str, kafka_bootstrap: str, new_prefix: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Way]:
    state, clock = tmp_path_factory.mktemp("way"), Clock()
    async with Services(
        mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=new_prefix(), state=state
    ) as services:
        await services.start(PROFILE)
        cart = await services.start(CART, clock=clock)
        token = state / "long.token"
        token.write_text(mint_service_token(state, "door", lifetime_seconds=86400), encoding="utf-8")
        async with (
            door_to(
                services,
                state,
                cart_address=f"127.0.0.1:{cart.port}",
                resume_target=f"{SHOP}{{token}}",
                service_token_file=token,
            ) as door,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{door.port}", timeout=20) as http,
        ):
            yield Way(services, http, clock)


async def test_it_shows_first_and_leads_on_only_when_asked_to_and_as_long_as_it_works(way: Way) -> None:
    token, once = await way.token(), await way.token(single_use=True)
    shown = await way.http.get(f"/r/{token}")
    assert "Go on with your cart" in shown.text
    assert token not in shown.text
    assert "form-action 'self' https://shop.example;" in shown.headers["content-security-policy"]
    assert (await way.http.post(f"/r/{token}", data={"form": "save"})).status_code == 400
    for link in (token, once, once):  # to look and to be led on uses nothing up
        assert (await way.http.get(f"/r/{link}")).status_code == 200
        led_on = await way.http.post(f"/r/{link}", data=FORM)
        assert (led_on.status_code, led_on.headers["location"]) == (303, f"{SHOP}{link}")
        assert led_on.headers["referrer-policy"] == "no-referrer"
    await way.services.connect("mobile-app").handovers.RedeemHandover(RedeemHandoverRequest(token=once))
    used = await way.http.get(f"/r/{once}")
    assert (used.status_code, "This link has expired" in used.text) == (410, True)
    assert (await way.http.get(f"/r/B{token[1:]}")).status_code == 404
    way.clock.ahead = timedelta(hours=1)
    assert (await way.http.get(f"/r/{token}")).status_code == 410
    assert (await way.http.post(f"/r/{token}", data=FORM)).status_code == 410
