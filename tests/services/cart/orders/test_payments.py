"""No card number comes in as the name of a payment."""

import pytest

from libs.errors import OmnithreadError
from services.cart.orders.payments import checked_payment_reference, looks_like_a_card


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111111",
        "4111 1111 1111 1111",
        "5500-0000-0000-0004",
        "card 378282246310005!",
        "6011000990139424",
        "4111111111111111 12/27",
        "17 4111 1111 1111 1111-123",
    ],
)
def test_the_number_of_a_card_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(OmnithreadError) as refused:
        checked_payment_reference(text)
    assert refused.value.reason == "PAYMENT_REFERENCE_INVALID"
    assert text not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    ["", "pay_0815", "4111111111111112", "2026-11-25 18:00", "2026-11-25-0001-0002-0003", "1" * 20, "٤١١١١١١١١١١١١١١١"],
)
def test_what_payment_systems_call_their_payments_is_taken(text: str) -> None:
    assert checked_payment_reference(text) == text
    assert not looks_like_a_card(text)
