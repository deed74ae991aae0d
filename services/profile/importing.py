"""Coordinates imports of customers: each row is an Identify whose traits are history; a dry run only foresees it."""

from dataclasses import dataclass

from libs.channel import Channel
from libs.mongo.values import Outcome
from libs.origin import Stamp
from services.profile.errors import identifier_erased
from services.profile.evidence import gather_evidence
from services.profile.import_rows import Done
from services.profile.linking import Introduction, introduce
from services.profile.model import CustomerId, Profile
from services.profile.operations import Profiles
from services.profile.outcomes import IdentifyOutcome, outcome_of
from services.profile.planning import plan_for
from services.profile.who import decide_who


@dataclass(frozen=True, slots=True)
class CustomerImports:
    """What can be done with a row."""

    profiles: Profiles

    async def carry_out(self, told: Introduction, stamp: Stamp) -> Done:
        """Find, create, link or merge as Identify does. The same again changes nothing.

        Raises IDENTIFIER_ERASED for somebody who asked to be forgotten, and what `Identification.identify` raises.
        """
        await self._check_not_erased(told)
        outcome: Outcome[Profile] = await self.profiles.identify(told, stamp)
        return Done(outcome_of(outcome), CustomerId(outcome.saved.customer_id))

    async def foresee(self, told: Introduction, stamp: Stamp) -> Done:
        """Say what would come of a row as things are now, without the rows before it. Reads only; raises the same."""
        await self._check_not_erased(told)
        identification, rules, clock = self.profiles.identification, self.profiles.rules, self.profiles.clock
        evidence = await gather_evidence(
            identification.claims, identification.records, told.identifiers, rules=rules, present_id=None
        )
        verdict = decide_who(
            told.identifiers, evidence.holders(), rules=rules, shared=evidence.shared, present=evidence.present()
        )
        plan = plan_for(told, stamp, evidence, verdict, created=set(), new_id=identification.new_id, clock=clock)
        saved = evidence.saved(verdict.customer_id)
        known = await identification.records.recall(plan.entrance, stamp)
        if known is not None:
            return Done(outcome_of(known), CustomerId(known.saved.customer_id))
        before = saved.state if saved else Profile(plan.customer_id)
        channel = Channel(id=stamp.origin.channel_id, kind=stamp.origin.channel_kind)
        after = introduce(before, plan.introduction, now=clock(), channel=channel, rules=rules).profile
        if saved is None:
            return Done(IdentifyOutcome.CREATED, None)
        if verdict.guests:
            return Done(IdentifyOutcome.MERGED, plan.customer_id)
        return Done(IdentifyOutcome.FOUND if after == before else IdentifyOutcome.LINKED, plan.customer_id)

    async def _check_not_erased(self, told: Introduction) -> None:
        if await self.profiles.forgetting.erased.find(one.key for one in told.identifiers):
            raise identifier_erased()
