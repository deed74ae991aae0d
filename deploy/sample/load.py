"""Puts the samples into a running suite, through its own doors; what is there already is left as it is."""

import grpc
from google.protobuf.field_mask_pb2 import FieldMask
from google.type.money_pb2 import Money

import omnithread
from deploy.sample.brands import sample_brands
from deploy.sample.campaigns import sample_campaigns
from deploy.sample.offers import LEATHER, sample_offers
from deploy.sample.templates import sample_templates
from omnithread.cart.v1.cart_service_pb2 import AddItemRequest
from omnithread.cart.v1.offer_service_pb2 import ActivateOfferRequest, GetOfferRequest, SaveOfferRequest
from omnithread.common.v1.attribute_pb2 import Attribute
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL, DELIVERY_KIND_IN_APP
from omnithread.messaging.v1.brand_service_pb2 import GetBrandRequest, PutBrandRequest
from omnithread.messaging.v1.campaign_service_pb2 import (
    ActivateCampaignRequest,
    GetCampaignRequest,
    PutCampaignRequest,
)
from omnithread.messaging.v1.messaging_service_pb2 import GetTemplateRequest, PutTemplateRequest
from omnithread.preference.v1.preference_pb2 import CONSENT_STATE_GRANTED, Preferences
from omnithread.preference.v1.preference_service_pb2 import SetConsentRequest, UpdatePreferencesRequest
from omnithread.profile.v1.profile_service_pb2 import GetProfileRequest

CARD = "4711-0042"
EMAIL = "clara.weiss@example.com"
PHONE = "+4930123456"


async def put_templates(client: omnithread.Omnithread) -> None:
    """Put the templates that are not there yet."""
    for template in sample_templates():
        try:
            await client.messaging.GetTemplate(GetTemplateRequest(template_id=template.template_id))
        except grpc.aio.AioRpcError as error:
            if omnithread.details_of(error).reason != "TEMPLATE_NOT_FOUND":
                raise
            await client.messaging.PutTemplate(PutTemplateRequest(template=template))


async def put_brands(client: omnithread.Omnithread) -> None:
    """Put the brands that are not there yet."""
    for brand in sample_brands():
        if not (await client.brands.GetBrand(GetBrandRequest(brand_id=brand.brand_id))).brand.version:
            await client.brands.PutBrand(PutBrandRequest(brand=brand))


async def put_offers(client: omnithread.Omnithread) -> None:
    """Put the offers that are not there yet, and let them count."""
    for offer_id, terms in sample_offers().items():
        try:
            await client.offers.GetOffer(GetOfferRequest(offer_id=offer_id))
        except grpc.aio.AioRpcError as error:
            if omnithread.details_of(error).reason != "OFFER_NOT_FOUND":
                raise
            await client.offers.SaveOffer(SaveOfferRequest(offer_id=offer_id, terms=terms))
            await client.offers.ActivateOffer(ActivateOfferRequest(offer_id=offer_id))


async def put_campaigns(client: omnithread.Omnithread) -> None:
    """Put the campaigns that are not there yet, and let customers enter."""
    for campaign_id, definition in sample_campaigns().items():
        try:
            await client.campaigns.GetCampaign(GetCampaignRequest(campaign_id=campaign_id))
        except grpc.aio.AioRpcError as error:
            if omnithread.details_of(error).reason != "CAMPAIGN_NOT_FOUND":
                raise
            await client.campaigns.PutCampaign(PutCampaignRequest(campaign_id=campaign_id, definition=definition))
            await client.campaigns.ActivateCampaign(ActivateCampaignRequest(campaign_id=campaign_id))


async def put_customer(client: omnithread.Omnithread) -> str:
    """Put a customer with a cart, preferences and a consent, where nobody holds her card yet; give her id."""
    card = omnithread.loyalty_card(CARD, verified=True)
    try:
        known = await client.profile.GetProfile(GetProfileRequest(identifier=card))
    except grpc.aio.AioRpcError as error:
        if omnithread.details_of(error).reason != "CUSTOMER_NOT_FOUND":
            raise
        return await _new_customer(client)
    return known.profile.customer_id


async def _new_customer(client: omnithread.Omnithread) -> str:
    session = await client.start_session(
        [
            omnithread.loyalty_card(CARD, verified=True),
            omnithread.email(EMAIL, verified=True),
            omnithread.phone(PHONE, verified=True),
        ],
        given_name="Clara",
        family_name="Weiss",
    )
    customer_id = session.customer_id
    with session.carry():
        await client.preference.UpdatePreferences(
            UpdatePreferencesRequest(
                preferences=Preferences(
                    customer_id=customer_id,
                    language="de",
                    time_zone="Europe/Berlin",
                    preferred_channels=[DELIVERY_KIND_EMAIL, DELIVERY_KIND_IN_APP],
                ),
                update_mask=FieldMask(paths=["language", "time_zone", "preferred_channels"]),
            )
        )
        await client.preference.SetConsent(
            SetConsentRequest(
                customer_id=customer_id,
                purpose="cart_reminder",
                delivery_kind=DELIVERY_KIND_EMAIL,
                state=CONSENT_STATE_GRANTED,
                wording="Ja, erinnern Sie mich per E-Mail an meinen Warenkorb.",
                wording_version="2026-11",
                source="account page",
            )
        )
        await client.cart.AddItem(
            AddItemRequest(
                customer_id=customer_id,
                sku="PURSE-17",
                name="Handtasche Marlene",
                unit_price=Money(currency_code="EUR", units=129),
                quantity=1,
                link_uri="https://shop.example.com/p/PURSE-17",
                attributes=[Attribute(key="colour", value="schwarz")],
                categories=[LEATHER],
            )
        )
    return customer_id
