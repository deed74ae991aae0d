"""What a no behind a link is about."""

from services.messaging.deciding.sources import BY_CUSTOMER_ID
from services.messaging.texts.opt_out_links import address_in_link
from services.messaging.values import DeliveryKind


def test_a_no_to_mails_is_for_their_address_and_a_no_to_push_messages_is_one_that_a_later_yes_takes_back() -> None:
    assert address_in_link(DeliveryKind.EMAIL, "anna@example.com") == "anna@example.com"
    assert address_in_link(DeliveryKind.SMS, "+41446681800") == "+41446681800"
    for kind in (*BY_CUSTOMER_ID, DeliveryKind.IN_APP):
        assert address_in_link(kind, "cus_anna") == ""
