"""Says what preference holds about a person, and what stays when they are forgotten: that and how consent was given."""

from libs.clock import Clock
from libs.mongo.connection import Database, Document
from libs.mongo.erase import Eraser
from libs.mongo.holdings import Holdings, Kept
from libs.mongo.record import Records
from omnithread.preference.v1.preference_events_pb2 import PreferenceEvent
from services.preference.chain.documents import LINK_FIELDS
from services.preference.chain.heads import ERASED_CHAINS, ErasedChains
from services.preference.events import Event, PreferencesErased
from services.preference.store import CHAIN_NOTES, CONSENT_RECORDS
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
CONFIRMING_FIELDS = ("confirms_record_id", "confirmation")
WHY_CHAINS = "digests and ids, by which proofs of consent can still be checked; nobody gets from them to what was said"


def proof_without_person(proof: Document) -> Document:
    """Give what a proof says of the consent: for what, when, where and by which words. Not whose address it was.

    Its place in the chain and its digests stay, so that the chain can still be checked. The salt goes: without it
    nobody finds out what was digested.
    """
    said = {name: proof[name] for name in PROOF_FIELDS} | {"contact_point": "", "traceparent": ""}
    return said | {name: proof[name] for name in (*CONFIRMING_FIELDS, *LINK_FIELDS) if name in proof}


def unchanged(document: Document) -> Document:
    """Keep a document as it is: it holds ids and digests only."""
    return document


HOLDINGS = Holdings(
    area="preference",
    event_type=PreferenceEvent,
    kept=(
        Kept(
            CONSENT_RECORDS,
            "a company must be able to prove that it had consent: purpose, words, time and place, without the address",
            proof_without_person,
        ),
        Kept(CHAIN_NOTES, WHY_CHAINS, unchanged),
        Kept(ERASED_CHAINS, WHY_CHAINS, unchanged),
    ),
)


def eraser_over(
    records: Records[Preferences, Event], database: Database, clock: Clock, chains: ErasedChains
) -> Eraser[Preferences, Event]:
    """Give who forgets customers here."""
    return Eraser(
        records=records,
        database=database,
        holdings=HOLDINGS,
        event=lambda erasure_id, now: PreferencesErased(now, erasure_id),
        clock=clock,
        before_lists=chains.note_entries,
    )
