"""Fills a cart at once, by the operations that the service has itself: two hundred calls take a quarter minute."""

import random
from collections.abc import Sequence
from dataclasses import replace

from libs.clock import system_clock
from libs.ids import new_id
from libs.mongo.connection import connect
from libs.mongo.connection import database as named_database
from libs.mongo.epoch import read_epoch
from libs.mongo.record import Records
from libs.mongo.values import Decision, Saved
from libs.origin import Stamp
from services.cart.line_values import Article, CartId, LineId
from services.cart.model import Change, add_item
from services.cart.store import SHAPE
from services.cart.values import Cart
from tests.services.cart.samples import EXPIRE_AFTER, IDLE_AFTER, WEB, act
from tests.services.running import Services


async def stock(services: Services, mongo_uri: str, customer_id: str, articles: Sequence[Article]) -> None:
    """Put one piece of each article into a customer's empty cart, with one write; others hear of the last one only."""
    client = connect(mongo_uri, app_name="stocking")
    try:
        database = named_database(client, services.database_name("cart"))
        records = Records(
            database=database,
            shape=SHAPE,
            clock=system_clock,
            new_id=new_id,
            epoch=await read_epoch(database) or "",
            admit=None,
            on_saved=lambda _customer_id: None,  # the service's own sweep relays it
            random=random.Random(7),
        )

        now = system_clock()
        today = replace(
            act(), time=now, occur_time=now, idle_due_time=now + IDLE_AFTER, expire_due_time=now + EXPIRE_AFTER
        )

        def decide(saved: Saved[Cart]) -> Change:
            change: Change = Decision(saved.state)
            for what in articles:
                line_id = LineId(new_id("lin"))
                change = add_item(
                    change.state, what, 1, act=today, new_cart_id=CartId(new_id("crt")), new_line_id=line_id
                )
            return change

        await records.run(customer_id, Stamp.internal(new_id("stock"), WEB), decide)
    finally:
        client.close()
