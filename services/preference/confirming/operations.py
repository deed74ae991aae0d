"""Coordinates double opt-in: notes a yes that waits, has its address asked, and takes the code.

A code is made before the event that asks for its delivery, so whoever hears of it finds it. What is drawn and counted
is named by the request, so a retry draws and counts nothing new.
"""

import hmac
from dataclasses import dataclass, replace

from libs.ids import derived_id
from libs.mongo.members import get_member
from libs.mongo.values import Outcome, Saved
from libs.one_time_codes import guess_of
from libs.origin import Stamp
from libs.purposes import PurposeTable
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL, DELIVERY_KIND_SMS
from services.preference import errors
from services.preference.chain.sealing import sealed
from services.preference.confirming.confirmations import Confirmation, Confirmations
from services.preference.confirming.limits import ConfirmationLimits
from services.preference.confirming.model import Proof, Which, ask_again, confirm, waiting
from services.preference.model import Change, OptIn, Statement, set_consent
from services.preference.operations import PreferenceBook
from services.preference.records import key_from_fields
from services.preference.store import CONSENT_RECORDS
from services.preference.values import BY_CODE, GRANTED, PENDING, Consent, ConsentKey, Preferences

CONFIRMED_WAYS = frozenset({DELIVERY_KIND_EMAIL, DELIVERY_KIND_SMS})
"""The ways by which anybody's address can be told."""
CODE_PAGE = "confirmation code"


@dataclass(frozen=True, slots=True)
class Confirming:
    """What can be done with a yes that waits."""

    book: PreferenceBook
    confirmations: Confirmations
    limits: ConfirmationLimits
    purposes: PurposeTable

    def needs_confirmation(self, key: ConsentKey) -> bool:
        """Say whether a yes to this waits for a confirmation."""
        purpose = self.purposes.get(key.purpose)
        return purpose is not None and purpose.needs_double_opt_in and key.delivery_kind in CONFIRMED_WAYS

    async def set_consent(
        self, customer_id: str, statement: Statement, *, etag: str, stamp: Stamp, brand: str
    ) -> Outcome[Preferences]:
        """Note a yes or a no, a yes as pending where it has to be confirmed.

        Raises CONTACT_POINT_REQUIRED, and what `PreferenceBook.set_consent` raises.
        """
        if statement.state != GRANTED or not self.needs_confirmation(statement.key):
            return await self.book.set_consent(customer_id, statement, etag=etag, stamp=stamp)
        if not statement.key.contact_point:
            raise errors.contact_point_required()
        known = await self.book.records.recall(customer_id, stamp)
        if known is not None:
            return known
        saved = await self.book.get(customer_id)
        opt_in = await self._opt_in(saved, statement, stamp=stamp, brand=brand)
        return await self.book.set_consent(customer_id, statement, etag=etag, stamp=stamp, opt_in=opt_in)

    async def confirm(self, customer_id: str, which: Which, code: str, *, stamp: Stamp) -> Outcome[Preferences]:
        """Take a code; with the right one the yes counts. The fact `record_id` names the proof.

        Raises CONSENT_NOT_PENDING, CONFIRMATION_EXPIRED, CONFIRMATION_CODE_WRONG, CONFIRMATION_TRIES_USED_UP.
        """
        known = await self.book.records.recall(customer_id, stamp)
        if known is not None:
            return known
        pending = await self._waiting(await self.book.get(customer_id), which)
        await self._check(await self.confirmations.find(pending.confirmation_id), code, guess_of(stamp))
        this_one = Which(confirmation_id=pending.confirmation_id)
        return await self.carry_out(customer_id, this_one, Proof(BY_CODE, CODE_PAGE), stamp=stamp)

    async def carry_out(self, customer_id: str, which: Which, proof: Proof, *, stamp: Stamp) -> Outcome[Preferences]:
        """Let a yes count that was confirmed. Raises CONSENT_NOT_PENDING."""
        act, record_id, seed = self.book.act(stamp), self.book.new_id("con"), self.book.new_seed()

        def decide(saved: Saved[Preferences]) -> Change:
            change = confirm(saved.state, which, proof, act=act, record_id=record_id)
            return sealed(change, chain_id=saved.customer_id, seed=seed)

        return await self.book.records.run(customer_id, stamp, decide)

    async def resend(self, customer_id: str, which: Which, *, stamp: Stamp, brand: str) -> Outcome[Preferences]:
        """Have the address asked once more, unless it was often enough today. Raises CONSENT_NOT_PENDING."""
        known = await self.book.records.recall(customer_id, stamp)
        if known is not None:
            return known
        saved, act = await self.book.get(customer_id), self.book.act(stamp)
        pending = await self._waiting(saved, which)
        may_ask = await self.limits.take(pending.key, guess_of(stamp))
        this_one = Which(confirmation_id=pending.confirmation_id)
        confirmation = await self.confirmations.find(pending.confirmation_id)
        await self.confirmations.prepare(
            pending.confirmation_id,
            saved.customer_id,
            pending.key,
            brand=confirmation.brand if confirmation else brand,
            session_id=pending.session_id,
            held_back=not may_ask,
        )
        return await self.book.records.run(
            customer_id, stamp, lambda saved: ask_again(saved.state, this_one, act=act, may_ask=may_ask)
        )

    async def to_deliver(self, customer_id: str, confirmation_id: str) -> tuple[Confirmation, Saved[Preferences]]:
        """Give what a mail says, while its code works and the yes waits. Raises CONFIRMATION_NOT_FOUND."""
        confirmation = await self.confirmations.find(confirmation_id)
        if confirmation is None or self.book.clock() >= confirmation.code_expire_time:
            raise errors.confirmation_not_found()
        saved = await self.book.get(customer_id)
        pending = waiting(saved.state, Which(confirmation_id=confirmation_id))
        if pending is None:  # the mail was asked for while two were taken for one
            saved = await self.book.get(confirmation.customer_id)
            pending = waiting(saved.state, Which(confirmation_id=confirmation_id))
        if pending is None:
            raise errors.confirmation_not_found()
        return replace(confirmation, key=pending.key), saved

    async def _waiting(self, saved: Saved[Preferences], which: Which) -> Consent:
        """Give the yes that is meant; by its record also where the same was said again since."""
        if which.record_id:
            document = await get_member(self.book.database, CONSENT_RECORDS, saved, which.record_id)
            which = Which(key=key_from_fields(document)) if document is not None else which
        pending = waiting(saved.state, which)
        if pending is None:
            raise errors.consent_not_pending()
        return pending

    async def _opt_in(self, saved: Saved[Preferences], statement: Statement, *, stamp: Stamp, brand: str) -> OptIn:
        """Make ready what a yes will wait for. Where one stands, nothing is asked, and nothing is counted."""
        name = guess_of(stamp)
        drawn = OptIn(derived_id("cnf", saved.customer_id, name), may_ask=False)
        foreseen = set_consent(saved.state, statement, act=self.book.act(stamp), record_id="con_foreseen", opt_in=drawn)
        confirmation_id = foreseen.facts["confirmation_id"]
        if foreseen.facts["state"] != str(PENDING) or not confirmation_id:
            return drawn
        may_ask = await self.limits.take(statement.key, name)
        await self.confirmations.prepare(
            confirmation_id,
            saved.customer_id,
            statement.key,
            brand=brand,
            session_id=stamp.origin.session_id,
            held_back=not may_ask,
        )
        return OptIn(drawn.confirmation_id, may_ask)

    async def _check(self, confirmation: Confirmation | None, code: str, guess: str) -> None:
        """Pay for a guess, then look at it: parallel guesses are never more than are allowed."""
        if confirmation is None or self.book.clock() >= confirmation.code_expire_time:
            raise errors.confirmation_expired()
        if guess not in confirmation.guesses and not await self.confirmations.pay(confirmation.confirmation_id, guess):
            now_there = await self.confirmations.find(confirmation.confirmation_id)
            if now_there is None or guess not in now_there.guesses:
                raise errors.confirmation_tries_used_up()
        if not hmac.compare_digest(confirmation.code.encode(), code.encode()):
            now_there = await self.confirmations.find(confirmation.confirmation_id)
            raise errors.confirmation_code_wrong(now_there.tries_left if now_there else 0)
