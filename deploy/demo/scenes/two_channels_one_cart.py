"""Scene 2. App and web shop change one cart at the same moment."""

import asyncio
import time

from deploy.demo.cast import Cast
from deploy.demo.scenes.guest_becomes_customer import PURSE
from deploy.demo.scenes.pictures import cart_table
from deploy.demo.stage import Stage
from deploy.demo.views import Moment, View

SCARF = "SCARF-03"
SOON_SECONDS = 0.1


async def two_channels_one_cart(cast: Cast, stage: Stage) -> None:
    """Play it."""
    anna = cast.customer
    stage.scene(
        "2  Mobile app: the same cart, seconds later",
        "On her telephone Anna goes on where she was, while the web shop is still open on the desk.",
    )
    seen = await cast.mobile_app.act(View, "open", device=anna.device, email=anna.email)
    stage.did("mobile-app", "Anna opens the app")
    stage.prove(
        "the app shows the cart that was filled in the web shop",
        holds=seen.quantity(PURSE) == 1 and [line.added_on for line in seen.lines] == ["web-shop"],
        seen=seen,
    )

    at = time.time() + SOON_SECONDS
    added, changed = await asyncio.gather(
        cast.mobile_app.act(Moment, "put_into_cart", sku=SCARF, at=at),
        cast.web_shop.act(Moment, "set_quantity", sku=PURSE, quantity=2, at=at),
    )
    apart = abs(added.began - changed.began) * 1000
    stage.did("mobile-app", f"puts a scarf into the cart       {(added.ended - added.began) * 1000:5.1f} ms")
    stage.did("web-shop", f"sets the purse to two pieces     {(changed.ended - changed.began) * 1000:5.1f} ms")
    stage.did("", f"both began within {apart:.1f} ms")
    for view in await asyncio.gather(cast.mobile_app.act(View, "look"), cast.web_shop.act(View, "look")):
        stage.prove(
            "both changes are in the cart, nothing is lost",
            holds=view.quantity(PURSE) == 2 and view.quantity(SCARF) == 1 and len(view.lines) == 2,
            seen=view,
        )
        seen = view
    stage.show(cart_table(seen, title="the cart on both channels"))
