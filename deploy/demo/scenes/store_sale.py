"""Scene 6. The store scans the loyalty card, sees the same, sells at its own price; what was queued is cancelled."""

from deploy.demo.cast import Cast
from deploy.demo.scenes.chat import ANSWER
from deploy.demo.scenes.pictures import notices_table
from deploy.demo.scenes.reminder import REMINDER, sent_reminders
from deploy.demo.stage import Stage
from deploy.demo.views import Notice, Sale, View

QUEUE_LIMIT_SECONDS = 30.0
CANCEL_LIMIT_SECONDS = 15.0
SCREEN_LIMIT_SECONDS = 10.0


def cancelled(view: View) -> list[Notice]:
    """Give the reminders that were taken back, newest first."""
    return [notice for notice in view.notices if notice.purpose == REMINDER and notice.state == "cancelled"]


async def store_sale(cast: Cast, stage: Stage) -> Sale:
    """Play it, and give the sale."""
    stage.scene(
        "6  Store: the card, and the till knows her",
        "The cart has changed and idles again, so another reminder is due. But Anna is at the till.",
    )

    async def look() -> View:
        return await cast.mobile_app.act(View, "look")

    before = await stage.until(
        "a second reminder waits in the queue", look, lambda view: view.queued == 1, limit_seconds=QUEUE_LIMIT_SECONDS
    )
    till = await cast.store.act(View, "scan", card=cast.customer.card)
    stage.did("store-042", "scans Anna's loyalty card")
    stage.prove(
        "the till shows the same customer, cart and conversation",
        holds=(till.customer_id, till.lines, till.subtotal) == (before.customer_id, before.lines, before.subtotal)
        and ANSWER in [said.text for said in till.said],
        seen=till,
    )
    here, there = till.price_on("store-042"), before.price_on("store-042")
    sale = await cast.store.act(Sale, "sell", payment_reference="till-3-0042")
    stage.did("store-042", f"sells it all for {sale.total}")
    stage.prove(
        "she paid what the app had said that the store would ask",
        holds=here is not None and here == there and sale.total == here.total,
        seen=(here, there, sale),
    )

    views = await cast.look()
    stage.prove(
        "the order is there for every channel, and the cart is empty",
        holds=all([order.order_id for order in view.orders] == [sale.order_id] and not view.lines for view in views),
        seen=[(view.orders, view.lines) for view in views],
    )

    async def screen() -> View:
        return await cast.call_centre.act(View, "screen")

    await stage.until(
        "it is on the agent's screen, open since the call, which nobody loaded again",
        screen,
        lambda view: [order.order_id for order in view.orders] == [sale.order_id] and not view.lines,
        limit_seconds=SCREEN_LIMIT_SECONDS,
    )
    after = await stage.until(
        "the queued reminder is cancelled, with the reason",
        look,
        lambda view: view.queued == 0 and [notice.reason for notice in cancelled(view)][:1] == ["ORDER_PLACED"],
        limit_seconds=CANCEL_LIMIT_SECONDS,
    )
    stage.show(notices_table(after))
    reminders = [
        mail
        for mail in cast.mailbox.mails(recipient=cast.customer.email)
        if mail["Subject"] == sent_reminders(after)[0].subject
    ]
    stage.prove("only one reminder ever arrived", holds=len(reminders) == 1, seen=[m["Subject"] for m in reminders])
    return sale
