"""Identify: finds the customer that identifiers mean, or creates one, and links what is new.

The order of writes is what makes concurrent calls for one person end in one customer, and a crash harmless:

1. claims: one insert for each identifier that nobody holds, the strongest first. Who loses one takes back what it
   claimed and looks again, so nobody waits for anybody, and somebody always gets on;
2. the customer's record: created or changed in one conditional write, with the merges that follow from it;
3. the merges, each named on the record until it is carried out.

After a crash between 1 and 2 claims lead to a customer without a record: whoever meets them next creates it.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from libs.channel import Channel
from libs.clock import Clock
from libs.errors import CONFLICT, CUSTOMER_ERASED, OmnithreadError, Status, conflict
from libs.ids import NewId
from libs.mongo.record import Records
from libs.mongo.requests import check_not_ahead
from libs.mongo.values import Decision, Outcome, Saved
from libs.origin import Origin, Stamp
from services.profile.claims import Claim, Claims, Overtaken
from services.profile.events import Change
from services.profile.evidence import Evidence, gather_evidence
from services.profile.forgetting import Forgetting
from services.profile.linking import Introduction, introduce
from services.profile.machines import Machines
from services.profile.merges import Merges
from services.profile.model import CustomerId, Identifier, Profile
from services.profile.outcomes import IdentifyOutcome, facts_of
from services.profile.planning import Plan, plan_for
from services.profile.room import has_room
from services.profile.rules import IdentityRules
from services.profile.settling import Settling
from services.profile.store import Announced, decision_of
from services.profile.unmerges import Unmerges
from services.profile.who import Verdict, decide_who

MAX_ROUNDS = 24
FIRST_PAUSE_SECONDS = 0.005
LONGEST_PAUSE_SECONDS = 0.25

# What is refused like this was surely not written.
REFUSED = {
    Status.INVALID_ARGUMENT,
    Status.FAILED_PRECONDITION,
    Status.NOT_FOUND,
    Status.RESOURCE_EXHAUSTED,
    Status.ABORTED,
}


@dataclass(frozen=True, slots=True)
class Identification:
    """Finds out who somebody is."""

    records: Records[Profile, Announced]
    claims: Claims
    merges: Merges
    unmerges: Unmerges
    settling: Settling
    forgetting: Forgetting
    clock: Clock
    new_id: NewId
    random: random.Random
    rules: IdentityRules
    machines: Machines

    async def identify(self, told: Introduction, stamp: Stamp) -> Outcome[Profile]:
        """Give the customer whom the identifiers mean; `outcomes` reads what came of it from the facts.

        Raises IDENTIFIER_LIMIT, TRAIT_LIMIT, and what any change of a record may raise. What is refused leaves nothing.
        """
        check_not_ahead(stamp, self.clock())
        created: set[CustomerId] = set()
        apart: set[CustomerId] = set()
        for tried in range(MAX_ROUNDS):
            await self._pause(tried)
            evidence = await self._evidence(
                told.identifiers, present_id=told.customer_id, continued_id=told.continued_guest_id
            )
            verdict = self._verdict(told.identifiers, evidence)
            saved = evidence.saved(verdict.customer_id)
            try:
                # What others began and have not done comes first: afterwards there is something else to decide.
                if verdict.unborn:
                    created |= await self._settle(told.identifiers, stamp.origin, evidence, verdict)
                elif saved is not None and saved.state.incoming:
                    await self.merges.carry_out(saved)
                else:
                    outcome = await self._carry_out(self._plan(told, stamp, evidence, verdict, created))
                    await self.machines.note(told.identifiers, evidence, outcome.saved)
                    # A guest who became known before the merge was sealed is now the one to be merged into.
                    given_up = set(verdict.guests).difference(outcome.saved.lineage)
                    if given_up <= apart:
                        return outcome
                    apart |= given_up
            except Overtaken:
                continue
            except OmnithreadError as error:
                # A merge that the customer is in the middle of, or its undoing, may have been left by a crash:
                # whoever looks again finds it, and carries it on.
                if error.reason == CONFLICT:
                    await self._carry_on_undoings(evidence, stamp.origin)
                elif not await self._led_to_the_forgotten(error, evidence):
                    raise
        raise conflict()

    async def find(self, identifier: Identifier, origin: Origin) -> Saved[Profile] | None:
        """Give the customer to whom an identifier leads, now created where there was only the claim; else None."""
        for tried in range(MAX_ROUNDS):
            await self._pause(tried)
            evidence = await self._evidence([identifier])
            verdict = self._verdict([identifier], evidence)
            if verdict.customer_id is None:
                return None
            saved = evidence.saved(verdict.customer_id)
            if saved is not None:
                return saved
            try:
                await self._settle([identifier], origin, evidence, verdict)
            except Overtaken:
                continue
            except OmnithreadError as error:
                if not await self._led_to_the_forgotten(error, evidence):
                    raise
        raise conflict()

    async def _carry_on_undoings(self, evidence: Evidence, origin: Origin) -> None:
        for saved in evidence.records.values():
            try:
                await self.unmerges.carry_on(saved.customer_id, origin)
            except OmnithreadError as error:
                if error.reason != CONFLICT:
                    raise

    async def _led_to_the_forgotten(self, error: OmnithreadError, evidence: Evidence) -> bool:
        """Say whether claims led to somebody who was forgotten. They are free then: who comes now is somebody new."""
        if error.reason not in {CUSTOMER_ERASED, "CUSTOMER_NOT_FOUND"}:
            return False
        return await self.forgetting.release(list(evidence.claims.values()))

    async def _evidence(
        self,
        identifiers: Sequence[Identifier],
        *,
        present_id: CustomerId | None = None,
        continued_id: CustomerId | None = None,
    ) -> Evidence:
        return await gather_evidence(
            self.claims,
            self.records,
            identifiers,
            rules=self.rules,
            present_id=present_id,
            continued_id=continued_id,
        )

    def _verdict(
        self, identifiers: Sequence[Identifier], evidence: Evidence, *, instead: Saved[Profile] | None = None
    ) -> Verdict:
        return decide_who(
            identifiers,
            evidence.holders(instead=instead),
            rules=self.rules,
            shared=evidence.shared,
            present=evidence.present(instead=instead),
            continued=evidence.continued(instead=instead),
        )

    async def _settle(
        self, identifiers: Sequence[Identifier], origin: Origin, evidence: Evidence, verdict: Verdict
    ) -> set[CustomerId]:
        """Make one customer of claims without a record; gives whom this call created."""
        if verdict.customer_id is None:
            return set()
        created = await self.settling.settle(
            identifiers, evidence, customer_id=verdict.customer_id, others=verdict.unborn, origin=origin
        )
        return {verdict.customer_id} if created else set()

    def _plan(
        self, told: Introduction, stamp: Stamp, evidence: Evidence, verdict: Verdict, created: set[CustomerId]
    ) -> Plan:
        return plan_for(told, stamp, evidence, verdict, created=created, new_id=self.new_id, clock=self.clock)

    async def _carry_out(self, plan: Plan) -> Outcome[Profile]:
        if plan.verdict.customer_id is None and (known := await self._recalled(plan)) is not None:
            return known
        present = await self._present(plan)
        try:
            change = self._introduced(present.state if present else Profile(plan.customer_id), plan)
        except OmnithreadError:
            # What is refused now may have been carried out before.
            if (known := await self.records.recall(plan.entrance, plan.stamp)) is not None:
                return known
            if present is not None and await self._released_what_can_never_be_linked(present, plan):
                raise Overtaken from None
            raise
        nothing_new = not plan.unclaimed and not plan.created_before
        if nothing_new and present is not None and change.profile == present.state:
            if (known := await self.records.recall(plan.entrance, plan.stamp)) is not None:
                return known
            return Outcome(saved=present, facts=self._facts(IdentifyOutcome.FOUND, plan), replayed=False)
        token = self.new_id("tok")
        try:
            await self._claim(plan, token)
            outcome, dropped_keys = await self._write(plan)
        except (Overtaken, OmnithreadError) as error:
            if isinstance(error, Overtaken) or error.status in REFUSED:
                await self.claims.withdraw([one.key for one in plan.unclaimed], token=token)
            raise
        saved = await self.merges.carry_out(outcome.saved)
        await self.claims.drop(dropped_keys, customer_ids=saved.lineage)
        return replace(outcome, saved=saved)

    async def _recalled(self, plan: Plan) -> Outcome[Profile] | None:
        """Find a request that was carried out while a device still led somewhere that leads nowhere any more."""
        for key in sorted(plan.evidence.shared):
            known = await self.records.recall(plan.evidence.claims[key].led_to, plan.stamp)
            if known is not None:
                return known
        return None

    async def _released_what_can_never_be_linked(self, present: Saved[Profile], plan: Plan) -> bool:
        """Free identifiers that a crashed call claimed for a customer who by now has as many of the kind as allowed."""
        stuck = [
            claim
            for claim in plan.evidence.unconfirmed(plan.verdict.linked, plan.customer_id)
            if not has_room(
                present.state.identifiers,
                next(one for one in plan.verdict.linked if one.key == claim.key),
                rules=self.rules,
            )
        ]
        await self.claims.release(stuck)
        return bool(stuck)

    async def _present(self, plan: Plan) -> Saved[Profile] | None:
        present = plan.evidence.saved(plan.customer_id)
        if present is not None or plan.customer_id_is_fresh:
            return present
        present = await self.records.get(plan.customer_id)
        return present if present.exists else None

    async def _claim(self, plan: Plan, token: str) -> None:
        await self.claims.confirm(plan.evidence.unconfirmed(plan.verdict.linked, plan.customer_id))
        await self.claims.make(
            [
                Claim(
                    key=one.key,
                    # Under the id of the side it came from: an undoing of the merge then has nothing to move.
                    customer_id=plan.entrance,
                    claim_time=self.clock(),
                    channel=_channel(plan.stamp),
                    token=token,
                )
                for one in plan.unclaimed
            ]
        )

    async def _write(self, plan: Plan) -> tuple[Outcome[Profile], tuple[str, ...]]:
        dropped_keys: tuple[str, ...] = ()

        def decide(saved: Saved[Profile]) -> Decision[Profile, Announced]:
            nonlocal dropped_keys
            verdict = self._verdict(plan.told.identifiers, plan.evidence, instead=saved)
            if saved.customer_id != plan.customer_id or verdict != plan.verdict:
                raise Overtaken
            if saved.exists and not plan.evidence.still_leads_to(saved):
                raise Overtaken
            change = self._introduced(saved.state, plan)
            dropped_keys = change.dropped_keys
            if plan.created_before or not saved.exists:
                kind = IdentifyOutcome.CREATED
            else:
                kind = IdentifyOutcome.FOUND if change.profile == saved.state else IdentifyOutcome.LINKED
            return decision_of(change, occur_time=plan.stamp.issue_time, facts=self._facts(kind, plan))

        outcome = await self.records.run(plan.entrance, plan.stamp, decide)
        return outcome, () if outcome.replayed else dropped_keys

    def _introduced(self, profile: Profile, plan: Plan) -> Change:
        return introduce(profile, plan.introduction, now=self.clock(), channel=_channel(plan.stamp), rules=self.rules)

    def _facts(self, kind: IdentifyOutcome, plan: Plan) -> dict[str, str]:
        return facts_of(kind, plan.verdict, plan.told.identifiers, entrance=plan.entrance)

    async def _pause(self, tried: int) -> None:
        if tried:
            longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**tried)
            await asyncio.sleep(self.random.uniform(0, longest))


def _channel(stamp: Stamp) -> Channel:
    return Channel(id=stamp.origin.channel_id, kind=stamp.origin.channel_kind)
