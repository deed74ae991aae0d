"""Wires preference: settings, clients, stores, operations, servicers, consumers and sweeps."""

import secrets
from functools import partial

from libs.events.merges import MergeListener
from libs.events.streams import internal_stream
from libs.purposes import load_purposes
from libs.rpc.directory import CustomerDirectory
from libs.rpc.import_stream import ImportMeter
from libs.service import Foundation, Parts, Service
from omnithread.preference.v1.consent_import_service_pb2_grpc import add_ConsentImportServiceServicer_to_server
from omnithread.preference.v1.consent_service_pb2_grpc import add_ConsentServiceServicer_to_server
from omnithread.preference.v1.preference_internal_service_pb2_grpc import (
    add_PreferenceInternalServiceServicer_to_server,
)
from omnithread.preference.v1.preference_service_pb2_grpc import add_PreferenceServiceServicer_to_server
from omnithread.profile.v1 import profile_internal_service_pb2
from omnithread.profile.v1.profile_events_pb2 import ProfileEvent
from omnithread.profile.v1.profile_internal_service_pb2_grpc import ProfileInternalServiceStub
from services.preference.chain.heads import ErasedChains
from services.preference.chain.reading import ConsentChains
from services.preference.consent_servicer import ConsentServicer
from services.preference.import_servicer import ConsentImportServicer
from services.preference.importing import ConsentImports
from services.preference.internal_servicer import PreferenceInternalServicer
from services.preference.operations import PreferenceBook
from services.preference.parts import PARTS_INDEXES, confirming_over, links_over
from services.preference.servicer import PreferenceServicer
from services.preference.settings import PreferenceSettings
from services.preference.store import INDEXES, SHAPE

SEED_BYTES = 32


async def build(settings: PreferenceSettings, foundation: Foundation) -> Parts:
    """Put the parts together."""
    profile = ProfileInternalServiceStub(foundation.channel("profile"))
    directory = CustomerDirectory(profile)
    records = foundation.records(SHAPE, admit=directory.admit)
    book = PreferenceBook(
        records=records,
        database=foundation.database,
        directory=directory,
        clock=foundation.clock,
        new_id=foundation.new_id,
        new_seed=partial(secrets.token_bytes, SEED_BYTES),
    )
    confirming = confirming_over(book, foundation, load_purposes(settings.purposes_file))
    links = links_over(settings, book, confirming)
    erased_chains = ErasedChains(foundation.database, records)
    of_profile = internal_stream(
        "profile",
        profile,
        topic=settings.topic("profile"),
        event_type=ProfileEvent,
        messages=profile_internal_service_pb2,
    )
    merges = foundation.consumer(
        group=settings.group("preference"),
        streams=[of_profile],
        handle=MergeListener(area="preference", absorb=book.absorb, profile=profile).handle,
    )
    return Parts(
        registrations=[
            partial(add_PreferenceServiceServicer_to_server, PreferenceServicer(book, confirming)),
            partial(
                add_ConsentServiceServicer_to_server, ConsentServicer(confirming, ConsentChains(book, erased_chains))
            ),
            partial(
                add_ConsentImportServiceServicer_to_server,
                ConsentImportServicer(imports=ConsentImports(book), meter=ImportMeter(foundation.registry)),
            ),
            partial(
                add_PreferenceInternalServiceServicer_to_server,
                PreferenceInternalServicer(book, links, erased_chains, foundation.reads_together),
            ),
        ],
        consumers=[merges],
    )


SERVICE = Service(
    name="preference", area="preference", settings=PreferenceSettings, build=build, indexes=(*INDEXES, *PARTS_INDEXES)
)
