"""What is counted about a customer from what the other services announce: orders, spend, visits. Pure.

It is counted apart for each customer id under which things happened, and summed on reading: where two customers become
one their accounts lie beside each other, and where that is undone each takes its own away again, exactly.
Each account remembers how far it has heard, so that an event counts once, however often and however late it comes.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from libs.channel import Channel
from libs.timestamps import EPOCH

MOST_ACCOUNTS = 50
"""Beyond that those seen longest ago are put into one; what is in it can no longer be parted."""
MOST_CURRENCIES = 10
MOST_CHANNELS = 50
MOST_EPOCHS = 3


@dataclass(frozen=True, slots=True)
class Source:
    """The place of one event: whose, of which area, and the how-many-th."""

    customer_id: str
    area: str
    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class Order:
    """Somebody bought something."""

    currency_code: str
    nanos: int
    """The sum in billionths of the currency's unit: exact, however many digits a currency has."""
    time: datetime


@dataclass(frozen=True, slots=True)
class Visit:
    """A session began."""

    channel: Channel
    time: datetime


News = Order | Visit


@dataclass(frozen=True, slots=True)
class Spend:
    """What was bought for in one currency."""

    currency_code: str
    nanos: int
    order_count: int


@dataclass(frozen=True, slots=True)
class ChannelUse:
    """How one channel was used."""

    channel: Channel
    first_seen_time: datetime
    last_seen_time: datetime
    visit_count: int


@dataclass(frozen=True, slots=True)
class Facts:
    """Some counts."""

    order_count: int = 0
    spend: tuple[Spend, ...] = ()
    """Sorted by currency."""
    channels: tuple[ChannelUse, ...] = ()
    """Sorted by channel id."""
    first_seen_time: datetime | None = None
    last_seen_time: datetime | None = None
    last_purchase_time: datetime | None = None

    @property
    def preferred_channel(self) -> Channel | None:
        """Give the channel with the most visits, of two equal ones the later used."""
        used = max(self.channels, key=lambda use: (use.visit_count, use.last_seen_time, use.channel.id), default=None)
        return used.channel if used else None


@dataclass(frozen=True, slots=True)
class Account:
    """What was counted under one customer id, or under several that were put together."""

    customer_ids: tuple[str, ...]
    heard: tuple[Source, ...] = ()
    """The last that was counted of each customer, area and epoch."""
    facts: Facts = Facts()


Ledger = tuple[Account, ...]
"""All accounts of one customer, sorted by ids."""


def count(ledger: Ledger, news: News, source: Source) -> Ledger | None:
    """Count what an event tells; None where it was counted before."""
    account = next((one for one in ledger if source.customer_id in one.customer_ids), Account((source.customer_id,)))
    if any(_place(heard) == _place(source) and heard.seq >= source.seq for heard in account.heard):
        return None
    told = replace(account, heard=_advanced(account.heard, source), facts=add(account.facts, _facts_of(news)))
    return _bounded((*(one for one in ledger if one is not account), told))


def total(ledger: Ledger) -> Facts:
    """Sum all accounts."""
    facts = Facts()
    for account in ledger:
        facts = add(facts, account.facts)
    return facts


def join(one: Ledger, other: Ledger) -> Ledger:
    """Put the accounts of two customers beside each other; of one that both have, the one that has heard more stays."""
    mine = {account.customer_ids: account for account in one}
    for account in other:
        known = mine.get(account.customer_ids)
        mine[account.customer_ids] = account if known is None else max(known, account, key=_progress)
    return _bounded(mine.values())


def part(now: Ledger, customer_ids: Collection[str]) -> tuple[Ledger, Ledger]:
    """Give what stays, and what goes with these customer ids. What was put together with others stays."""
    goes = tuple(account for account in now if set(account.customer_ids).issubset(customer_ids))
    return tuple(account for account in now if account not in goes), goes


def add(one: Facts, other: Facts) -> Facts:
    """Sum two counts, in whichever order."""
    return Facts(
        order_count=one.order_count + other.order_count,
        spend=_spend((*one.spend, *other.spend)),
        channels=_channels((*one.channels, *other.channels)),
        first_seen_time=_earliest(one.first_seen_time, other.first_seen_time),
        last_seen_time=_latest(one.last_seen_time, other.last_seen_time),
        last_purchase_time=_latest(one.last_purchase_time, other.last_purchase_time),
    )


def _facts_of(news: News) -> Facts:
    if isinstance(news, Order):
        spend = Spend(news.currency_code, news.nanos, order_count=1)
        return Facts(order_count=1, spend=(spend,) if news.currency_code else (), last_purchase_time=news.time)
    use = ChannelUse(news.channel, news.time, news.time, visit_count=1)
    return Facts(channels=(use,), first_seen_time=news.time, last_seen_time=news.time)


def _spend(spend: Iterable[Spend]) -> tuple[Spend, ...]:
    by_code: dict[str, Spend] = {}
    for one in spend:
        known = by_code.get(one.currency_code, Spend(one.currency_code, 0, 0))
        by_code[one.currency_code] = Spend(
            one.currency_code, known.nanos + one.nanos, known.order_count + one.order_count
        )
    kept = sorted(by_code.values(), key=lambda one: (-one.order_count, one.currency_code))[:MOST_CURRENCIES]
    return tuple(sorted(kept, key=lambda one: one.currency_code))


def _channels(uses: Iterable[ChannelUse]) -> tuple[ChannelUse, ...]:
    by_id: dict[str, ChannelUse] = {}
    for use in uses:
        known = by_id.get(use.channel.id)
        by_id[use.channel.id] = use if known is None else _together(known, use)
    kept = sorted(by_id.values(), key=lambda use: (use.last_seen_time, use.channel.id))[-MOST_CHANNELS:]
    return tuple(sorted(kept, key=lambda use: use.channel.id))


def _together(one: ChannelUse, other: ChannelUse) -> ChannelUse:
    return ChannelUse(
        channel=max(one, other, key=lambda use: (use.last_seen_time, use.channel.kind)).channel,
        first_seen_time=min(one.first_seen_time, other.first_seen_time),
        last_seen_time=max(one.last_seen_time, other.last_seen_time),
        visit_count=one.visit_count + other.visit_count,
    )


def _bounded(accounts: Iterable[Account]) -> Ledger:
    """Sort accounts, and put those seen longest ago into one where there are too many."""
    by_age = sorted(accounts, key=_age)
    beyond = len(by_age) - MOST_ACCOUNTS
    if beyond > 0:
        old, by_age = by_age[: beyond + 1], by_age[beyond + 1 :]
        facts = total(tuple(old))
        customer_ids = tuple(sorted(customer_id for one in old for customer_id in one.customer_ids))
        heard = tuple(sorted((heard for one in old for heard in one.heard), key=_place))
        by_age.append(Account(customer_ids, heard, facts))
    return tuple(sorted(by_age, key=lambda one: one.customer_ids))


def _age(account: Account) -> tuple[bool, datetime, tuple[str, ...]]:
    """Order accounts by what may be put together first: what has been, then what was used longest ago."""
    facts = account.facts
    used = max(facts.last_seen_time or EPOCH, facts.last_purchase_time or EPOCH)
    return len(account.customer_ids) == 1, used, account.customer_ids


def _advanced(heard: tuple[Source, ...], source: Source) -> tuple[Source, ...]:
    """Note how far was heard. After a restore of its owner an area has more than one epoch; the last few are kept."""
    same = [one for one in heard if _place(one)[:2] == _place(source)[:2]]
    others = [one for one in heard if one not in same]
    epochs = [*(one for one in same if one.epoch != source.epoch), source][-MOST_EPOCHS:]
    return (*others, *epochs)


def _place(source: Source) -> tuple[str, str, str]:
    return source.customer_id, source.area, source.epoch


def _progress(account: Account) -> tuple[int, int, int]:
    visits = sum(use.visit_count for use in account.facts.channels)
    return sum(heard.seq for heard in account.heard), account.facts.order_count, visits


def _earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((time for time in (one, other) if time is not None), default=None)


def _latest(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((time for time in (one, other) if time is not None), default=None)
