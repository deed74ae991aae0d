"""Wires profile: settings, clients, stores, operations, servicers, consumers and sweeps."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

from libs.clock import Clock
from libs.ids import NewId
from libs.mongo.connection import Database
from libs.mongo.documents import Documents
from libs.mongo.metrics import WriteMetrics
from libs.mongo.migrate import Index, due_index
from libs.mongo.record import Records
from libs.mongo.values import Consequences
from libs.one_time_codes import NewCode, new_code
from libs.rpc.import_stream import ImportMeter
from libs.service import Foundation, Parts, Service
from omnithread.profile.v1.customer_import_service_pb2_grpc import add_CustomerImportServiceServicer_to_server
from omnithread.profile.v1.identity_service_pb2_grpc import add_IdentityServiceServicer_to_server
from omnithread.profile.v1.profile_internal_service_pb2_grpc import add_ProfileInternalServiceServicer_to_server
from omnithread.profile.v1.profile_service_pb2_grpc import add_ProfileServiceServicer_to_server
from omnithread.profile.v1.segment_service_pb2_grpc import add_SegmentServiceServicer_to_server
from services.profile import code_limits, evidence_left, verifications
from services.profile.claims import IDENTIFIERS, Claims
from services.profile.code_limits import CodeLimits
from services.profile.erased import ErasedIdentifiers
from services.profile.forgetting import Forgetting
from services.profile.identify import Identification
from services.profile.identity import Identities
from services.profile.identity_servicer import IdentityServicer
from services.profile.import_servicer import CustomerImportServicer
from services.profile.importing import CustomerImports
from services.profile.internal_servicer import ProfileInternalServicer
from services.profile.listening import consumer_of
from services.profile.machines import Machines
from services.profile.merge_gauges import merge_counts
from services.profile.merges import Merges
from services.profile.model import Profile
from services.profile.operations import Profiles
from services.profile.rules import DEFAULT_RULES, IdentityRules
from services.profile.rules_file import load_rules
from services.profile.segment_book import KnownSegments, SegmentBook
from services.profile.segment_fields import DUE_TIME, EDITION, SEGMENT_SHAPE, SEGMENTS
from services.profile.segment_servicer import SegmentServicer
from services.profile.segment_sweep import SegmentSweep
from services.profile.servicer import ProfileServicer
from services.profile.settings import ProfileSettings
from services.profile.settling import Settling
from services.profile.store import OLDEST_INCOMING_TIME, SHAPE, Announced
from services.profile.unfinished import UnfinishedMerges
from services.profile.unmerges import Unmerges
from services.profile.verification import VERIFIABLE, VERIFIABLE_WITH_PHONES
from services.profile.verifications import Verifications
from services.profile.verifying import Verifying

INDEXES: tuple[Index, ...] = (
    due_index(OLDEST_INCOMING_TIME),
    due_index(EDITION),
    due_index(DUE_TIME),
    Index(IDENTIFIERS, (("customer_id", 1),)),
    evidence_left.INDEX,
    *verifications.INDEXES,
    *code_limits.INDEXES,
)


def profiles_of(
    *,
    database: Database,
    epoch: str,
    clock: Clock,
    new_id: NewId,
    randomness: random.Random,
    on_saved: Callable[[str], None],
    erasure_secret: bytes | None = None,
    rules: IdentityRules = DEFAULT_RULES,
    consequences: Consequences[Profile, Announced] | None = None,
    writes: WriteMetrics | None = None,
) -> Profiles:
    """Put together what can be done with customers."""
    records = Records(
        database=database,
        shape=replace(SHAPE, consequences=consequences),
        clock=clock,
        new_id=new_id,
        epoch=epoch,
        admit=None,  # only Identify creates customers
        on_saved=on_saved,
        random=randomness,
        metrics=writes,
    )
    claims = Claims(database)
    merges = Merges(records=records, claims=claims, rules=rules)
    settling = Settling(records=records, claims=claims, merges=merges, clock=clock, new_id=new_id, rules=rules)
    forgetting = Forgetting(
        records=records,
        database=database,
        claims=claims,
        merges=merges,
        erased=ErasedIdentifiers(database, secret=erasure_secret),
        clock=clock,
    )
    identification = Identification(
        records=records,
        claims=claims,
        merges=merges,
        unmerges=Unmerges(records=records, claims=claims, merges=merges, clock=clock, rules=rules),
        settling=settling,
        forgetting=forgetting,
        clock=clock,
        new_id=new_id,
        random=randomness,
        rules=rules,
        machines=Machines(records=records, claims=claims, clock=clock, rules=rules),
    )
    return Profiles(
        records=records,
        identification=identification,
        merges=merges,
        forgetting=forgetting,
        clock=clock,
        rules=rules,
    )


def verifying_of(
    profiles: Profiles, *, database: Database, clock: Clock, new_code: NewCode = new_code, to_phones: bool = False
) -> Verifying:
    """Put together what can be done with one-time codes."""
    return Verifying(
        records=profiles.records,
        verifications=Verifications(database),
        limits=CodeLimits(database, clock=clock),
        identification=profiles.identification,
        rules=profiles.rules,
        clock=clock,
        new_code=new_code,
        verifiable=VERIFIABLE_WITH_PHONES if to_phones else VERIFIABLE,
    )


def known_segments_of(
    *,
    database: Database,
    clock: Clock,
    randomness: random.Random,
    refresh_seconds: float,
    writes: WriteMetrics | None = None,
) -> KnownSegments:
    """Put together what this replica knows of segments."""
    documents = Documents(
        database=database, collection=SEGMENTS, shape=SEGMENT_SHAPE, clock=clock, random=randomness, metrics=writes
    )
    return KnownSegments(documents=documents, clock=clock, refresh_seconds=refresh_seconds)


def identities_of(profiles: Profiles, *, new_id: NewId) -> Identities:
    """Put together what can be done about who is who."""
    claims = profiles.identification.claims
    return Identities(
        records=profiles.records,
        claims=claims,
        merges=profiles.merges,
        unmerges=profiles.identification.unmerges,
        clock=profiles.clock,
        new_id=new_id,
    )


async def build(settings: ProfileSettings, foundation: Foundation) -> Parts:
    """Wire the service's parts. RulesInvalid where the file of rules makes no sense."""
    known_segments = known_segments_of(
        database=foundation.database,
        clock=foundation.clock,
        randomness=foundation.random,
        refresh_seconds=settings.segment_refresh_seconds,
        writes=foundation.writes,
    )
    await known_segments.refresh()
    profiles = profiles_of(
        database=foundation.database,
        epoch=foundation.epoch,
        clock=foundation.clock,
        new_id=foundation.new_id,
        randomness=foundation.random,
        on_saved=foundation.relay.nudge,
        writes=foundation.writes,
        erasure_secret=settings.erasure_key_file.read_bytes().strip() if settings.erasure_key_file else None,
        rules=load_rules(settings.identifiers_file),
        consequences=known_segments.consequences,
    )
    verifying = verifying_of(
        profiles, database=foundation.database, clock=foundation.clock, to_phones=settings.codes_to_phones
    )
    identities = identities_of(profiles, new_id=foundation.new_id)
    unfinished = UnfinishedMerges(
        records=profiles.records,
        merges=profiles.merges,
        clock=foundation.clock,
        patience=timedelta(seconds=settings.merge_patience_seconds),
        pause_seconds=settings.merge_sweep_seconds,
    )
    segment_sweep = SegmentSweep(
        records=profiles.records,
        known=known_segments,
        clock=foundation.clock,
        random=foundation.random,
        pause_seconds=settings.segment_sweep_seconds,
    )
    segments = SegmentBook(
        documents=known_segments.documents,
        known=known_segments,
        records=profiles.records,
        clock=foundation.clock,
        on_changed=segment_sweep.nudge,
    )
    internal = ProfileInternalServicer(
        profiles, verifying=verifying, identities=identities, reads_together=foundation.reads_together
    )
    return Parts(
        registrations=(
            partial(add_ProfileServiceServicer_to_server, ProfileServicer(profiles)),
            partial(
                add_CustomerImportServiceServicer_to_server,
                CustomerImportServicer(
                    imports=CustomerImports(profiles=profiles), meter=ImportMeter(foundation.registry)
                ),
            ),
            partial(add_ProfileInternalServiceServicer_to_server, internal),
            partial(
                add_IdentityServiceServicer_to_server, IdentityServicer(verifying=verifying, identities=identities)
            ),
            partial(add_SegmentServiceServicer_to_server, SegmentServicer(book=segments, profiles=profiles)),
        ),
        consumers=[consumer_of(settings, foundation, profiles.records)],
        sweeps={
            "profile-merges": unfinished.run,
            "profile-segments": segment_sweep.run,
            "profile-known-segments": known_segments.run,
            "profile-merge-counts": merge_counts(foundation.registry, foundation.database, foundation.clock).run,
        },
    )


SERVICE = Service(name="profile", area="profile", settings=ProfileSettings, build=build, indexes=INDEXES)
