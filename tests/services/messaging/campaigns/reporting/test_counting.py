"""What became of a campaign's customers is counted, in whatever order they come."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.messaging.campaigns.reporting.counting import Tally
from services.messaging.campaigns.values import Enrolment, StepTaken
from services.messaging.values import DeliveryKind, Message, MessageState, ReceiptKind
from tests.services.messaging.campaigns.reporting.samples import STORE, bought, control, enrolment, sent
from tests.services.messaging.samples import NOON

EMAIL, SMS = DeliveryKind.EMAIL, DeliveryKind.SMS
OPENED, CLICKED, DELIVERED = ReceiptKind.OPENED, ReceiptKind.CLICKED, ReceiptKind.DELIVERED
SKIPPED: dict[str, Any] = {"state": MessageState.SKIPPED, "state_reason": "NO_CONSENT", "delivery_kind": None}

ROWS: list[tuple[Enrolment, list[Message]]] = [
    (
        enrolment("1", conversion=bought()),
        [sent("1", EMAIL, OPENED), sent("1b", SMS, send_time=NOON + timedelta(minutes=1))],
    ),
    (enrolment("2", "b"), [sent("2", EMAIL, CLICKED, DELIVERED)]),
    (enrolment("3"), [sent("3", **SKIPPED)]),
    (enrolment("4"), [sent("4", state=MessageState.QUEUED, delivery_kind=None)]),
    (enrolment("5", path=(StepTaken("remind", NOON, "QUEUE_FULL"),)), []),
    (control("6", conversion=bought(after_message=False, units=10)), []),
    (control("7"), []),
    (enrolment("8", arm="", path=()), []),
    (enrolment("9", arm="", path=(), end_reason="CONDITION_FAILED", end_time=NOON), []),
]


def tally(rows: list[tuple[Enrolment, list[Message]]]) -> Tally:
    counted = Tally()
    for one, messages in rows:
        counted.add(one, messages)
    return counted


def test_who_entered_is_in_one_arm_or_did_not_begin() -> None:
    counted = tally(ROWS)
    assert (counted.entered, counted.not_begun, counted.condition_failed) == (9, 1, 1)
    assert {name: arm.entered for name, arm in counted.arms.items()} == {"a": 4, "b": 1, "control": 2}
    assert {name: arm.reached for name, arm in counted.arms.items()} == {"a": 1, "b": 1, "control": 0}
    assert {name: arm.sales.bought for name, arm in counted.arms.items()} == {"a": 1, "b": 0, "control": 1}
    assert counted.arms["control"].sales_after_message.bought == 0


def test_what_became_of_messages_is_told_by_way_and_reason() -> None:
    counted = tally(ROWS)
    mail = counted.ways[EMAIL].figures
    assert (mail.sent, mail.delivered, mail.opened, mail.clicked) == (2, 2, 2, 1)
    assert (counted.ways[SMS].figures.sent, counted.ways[SMS].figures.delivered) == (1, 0)
    assert (dict(counted.skipped), counted.waiting) == ({"NO_CONSENT": 1, "QUEUE_FULL": 1}, 1)


def test_a_mail_a_text_message_and_a_purchase_in_the_store_are_one_path() -> None:
    [(path, sales)] = tally(ROWS).paths.items()
    assert path == ((EMAIL, SMS), STORE)
    assert (sales.bought, dict(sales.revenue)) == (1, {"EUR": 59_500_000_000})
    assert {kind: way.sales.bought for kind, way in tally(ROWS).ways.items()} == {EMAIL: 0, SMS: 1}


@given(st.permutations(ROWS))
def test_the_order_in_which_they_are_read_changes_nothing(rows: list[tuple[Enrolment, list[Message]]]) -> None:
    assert tally(rows) == tally(ROWS)
