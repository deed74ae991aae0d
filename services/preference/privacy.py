"""Says what preference holds about a person, and what stays when they are forgotten: that and how consent was given."""

from libs.clock import Clock
from libs.mongo.connection import Database, Document
from libs.mongo.erase import Eraser
from libs.mongo.holdings import Holdings, Kept
from libs.mongo.record import Records
from omnithread.preference.v1.preference_events_pb2 import PreferenceEvent
from services.preference.events import Event, PreferencesErased
from services.preference.store import CONSENT_RECORDS
from services.preference.values import Preferences

PROOF_FIELDS = (
    "purpose",
    "delivery_kind",
    "state",
    "wording",
    "wording_version",
    "source",
    "channel",
    "actor_id",
)


def proof_without_person(proof: Document) -> Document:
    """Give what a proof says of the consent: for what, when, where and by which words. Not whose address it was."""
    return {**{name: proof[name] for name in PROOF_FIELDS}, "contact_point": "", "traceparent": ""}


HOLDINGS = Holdings(
    area="preference",
    event_type=PreferenceEvent,
    kept=(
        Kept(
            CONSENT_RECORDS,
            "a company must be able to prove that it had consent: purpose, words, time and place, without the address",
            proof_without_person,
        ),
    ),
)


def eraser_over(records: Records[Preferences, Event], database: Database, clock: Clock) -> Eraser[Preferences, Event]:
    """Give who forgets customers here."""
    return Eraser(
        records=records,
        database=database,
        holdings=HOLDINGS,
        event=lambda erasure_id, now: PreferencesErased(now, erasure_id),
        clock=clock,
    )
