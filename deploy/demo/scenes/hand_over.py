"""Scene 5. The app says what the store would give; she shows a picture there, and goes on with the same cart."""

from deploy.demo.cast import Cast
from deploy.demo.scenes.pictures import prices_table
from deploy.demo.stage import Stage
from deploy.demo.views import Carried, View

ONLINE = "Pflege: zwei zum Preis von einer"
IN_STORE = "20 % auf Leder in der Filiale"


async def hand_over(cast: Cast, stage: Stage) -> None:
    """Play it."""
    stage.scene(
        "5  From the app into the store: the same cart, and the store's own price",
        "Online there is an offer on leather care, in the stores one on leather. Anna sees both, wherever she looks.",
    )
    app = await cast.mobile_app.act(View, "look")
    online, in_store = app.price_on("mobile-app"), app.price_on("store-042")
    stage.show(prices_table(app))
    stage.prove(
        "the app says what the cart costs here, and what it would cost in the store",
        holds=online is not None
        and in_store is not None
        and (online.offers, in_store.offers) == ([ONLINE], [IN_STORE])
        and online.total != in_store.total,
        seen=app.prices,
    )
    carried = await cast.mobile_app.act(Carried, "hand_over")
    stage.did("mobile-app", f"shows a picture to scan ({carried.picture_bytes} bytes), or six digits to say")
    stage.prove(
        "the six digits are six digits",
        holds=len(carried.code) == 6 and carried.code.isdecimal() and carried.picture_bytes > 0,
        seen=carried.picture_bytes,
    )
    till = await cast.store.act(View, "scan_picture", token=carried.token)
    stage.did("store-042", "scans the picture")
    stage.prove(
        "the till goes on with the very cart and journey, at the store's price",
        holds=(till.customer_id, till.lines, till.journey_id) == (app.customer_id, app.lines, app.journey_id)
        and till.price_on("store-042") == in_store
        and till.price_on("mobile-app") == online,
        seen=till,
    )
    stage.prove(
        "a picture is no login: who she is stays withheld",
        holds=not till.name and not till.said and "profile: withheld" in till.problems,
        seen=(till.name, till.problems),
    )
