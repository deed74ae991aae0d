"""Wires cart: settings, clients, stores, operations, servicers, consumers and sweeps."""

from datetime import timedelta
from functools import partial

from libs.events.merges import MergeListener, undated
from libs.journey_rules import load_journey_rules
from libs.rpc.directory import CustomerDirectory
from libs.service import Foundation, Parts, Service
from omnithread.cart.v1.article_service_pb2_grpc import add_ArticleServiceServicer_to_server
from omnithread.cart.v1.cart_internal_service_pb2_grpc import add_CartInternalServiceServicer_to_server
from omnithread.cart.v1.cart_service_pb2_grpc import add_CartServiceServicer_to_server
from omnithread.cart.v1.handover_service_pb2_grpc import add_HandoverServiceServicer_to_server
from omnithread.cart.v1.offer_service_pb2_grpc import add_OfferServiceServicer_to_server
from omnithread.cart.v1.order_service_pb2_grpc import add_OrderServiceServicer_to_server
from omnithread.profile.v1.profile_internal_service_pb2_grpc import ProfileInternalServiceStub
from services.cart.articles.catalogue import Catalogue
from services.cart.articles.operations import Articles
from services.cart.articles.servicer import ArticleServicer
from services.cart.audience.book import AUDIENCE_INDEXES, AudienceBook
from services.cart.audience.listener import AudienceListener
from services.cart.audit.operations import Audits
from services.cart.audit.rejections import Rejections
from services.cart.checkout.parts import checkout_parts
from services.cart.commands import Commands
from services.cart.desk.operations import Desk
from services.cart.handover.parts import HANDOVER_INDEXES, handovers_over
from services.cart.handover.servicer import HandoverServicer
from services.cart.internal_servicer import CartInternalServicer
from services.cart.listening import consumer_of
from services.cart.offers.parts import offer_parts, pricing_of
from services.cart.offers.servicer import OfferServicer
from services.cart.operations import Carts
from services.cart.orders.external_numbers import ExternalNumbers
from services.cart.orders.operations import Orders
from services.cart.orders.servicer import OrderServicer
from services.cart.servicer import CartServicer
from services.cart.settings import CartSettings
from services.cart.store import INDEXES, SHAPE
from services.cart.sweeps import CartSweeps


async def build(settings: CartSettings, foundation: Foundation) -> Parts:
    """Put the parts together."""
    profile = ProfileInternalServiceStub(foundation.channel("profile"))
    directory = CustomerDirectory(profile)
    records = foundation.records(SHAPE, admit=directory.admit)
    commands = Commands(
        records=records,
        rejections=Rejections(foundation.database, foundation.clock),
        clock=foundation.clock,
        idle_after=timedelta(seconds=settings.idle_after_seconds),
        expire_after=timedelta(seconds=settings.expire_after_seconds),
    )
    carts = Carts(
        commands=commands,
        database=foundation.database,
        directory=directory,
        new_id=foundation.new_id,
        merge_policy=settings.merge_policy,
    )
    handovers = handovers_over(settings, foundation, carts)
    orders = Orders(carts=carts, numbers=ExternalNumbers(foundation.database))
    articles = Articles(
        database=foundation.database, clock=foundation.clock, pause_seconds=settings.article_look_seconds
    )
    desk = Desk(commands=commands, new_id=foundation.new_id)
    merges = MergeListener(area="cart", absorb=undated(carts.absorb), profile=profile)
    offering = offer_parts(foundation)
    audience = AudienceBook(
        database=foundation.database,
        records=records,
        profile=profile,
        trait_names=offering.book.trait_names,
        inactivity=load_journey_rules(settings.journeys_file).inactivity,
    )
    pricing = pricing_of(offering, foundation, audience)
    consumer = consumer_of(settings, foundation, merges=merges, audience=AudienceListener(audience))
    checkout = checkout_parts(settings, foundation, carts=carts, offering=offering, pricing=pricing)
    cart_servicer = CartServicer(
        carts,
        desk=desk,
        articles=articles,
        audits=Audits(carts),
        checkouts=checkout.checkouts,
        code_entry=checkout.code_entry,
        pricing=pricing,
    )
    article_servicer = ArticleServicer(
        articles,
        catalogue=Catalogue(foundation.database, foundation.clock),
        carts=carts,
        pricing=pricing,
    )
    offer_servicer = OfferServicer(
        offering.offers,
        carts=carts,
        pricing=pricing,
        batches=checkout.code_batches,
        code_entry=checkout.code_entry,
    )
    sweeps = CartSweeps(carts=carts, desk=desk, pause_seconds=settings.idle_sweep_seconds, tracer=foundation.tracer)
    return Parts(
        registrations=[
            partial(add_CartServiceServicer_to_server, cart_servicer),
            partial(add_OfferServiceServicer_to_server, offer_servicer),
            partial(add_OrderServiceServicer_to_server, OrderServicer(orders)),
            partial(add_ArticleServiceServicer_to_server, article_servicer),
            partial(add_HandoverServiceServicer_to_server, HandoverServicer(handovers)),
            partial(
                add_CartInternalServiceServicer_to_server,
                CartInternalServicer(carts, handovers, foundation.reads_together),
            ),
        ],
        consumers=[consumer],
        sweeps={
            **{sweep.name: sweep.run for sweep in sweeps.all()},
            "unsold-articles": articles.run,
            "reservations": checkout.reservations.run,
        },
    )


SERVICE = Service(
    name="cart",
    area="cart",
    settings=CartSettings,
    build=build,
    indexes=(*INDEXES, *AUDIENCE_INDEXES, *HANDOVER_INDEXES),
)
