"""Scene 1. Web shop: a guest fills a cart, logs in, and the cart is hers."""

from deploy.demo.cast import Cast
from deploy.demo.scenes.pictures import cart_table, login_table
from deploy.demo.stage import Stage
from deploy.demo.views import LoginTold, View

PURSE = "PURSE-17"


async def guest_becomes_customer(cast: Cast, stage: Stage) -> None:
    """Play it."""
    anna = cast.customer
    stage.scene(
        "1  Web shop: somebody looks at a purse",
        "Anna has a loyalty card of the store. Now she comes to the web shop, where nobody knows her yet.",
    )
    known = await cast.store.act(
        View,
        "hand_out_card",
        card=anna.card,
        email=anna.email,
        phone=anna.phone,
        given_name=anna.given_name,
        family_name=anna.family_name,
    )
    stage.did("store-042", "hands out a loyalty card to Anna Berger")

    guest = await cast.web_shop.act(View, "open_page", cookie=anna.cookie, sku=PURSE)
    stage.did("web-shop", f"a visitor, known by a cookie only, views {PURSE}")
    guest = await cast.web_shop.act(View, "put_into_cart", sku=PURSE)
    stage.did("web-shop", "the visitor puts it into the cart")
    stage.prove(
        "a guest has a cart without being anybody",
        holds=guest.quantity(PURSE) == 1 and guest.customer_id != known.customer_id and not guest.name,
        seen=guest,
    )

    hers = await cast.web_shop.act(View, "log_in", cookie=anna.cookie, email=anna.email)
    stage.did("web-shop", "the visitor logs in; it is Anna")
    stage.prove(
        "the answer to the login itself has the guest's purse in Anna's cart",
        holds=hers.customer_id == known.customer_id and hers.quantity(PURSE) == 1 and not hers.problems,
        seen=hers,
    )
    stage.show(cart_table(hers, title=f"cart of {hers.name}"))

    told = await cast.web_shop.act(LoginTold, "explain_login")
    stage.show(login_table(told))
    outcomes = {(outcome.area, outcome.thing): outcome.action for outcome in told.outcomes}
    stage.prove(
        "each service says what it did with what the guest had, line by line, and nothing was dropped",
        holds=outcomes.get(("cart", f"cart line {PURSE}")) == "kept"
        and not told.missing_areas
        and "dropped" not in outcomes.values(),
        seen=told,
    )

    hers = await cast.web_shop.act(View, "choose_reminders", language="de", time_zone="Europe/Berlin")
    stage.did("web-shop", "Anna chooses: in German, and reminders of her cart by e-mail, please")
    stage.prove(
        "her yes is kept, with the words that she saw",
        holds=hers.language == "de" and "cart_reminder by email: granted" in hers.consents,
        seen=hers.consents,
    )
