"""Puts together what concerns texts: templates with drafts and versions, brands, and what writes messages."""

from dataclasses import dataclass

from libs.mongo.record import Records
from libs.service import Foundation
from omnithread.cart.v1.article_service_pb2_grpc import ArticleServiceStub
from omnithread.cart.v1.cart_internal_service_pb2_grpc import CartInternalServiceStub
from omnithread.cart.v1.offer_service_pb2_grpc import OfferServiceStub
from omnithread.preference.v1.preference_internal_service_pb2_grpc import PreferenceInternalServiceStub
from services.messaging.deciding.sources import Sources
from services.messaging.events import Event
from services.messaging.settings import MessagingSettings
from services.messaging.texts.book import TemplateBook
from services.messaging.texts.brand_book import BrandBook
from services.messaging.texts.brand_servicer import BrandServicer
from services.messaging.texts.drafts import Drafts
from services.messaging.texts.fields import (
    BRAND_SHAPE,
    BRANDS,
    DRAFT_SHAPE,
    TEMPLATE_DRAFTS,
    TEMPLATE_SHAPE,
    TEMPLATES,
)
from services.messaging.texts.gathering import Gathering
from services.messaging.texts.opt_out_links import OptOutLinks
from services.messaging.texts.preview import Previews
from services.messaging.texts.prices import Prices
from services.messaging.texts.resume_links import ResumeLinks
from services.messaging.texts.servicer import TemplateServicer
from services.messaging.texts.versions import TemplateVersions
from services.messaging.texts.viewed import Viewed
from services.messaging.texts.writing import Writing
from services.messaging.values import Messaging


@dataclass(frozen=True, slots=True)
class TextParts:
    """What others need of it."""

    templates: TemplateBook
    brands: BrandBook
    writing: Writing
    viewed: Viewed
    template_servicer: TemplateServicer
    brand_servicer: BrandServicer


def text_parts(
    settings: MessagingSettings, foundation: Foundation, *, records: Records[Messaging, Event], sources: Sources
) -> TextParts:
    """Put them together."""
    database, clock = foundation.database, foundation.clock
    cart_channel = foundation.channel("cart")
    channels = foundation.channels
    brands = BrandBook(
        documents=foundation.documents(BRANDS, BRAND_SHAPE),
        channels=channels,
        default_id=settings.default_brand_id,
        default_name=settings.from_name,
        clock=clock,
    )
    book = TemplateBook(
        documents=foundation.documents(TEMPLATES, TEMPLATE_SHAPE),
        versions=TemplateVersions(database),
        brands=brands,
        clock=clock,
    )
    drafts = Drafts(foundation.documents(TEMPLATE_DRAFTS, DRAFT_SHAPE), book)
    viewed = Viewed(records, database, clock)
    gathering = Gathering(
        sources=sources,
        prices=Prices(OfferServiceStub(cart_channel), ArticleServiceStub(cart_channel)),
        viewed=viewed,
        channels=channels,
        pricing_channel_id=settings.pricing_channel_id,
    )
    writing = Writing(
        gathering=gathering,
        brands=brands,
        resume_links=ResumeLinks(
            cart=CartInternalServiceStub(cart_channel),
            template=settings.resume_link_template,
            lifetime_seconds=settings.resume_link_seconds,
        ),
        opt_out_links=OptOutLinks(PreferenceInternalServiceStub(foundation.channel("preference"))),
    )
    previews = Previews(
        book=book,
        drafts=drafts,
        brands=brands,
        gathering=gathering,
        resume_link_template=settings.resume_link_template,
    )
    return TextParts(
        templates=book,
        brands=brands,
        writing=writing,
        viewed=viewed,
        template_servicer=TemplateServicer(book=book, drafts=drafts, previews=previews),
        brand_servicer=BrandServicer(brands),
    )
