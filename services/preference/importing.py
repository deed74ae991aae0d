"""Coordinates imports of consents: each row is kept with its proof, once, and counts where nothing was said later."""

from dataclasses import dataclass

from libs.mongo.members import get_member
from libs.mongo.values import Saved
from libs.origin import Stamp
from services.preference.chain.sealing import sealed
from services.preference.history import note_history, state_of
from services.preference.model import Act, Change, Statement
from services.preference.operations import PreferenceBook
from services.preference.store import CONSENT_RECORDS
from services.preference.values import Preferences


@dataclass(frozen=True, slots=True)
class ConsentImports:
    """What can be done with a row."""

    book: PreferenceBook

    async def carry_out(self, customer_id: str, statement: Statement, *, act: Act, record_id: str, stamp: Stamp) -> str:
        """Keep what was said, and say whether it counts. The same again changes nothing, however late.

        Raises CUSTOMER_NOT_FOUND, CONSENT_LIMIT, and what any change of a record may raise.
        """
        known = await self._known(customer_id, record_id)
        if known is not None:
            return known

        seed = self.book.new_seed()

        def decide(saved: Saved[Preferences]) -> Change:
            change = _noted(saved, customer_id, statement, act=act, record_id=record_id)
            return sealed(change, chain_id=saved.customer_id, seed=seed)

        outcome = await self.book.records.run(customer_id, stamp, decide)
        return outcome.facts["state"]

    async def foresee(self, customer_id: str, statement: Statement, *, act: Act, record_id: str) -> str:
        """Say whether a row would count as things are now. Reads only; raises the same."""
        known = await self._known(customer_id, record_id)
        if known is not None:
            return known
        saved = await self.book.get(customer_id)
        return _noted(saved, customer_id, statement, act=act, record_id=record_id).facts["state"]

    async def _known(self, customer_id: str, record_id: str) -> str | None:
        """Say what became of a row that was carried out so long ago that the request is forgotten."""
        saved = await self.book.records.get(customer_id)
        if await get_member(self.book.database, CONSENT_RECORDS, saved, record_id) is None:
            return None
        return state_of(saved.state, record_id)


def _noted(saved: Saved[Preferences], customer_id: str, statement: Statement, *, act: Act, record_id: str) -> Change:
    return note_history(
        saved.state, statement, act=act, record_id=record_id, is_theirs=saved.customer_id == customer_id
    )
