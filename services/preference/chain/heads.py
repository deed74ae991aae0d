"""Keeps where the chains of forgotten customers end: their records, which knew it, are tombstones."""

from collections.abc import Sequence

from libs.mongo.connection import Collection, Database
from libs.mongo.deadline import reading
from libs.mongo.migrate import Index
from libs.mongo.once import insert_once
from libs.mongo.record import Records
from services.preference.chain.values import NO_HEAD, ChainHead
from services.preference.events import Event
from services.preference.store import CHAIN_NOTES, CONSENT_RECORDS
from services.preference.values import Preferences

ERASED_CHAINS = "erased_chains"
INDEXES = (Index(ERASED_CHAINS, (("customer_id", 1),)),)


class ErasedChains:
    """The last known ends of chains, by customer id."""

    def __init__(self, database: Database, records: Records[Preferences, Event]) -> None:
        self._database = database
        self._records = records

    async def find(self, customer_id: str) -> ChainHead:
        """Give where the chain of a forgotten customer ended."""
        with reading():
            found = await self._database[ERASED_CHAINS].find_one({"_id": customer_id})
        return ChainHead(found["position"], found["digest"]) if found else NO_HEAD

    async def note_records(self, customer_ids: Sequence[str]) -> None:
        """Keep what the records say, before they become tombstones."""
        for customer_id in customer_ids:
            saved = await self._records.get_exact(customer_id)
            await self._note(customer_id, saved.state.chain)

    async def note_entries(self, customer_ids: Sequence[str]) -> None:
        """Keep what the last entries say: of one that was written since the records were looked at."""
        for customer_id in customer_ids:
            for name in (CONSENT_RECORDS, CHAIN_NOTES):
                await self._note(customer_id, await _last_of(self._database[name], customer_id))

    async def _note(self, customer_id: str, head: ChainHead) -> None:
        """Keep the longer one of two."""
        if not head.position:
            return
        fields = {"position": head.position, "digest": head.digest}
        chains = self._database[ERASED_CHAINS]
        if not await insert_once(chains, {"_id": customer_id, "customer_id": customer_id, **fields}):
            with reading():
                await chains.update_one({"_id": customer_id, "position": {"$lt": head.position}}, {"$set": fields})


async def _last_of(collection: Collection, chain_id: str) -> ChainHead:
    with reading():
        found = await collection.find({"chain_id": chain_id}).sort("position", -1).limit(1).to_list(1)
    return ChainHead(found[0]["position"], found[0]["digest"]) if found else NO_HEAD
