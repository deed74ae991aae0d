"""What a channel's process tells the presenter: plain values, sent as one line of JSON."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class Report(BaseModel):
    """Values that do not change."""

    model_config = ConfigDict(frozen=True)


class Line(Report):
    """One line of a cart."""

    sku: str
    name: str
    quantity: int
    total: str
    added_on: str
    """The channel."""


class Notice(Report):
    """One message from the company."""

    message_id: str
    purpose: str
    way: str
    state: str
    reason: str
    subject: str


class Said(Report):
    """One entry of a conversation."""

    by: str
    channel: str
    text: str


class OrderSeen(Report):
    """One order."""

    order_id: str
    total: str
    channel: str


class PriceSeen(Report):
    """What the cart costs on one channel."""

    channel: str
    total: str
    offers: list[str]
    """The names of those that count there."""


class View(Report):
    """The customer context as one channel reads it."""

    customer_id: str
    name: str
    language: str
    consents: list[str]
    """As `cart_reminder by email: granted`."""
    lines: list[Line]
    subtotal: str
    prices: list[PriceSeen]
    """Here, then where it costs something else; empty for an empty cart."""
    notices: list[Notice]
    queued: int
    said: list[Said]
    orders: list[OrderSeen]
    journey_id: str
    touchpoints: int
    problems: list[str]
    """Sections that are missing or not complete, and why."""
    etag: str
    size_bytes: int
    sha256: str
    """Of the context's bytes."""

    def quantity(self, sku: str) -> int:
        """How many pieces of an article are in the cart."""
        return sum(line.quantity for line in self.lines if line.sku == sku)

    def price_on(self, channel: str) -> PriceSeen | None:
        """What the cart costs on a channel, where this one was told."""
        return next((price for price in self.prices if price.channel == channel), None)


class Letter(Report):
    """One message with its words."""

    language: str
    subject: str
    text: str


class Carried(Report):
    """What the customer carries from one channel to another."""

    token: str
    picture_bytes: int
    code: str


class Moment(Report):
    """When a call was under way, in seconds since 1970."""

    began: float
    ended: float


class Step(Report):
    """One touchpoint of a journey."""

    time: datetime
    channel: str
    kind: str
    summary: str
    by_customer: bool
    trace_id: str


class Timeline(Report):
    """A journey."""

    journey_id: str
    channels: list[str]
    steps: list[Step]


class Sale(Report):
    """What the store sold."""

    order_id: str
    total: str
    trace_id: str
    """Of the trace in which it happened."""


class Outcome(Report):
    """What became of one thing that the guest had."""

    area: str
    thing: str
    """As `cart line PURSE-17`."""
    action: str
    why: str


class LoginTold(Report):
    """What the login did, thing by thing."""

    outcomes: list[Outcome]
    missing_areas: list[str]


class Reasons(Report):
    """Why a message came, or did not."""

    reason: str
    """As a word; empty where it came."""
    gates: set[str]
    """Those that it passed."""
    judged_in_a_trace: bool
    words: list[str]


class Numbers(Report):
    """What a campaign brought."""

    entered: int
    sent: int
    bought: int
    revenue: str
    paths: list[str]
    """From the reminder's way to the channel of the purchase."""


class Found(Report):
    """Journeys that a search found."""

    journey_ids: list[str]
    ways: list[str]
    """Over which kinds of channels each went, in order."""
