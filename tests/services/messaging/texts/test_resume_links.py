"""A mail takes the customer to their cart on any device; whoever sees what is kept of it cannot go there."""

import re
from typing import Any

import pytest
from pydantic import ValidationError

from libs.errors import OmnithreadError, overloaded, resource_exhausted
from omnithread.cart.v1.handover_service_pb2 import RedeemHandoverRequest
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_STORE_DISPLAY, DeliveryKind
from services.messaging.deciding.sources import SourceAway
from services.messaging.settings import MessagingSettings
from services.messaging.texts.resume_links import ResumeLinks
from tests.services.messaging.conftest import RESUME_LINK
from tests.services.messaging.office import EMAIL, IN_APP, Office, came_to, form
from tests.services.messaging.post_office import html_of, text_of
from tests.services.running import Services

LINK = re.compile(re.escape(RESUME_LINK).replace(re.escape("{token}"), "([A-Za-z0-9_-]{44})"))


async def test_the_link_of_a_reminder_goes_on_with_the_cart_and_is_kept_nowhere(
    services: Services, office: Office
) -> None:
    anna = await office.person(EMAIL)
    cart_id = await office.fill_cart(anna.customer_id)
    message = await office.first_message(anna.customer_id)
    sent = await office.ended(anna.customer_id, message.message_id)
    assert came_to(sent) == ("SENT", "")

    [mail] = office.post.mails(anna.address)
    [token] = LINK.findall(text_of(mail))
    assert LINK.findall(html_of(mail)) == [token]
    gone_on = await services.connect("mobile-app").handovers.RedeemHandover(RedeemHandoverRequest(token=token))
    assert (gone_on.customer_id, gone_on.cart_id) == (anna.customer_id, cart_id)

    assert "https://shop.example/cart#…" in sent.body_text
    assert token not in str(await office.messages(anna.customer_id))
    assert token not in str(await office.events(anna.customer_id))


async def test_a_text_changes_the_link_as_it_likes_and_none_of_it_is_kept(office: Office) -> None:
    anna = await office.person(EMAIL)
    await office.put("shouting", form(EMAIL, "Now: {{ resume_link | upcase }} {{ resume_link | size }}"))
    sent = await office.ended(anna.customer_id, await office.send(anna.customer_id, "shouting"))
    [mail] = office.post.mails(anna.address)
    assert re.search(r"HTTPS://SHOP.EXAMPLE/CART#[A-Z0-9_-]{44} 70", text_of(mail))
    assert sent.body_text == "Now: HTTPS://SHOP.EXAMPLE/CART#… 27"


@pytest.mark.parametrize("kind", [IN_APP, DELIVERY_KIND_STORE_DISPLAY])
@pytest.mark.parametrize("link", ["resume_link", "unsubscribe_link", "preferences_link"])
async def test_what_is_shown_as_it_is_kept_has_no_link_that_leads_nowhere(
    office: Office, kind: DeliveryKind.ValueType, link: str
) -> None:
    anna = await office.person(kind)
    await office.put("shown", form(kind, f"{{% if {link} %}}{{{{ {link} }}}}{{% else %}}none{{% endif %}}"))
    message_id = await office.send(anna.customer_id, "shown", "cart_reminder", delivery_kind=kind)
    sent = await office.ended(anna.customer_id, message_id)
    assert (came_to(sent), sent.body_text) == (("SENT", ""), "none")


async def test_into_the_inbox_goes_no_link(office: Office) -> None:
    anna = await office.person(EMAIL, IN_APP)
    await office.prefer(anna.customer_id, preferred_channels=[IN_APP])
    await office.put("inbox_only", form(IN_APP, "Cart: {% if resume_link %}{{ resume_link }}{% else %}here{% endif %}"))
    sent = await office.ended(anna.customer_id, await office.send(anna.customer_id, "inbox_only"))
    assert sent.body_text == "Cart: here"


class Answering:
    """Stands where cart's stub does, and refuses everything for one reason."""

    def __init__(self, error: OmnithreadError) -> None:
        self.error = error

    async def CreateResumeLink(self, _request: object, *, timeout: float) -> object:  # noqa: ARG002, ASYNC109, N802
        raise self.error


async def test_a_reminder_waits_for_its_link_while_cart_has_too_much_to_do() -> None:
    busy: Any = Answering(overloaded(retry_seconds=1))
    with pytest.raises(SourceAway):
        await ResumeLinks(busy, RESUME_LINK, 60).of("cus_1", "msg_1")
    full: Any = Answering(resource_exhausted("HANDOVER_LIMIT", "Too many."))
    assert await ResumeLinks(full, RESUME_LINK, 60).of("cus_1", "msg_1") is None


def test_a_place_for_the_token_is_needed() -> None:
    with pytest.raises(ValidationError):
        MessagingSettings(resume_link_template="https://shop.example/cart")
