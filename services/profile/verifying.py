"""Proves by a one-time code that an address is somebody's: asks messaging for a mail, takes the code, and identifies.

A code is made before the event that asks for its delivery, so whoever hears of it finds it. Everything about it is
named by the request: a copy of a request after a crash goes on where the first one stopped.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime

import structlog

from libs.clock import Clock
from libs.errors import OmnithreadError, Status
from libs.mongo.record import Records
from libs.mongo.requests import check_not_ahead
from libs.mongo.values import Decision, Outcome, Saved
from libs.one_time_codes import NewCode, guess_of
from libs.origin import Stamp
from services.profile import errors
from services.profile.code_limits import CodeLimits, Counted, of_address, of_customer
from services.profile.events import Change, VerificationRequested
from services.profile.identify import REFUSED, Identification
from services.profile.linking import Introduction
from services.profile.living import checked, living
from services.profile.model import CustomerId, Identifier, IdentifierKind, Profile
from services.profile.rules import IdentityRules
from services.profile.store import Announced, decision_of
from services.profile.verification import (
    CODE_LIFETIME,
    VERIFIABLE,
    Verification,
    verification_id_of,
)
from services.profile.verifications import Verifications

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Started:
    """What is answered to whoever asked for a code: the same, whoever holds the address."""

    verification_id: str
    expire_time: datetime
    replayed: bool


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of the right code."""

    outcome: Outcome[Profile]
    identifiers: tuple[Identifier, ...]
    """What was proven; empty where it is long ago."""


@dataclass(frozen=True, slots=True)
class Verifying:
    """What can be done with codes."""

    records: Records[Profile, Announced]
    verifications: Verifications
    limits: CodeLimits
    identification: Identification
    rules: IdentityRules
    clock: Clock
    new_code: NewCode
    verifiable: frozenset[IdentifierKind] = VERIFIABLE

    async def start(self, customer_id: str, identifier: Identifier, *, language: str, stamp: Stamp) -> Started:
        """Send a code to an address.

        Raises CUSTOMER_NOT_FOUND, VERIFICATION_NOT_POSSIBLE, VERIFICATION_LIMIT. What is refused leaves nothing.
        """
        check_not_ahead(stamp, self.clock())
        if identifier.kind not in self.verifiable or self.rules.blocks(identifier):
            raise errors.verification_not_possible(identifier.kind)
        known = await self.records.recall(customer_id, stamp)
        if known is not None:
            return _started(known)
        saved = await living(self.records, customer_id)
        now = self.clock()
        verification = Verification(
            verification_id=verification_id_of(stamp),
            customer_id=CustomerId(saved.customer_id),
            identifier=identifier,
            code=self.new_code(),
            language=language,
            create_time=now,
            expire_time=now + CODE_LIFETIME,
        )
        await self._count(verification)
        try:
            remembered = await self.verifications.add(verification)
            return _started(await self._request(customer_id, remembered, stamp))
        except OmnithreadError as error:
            if error.status in REFUSED:
                await self._uncount(verification)
                await self.verifications.remove(verification.verification_id)
            raise

    async def verify(self, customer_id: str, verification_id: str, code: str, *, stamp: Stamp) -> Verified:
        """Take a code. With the right one the address counts as proven by this customer, as in Identify.

        Raises CUSTOMER_NOT_FOUND, VERIFICATION_NOT_FOUND, VERIFICATION_EXPIRED, CODE_WRONG,
        VERIFICATION_TRIES_USED_UP, and what Identify raises.
        """
        check_not_ahead(stamp, self.clock())
        verification = await self.verifications.find(verification_id)
        if verification is None:
            known = await self.records.recall(customer_id, stamp)
            if known is None:
                await living(self.records, customer_id)
                raise errors.verification_not_found()
            return Verified(outcome=known, identifiers=())
        await self._check_whose(verification, customer_id)
        guess = guess_of(stamp)
        if verification.used_by != guess:
            await self._check(verification, code, guess)
            if not await self.verifications.use(verification_id, guess):
                raise errors.verification_expired()
        proven = (verification.identifier,)
        told = Introduction(identifiers=proven, customer_id=CustomerId(customer_id))
        try:
            outcome = await self.identification.identify(told, stamp)
        except OmnithreadError as error:
            if error.status in REFUSED:
                await self.verifications.give_back(verification_id, guess)
            raise
        await self._forget_code(verification_id)
        return Verified(outcome=outcome, identifiers=proven)

    async def to_deliver(self, customer_id: str, verification_id: str) -> Verification:
        """Give a code that still works to whoever delivers it. Raises VERIFICATION_NOT_FOUND."""
        verification = await self.verifications.find(verification_id)
        if verification is None or not verification.works(self.clock()):
            raise errors.verification_not_found()
        await self._check_whose(verification, customer_id)
        return verification

    async def _check_whose(self, verification: Verification, customer_id: str) -> None:
        """Refuse a verification that another customer started; one who was merged is who they became."""
        mine = await living(self.records, customer_id)
        if verification.customer_id in mine.lineage:
            return
        raise errors.verification_not_found()

    async def _check(self, verification: Verification, code: str, guess: str) -> None:
        """Pay for a guess, then look at it: parallel guesses are never more than are allowed."""
        verification_id = verification.verification_id
        if not verification.works(self.clock()):
            raise errors.verification_expired()
        if guess not in verification.guesses and not await self.verifications.pay(verification_id, guess):
            now_there = await self.verifications.find(verification_id)
            if now_there is None or not now_there.works(self.clock()):
                raise errors.verification_expired()
            if guess not in now_there.guesses:
                raise errors.verification_tries_used_up()
        if not hmac.compare_digest(verification.code.encode(), code.encode()):
            now_there = await self.verifications.find(verification_id)
            raise errors.code_wrong(now_there.tries_left if now_there else 0)

    async def _request(self, customer_id: str, verification: Verification, stamp: Stamp) -> Outcome[Profile]:
        def decide(saved: Saved[Profile]) -> Decision[Profile, Announced]:
            checked(saved, customer_id)
            requested = VerificationRequested(verification.verification_id, verification.identifier.kind)
            return decision_of(
                Change(profile=saved.state, events=(requested,)),
                occur_time=stamp.issue_time,
                facts={
                    "verification_id": verification.verification_id,
                    "expire_time": verification.expire_time.isoformat(),
                },
            )

        return await self.records.run(customer_id, stamp, decide)

    async def _count(self, verification: Verification) -> None:
        taken: list[Counted] = []
        try:
            for counted in _counted(verification):
                await self.limits.take(counted, verification.verification_id)
                taken.append(counted)
        except OmnithreadError as error:
            if error.status is Status.RESOURCE_EXHAUSTED:
                for counted in taken:
                    await self.limits.give_back(counted, verification.verification_id)
            raise

    async def _uncount(self, verification: Verification) -> None:
        for counted in _counted(verification):
            await self.limits.give_back(counted, verification.verification_id)

    async def _forget_code(self, verification_id: str) -> None:
        try:
            await self.verifications.forget_code(verification_id)
        except OmnithreadError as error:  # it was used, works no more, and vanishes by itself
            log.warning("code_not_forgotten", reason=error.reason)


def _counted(verification: Verification) -> tuple[Counted, Counted]:
    return of_address(verification.identifier), of_customer(verification.customer_id)


def _started(outcome: Outcome[Profile]) -> Started:
    return Started(
        verification_id=outcome.facts["verification_id"],
        expire_time=datetime.fromisoformat(outcome.facts["expire_time"]),
        replayed=outcome.replayed,
    )
