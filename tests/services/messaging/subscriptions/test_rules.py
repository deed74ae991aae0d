"""The rules of subscriptions, without servers."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.timestamps import to_timestamp
from libs.webhooks.answers import WebhookNotTaken, WebhookUnsure
from omnithread.cart.v1.cart_events_pb2 import CartEvent, ItemAdded
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_STORE, CHANNEL_KIND_WEB, Channel
from omnithread.common.v1.event_pb2 import EventHeader
from services.messaging.subscriptions.cloud_events import body_of
from services.messaging.subscriptions.event_types import AREAS, MESSAGES, event_type_of, exists
from services.messaging.subscriptions.health import LONGEST_REST, rest_after
from services.messaging.subscriptions.operations import with_new_secret
from services.messaging.subscriptions.posting import LONGEST_PAUSE, pause_after
from services.messaging.subscriptions.values import MOST_OLD_SECRETS, Secret, Subscription, Wanted

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
FIRST = timedelta(seconds=5)


def added(**header: object) -> CartEvent:
    known = {"event_id": "evt_1", "customer_id": "cus_1", "seq": 7, "occur_time": to_timestamp(NOW)}
    return CartEvent(header=EventHeader(**(known | header)), cart_id="crt_1", item_added=ItemAdded(sku="TEA-1"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("patterns", "wanted"),
    [
        (("cart.item_added",), True),
        (("cart.*",), True),
        (("*",), True),
        (("profile.*", "cart.cart_cleared"), False),
        (("cart.item",), False),
        ((), False),
    ],
)
def test_an_event_is_wanted_by_its_type_its_area_or_by_all(patterns: tuple[str, ...], *, wanted: bool) -> None:
    one = Wanted(event_types=patterns)
    assert one.wants("cart.item_added", channel_kind=CHANNEL_KIND_WEB, channel_id="web-shop") is wanted


def test_a_filter_has_to_let_kind_and_channel_through() -> None:
    one = Wanted(event_types=("*",), channel_kinds=(CHANNEL_KIND_STORE,), channel_ids=("store-042",))
    assert one.wants("cart.item_added", channel_kind=CHANNEL_KIND_STORE, channel_id="store-042")
    assert not one.wants("cart.item_added", channel_kind=CHANNEL_KIND_STORE, channel_id="store-043")
    assert not one.wants("cart.item_added", channel_kind=CHANNEL_KIND_WEB, channel_id="store-042")


def test_every_area_has_events_and_each_has_a_name_of_its_own() -> None:
    assert {name.partition(".")[0] for name in MESSAGES} == set(AREAS)
    assert len(set(MESSAGES.values())) == len(MESSAGES)
    assert all(exists(name) for name in (*MESSAGES, "*", "cart.*"))
    assert not any(exists(name) for name in ("cart.nothing", "shop.*", "cart", "*.*"))


def test_the_page_for_receivers_names_every_event_there_is() -> None:
    page = (Path(__file__).resolve().parents[4] / "docs/webhooks.md").read_text()
    for area in AREAS:
        names = [name.partition(".")[2] for name in MESSAGES if name.startswith(f"{area}.")]
        assert f"| `{area}` | {', '.join(f'`{name}`' for name in names)} |" in page.splitlines()


def test_an_event_of_a_future_version_has_no_type() -> None:
    future = CartEvent.FromString(CartEvent(header=EventHeader(event_id="evt_1")).SerializeToString() + b"\xfa\x3f\x00")
    assert not event_type_of("cart", future)


def test_an_event_becomes_the_same_cloud_event_each_time() -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    payload = added(traceparent=trace, channel=Channel(id="web-shop", kind=CHANNEL_KIND_WEB)).SerializeToString()
    body = body_of("cart", payload)
    assert body == body_of("cart", payload)
    event = json.loads(body)
    data = event.pop("data")
    assert event == {
        "specversion": "1.0",
        "datacontenttype": "application/json",
        "id": "evt_1",
        "source": "/omnithread/cart",
        "type": "omnithread.cart.v1.ItemAdded",
        "subject": "cus_1",
        "time": "2026-11-25T12:00:00.000Z",
        "partitionkey": "cus_1",
        "sequence": "00000000000000000007",
        "traceparent": trace,
    }
    assert data["itemAdded"] == {"sku": "TEA-1"}
    assert data["header"]["channel"] == {"id": "web-shop", "kind": "CHANNEL_KIND_WEB"}
    assert "traceparent" not in json.loads(body_of("cart", added().SerializeToString()))


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_pauses_grow_to_an_hour_and_are_never_less_than_half_of_it(tries: int, share: float) -> None:
    pause = pause_after(tries, WebhookUnsure("timeout"), first=FIRST, share=share)
    assert FIRST / 2 <= pause <= LONGEST_PAUSE
    if tries > 12:
        assert pause >= LONGEST_PAUSE / 2


def test_a_receiver_that_asks_for_peace_has_it() -> None:
    error = WebhookNotTaken("http_429", status=429, retry_after_seconds=7200)
    assert pause_after(1, error, first=FIRST, share=0.0) == timedelta(hours=2)


def test_a_receiver_is_left_alone_for_twice_as_long_each_time_and_at_most_five_minutes() -> None:
    assert [rest_after(probes).total_seconds() for probes in range(3)] == [5, 10, 20]
    assert rest_after(100_000) == LONGEST_REST


def test_an_old_secret_signs_for_a_day_and_few_are_kept() -> None:
    one = Subscription("partner", secrets=(Secret(1, "first"),), last_secret_version=1)
    two = with_new_secret(one, "second", NOW)
    assert two.signing_secrets(NOW + timedelta(hours=23)) == ("second", "first")
    assert two.signing_secrets(NOW + timedelta(hours=24)) == ("second",)
    many = two
    for number in range(10):
        many = with_new_secret(many, f"more-{number}", NOW)
    assert many.signing_secrets(NOW)[0] == "more-9"
    assert len(many.secrets) == 1 + MOST_OLD_SECRETS
    late = with_new_secret(many, "late", NOW + timedelta(days=2))
    assert [secret.text for secret in late.secrets] == ["late", "more-9"]
