"""Facts as fields of a customer's record, as the contract's messages, and as other services' events tell them."""

from collections.abc import Mapping
from typing import Any

from google.protobuf.message import Message
from google.type.money_pb2 import Money

from libs.channel import Channel
from libs.timestamps import from_timestamp, to_timestamp
from omnithread.cart.v1.cart_events_pb2 import CartEvent
from omnithread.context.v1.context_events_pb2 import ContextEvent
from omnithread.profile.v1 import profile_pb2
from services.profile.facts import Account, ChannelUse, Facts, Ledger, News, Order, Source, Spend, Visit, total

NANOS_PER_UNIT = 10**9

Fields = dict[str, Any]
"""What MongoDB keeps: names to values of any kind."""


def news_of(event: Message) -> News | None:
    """Read what an event tells about its customer; None where it changes no fact.

    A cart that was taken over in a merge (`CartAbsorbed`) brings no order: what was ordered was told when it was.
    What comes back takes nothing off again: it was bought.
    """
    if isinstance(event, CartEvent) and (event.HasField("cart_checked_out") or event.HasField("order_recorded")):
        total = event.cart_checked_out.total if event.HasField("cart_checked_out") else event.order_recorded.total
        return Order(
            currency_code=total.currency_code,
            nanos=total.units * NANOS_PER_UNIT + total.nanos,
            time=from_timestamp(event.header.occur_time),
        )
    if isinstance(event, ContextEvent) and event.HasField("session_started"):
        channel = Channel(id=event.header.channel.id, kind=event.header.channel.kind)
        return Visit(channel=channel, time=from_timestamp(event.header.occur_time))
    return None


def ledger_to_fields(ledger: Ledger) -> list[Fields]:
    """Write accounts; numbers of any size, as units and billionths."""
    return [
        {
            "customer_ids": list(account.customer_ids),
            "heard": [[one.customer_id, one.area, one.epoch, one.seq] for one in account.heard],
            "order_count": account.facts.order_count,
            "spend": [
                {
                    "currency_code": spend.currency_code,
                    "units": spend.nanos // NANOS_PER_UNIT,
                    "nanos": spend.nanos % NANOS_PER_UNIT,
                    "order_count": spend.order_count,
                }
                for spend in account.facts.spend
            ],
            "channels": [
                {
                    "channel": use.channel.to_fields(),
                    "first_seen_time": use.first_seen_time,
                    "last_seen_time": use.last_seen_time,
                    "visit_count": use.visit_count,
                }
                for use in account.facts.channels
            ],
            "first_seen_time": account.facts.first_seen_time,
            "last_seen_time": account.facts.last_seen_time,
            "last_purchase_time": account.facts.last_purchase_time,
        }
        for account in ledger
    ]


def ledger_from_fields(fields: list[Mapping[str, Any]]) -> Ledger:
    """Read accounts back."""
    return tuple(
        Account(
            customer_ids=tuple(account["customer_ids"]),
            heard=tuple(Source(*one) for one in account["heard"]),
            facts=Facts(
                order_count=account["order_count"],
                spend=tuple(
                    Spend(one["currency_code"], one["units"] * NANOS_PER_UNIT + one["nanos"], one["order_count"])
                    for one in account["spend"]
                ),
                channels=tuple(
                    ChannelUse(
                        channel=Channel.from_fields(one["channel"]),
                        first_seen_time=one["first_seen_time"],
                        last_seen_time=one["last_seen_time"],
                        visit_count=one["visit_count"],
                    )
                    for one in account["channels"]
                ),
                first_seen_time=account["first_seen_time"],
                last_seen_time=account["last_seen_time"],
                last_purchase_time=account["last_purchase_time"],
            ),
        )
        for account in fields
    )


def facts_to_proto(ledger: Ledger) -> profile_pb2.Facts | None:
    """Write what all accounts come to; None before anything was counted."""
    if not ledger:
        return None
    facts = total(ledger)
    preferred = facts.preferred_channel
    return profile_pb2.Facts(
        order_count=facts.order_count,
        spend=[
            profile_pb2.Spend(
                total=Money(
                    currency_code=spend.currency_code,
                    units=spend.nanos // NANOS_PER_UNIT,
                    nanos=spend.nanos % NANOS_PER_UNIT,
                ),
                order_count=spend.order_count,
            )
            for spend in facts.spend
        ],
        channels=[
            profile_pb2.ChannelUse(
                channel=use.channel.to_proto(),
                first_seen_time=to_timestamp(use.first_seen_time),
                last_seen_time=to_timestamp(use.last_seen_time),
                visit_count=use.visit_count,
            )
            for use in facts.channels
        ],
        first_seen_time=to_timestamp(facts.first_seen_time) if facts.first_seen_time else None,
        last_seen_time=to_timestamp(facts.last_seen_time) if facts.last_seen_time else None,
        last_purchase_time=to_timestamp(facts.last_purchase_time) if facts.last_purchase_time else None,
        preferred_channel=preferred.to_proto() if preferred else None,
    )
