"""The gates of what may have become pointless: the trigger's condition is read again."""

from datetime import timedelta

from services.messaging.deciding.facts import Facts
from services.messaging.deciding.verdicts import Opinion, passes, skips
from services.messaging.values import Message, Reason

BOUGHT_BEFORE = timedelta(days=30)
"""Who ordered an article so long before a message about it was queued, or later, has bought it already."""


def still_relevant(message: Message, facts: Facts) -> Opinion:
    """A message about a cart goes while the customer has that cart, with something in it, and left it alone since."""
    if not message.cart_id:
        return passes("relevant", about="no cart")
    cart, about = facts.cart, message.cart_id
    if cart is not None and about in cart.ordered_cart_ids:
        return skips("relevant", Reason.ORDER_PLACED, about=about, cart="ordered")
    if cart is None or not cart.cart_id:
        return skips("relevant", Reason.NOT_RELEVANT, about=about, cart="none")
    if cart.cart_id != about:
        return skips("relevant", Reason.NOT_RELEVANT, about=about, cart="another")
    if cart.is_empty:
        return skips("relevant", Reason.NOT_RELEVANT, about=about, cart="empty")
    since = message.idle_since_time
    if since is not None and cart.update_time is not None and cart.update_time > since:
        return skips("relevant", Reason.NOT_RELEVANT, about=about, cart="changed since")
    return passes("relevant", about=about, cart="as it was")


def not_bought(message: Message, facts: Facts) -> Opinion:
    """A message about an article goes to nobody who ordered it lately, or while the message waited."""
    if not message.sku:
        return passes("not_bought", about="no article")
    since = message.create_time - BOUGHT_BEFORE
    if any(message.sku in order.skus and order.place_time >= since for order in facts.bought):
        return skips("not_bought", Reason.ORDER_PLACED, orders_looked_at=str(len(facts.bought)))
    return passes("not_bought", orders_looked_at=str(len(facts.bought)))
