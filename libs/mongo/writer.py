"""Carrying out one command on one customer's record, once, however often it is sent."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Generic, TypeAlias

from libs.clock import Clock
from libs.errors import customer_erased
from libs.mongo.connection import Document
from libs.mongo.deadline import Deadline
from libs.mongo.loop import Done, Found, Plan, Step, Wait, Write, WriteLoop
from libs.mongo.reader import MAX_MERGE_HOPS, RecordReader, TooManyMerges
from libs.mongo.record_versions import RecordVersions, new_record
from libs.mongo.requests import RequestLog, facts_of
from libs.mongo.values import Decision, Event, Outcome, Saved, State
from libs.origin import Stamp

Admit: TypeAlias = Callable[[str], Awaitable[str]]
Decide: TypeAlias = Callable[[Saved[State]], Decision[State, Event]]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The customer was merged: go on with this one."""

    customer_id: str
    merge_id: str = ""
    """By which the way there leads; empty where none has sealed the record."""


class RecordWriter(Generic[State, Event]):
    """Runs commands on the records of one service."""

    def __init__(
        self,
        *,
        loop: WriteLoop,
        reader: RecordReader[State, Event],
        versions: RecordVersions[State, Event],
        clock: Clock,
        admit: Admit | None,
        on_saved: Callable[[str], None],
    ) -> None:
        self._loop = loop
        self._reader = reader
        self._versions = versions
        self._clock = clock
        self._admit = admit
        self._on_saved = on_saved

    async def run(self, customer_id: str, stamp: Stamp, decide: Decide[State, Event]) -> Outcome[State]:
        """Carry out a command on the customer who remains of `customer_id`; see `Records.run`."""
        deadline = Deadline()
        passed: dict[str, str] = {}
        for _ in range(MAX_MERGE_HOPS):
            plan = self._plan(customer_id, stamp, decide, deadline, passed)
            answer = await self._loop.run(customer_id, plan, deadline)
            if isinstance(answer, Elsewhere):
                if answer.merge_id:
                    passed[answer.merge_id] = customer_id
                customer_id = answer.customer_id
                continue
            if not answer.replayed:
                self._on_saved(customer_id)
            if not answer.saved.merged_into:
                return answer
            return replace(answer, saved=await self._reader.get(answer.saved.merged_into, deadline))
        raise TooManyMerges(customer_id)

    def _plan(
        self,
        customer_id: str,
        stamp: Stamp,
        decide: Decide[State, Event],
        deadline: Deadline,
        passed: Mapping[str, str],
    ) -> Plan[Outcome[State] | Elsewhere]:
        """`passed` has the merges by which the command was led here, and the customers from whom."""
        standing = ""

        async def plan(found: Found) -> Step[Outcome[State] | Elsewhere]:
            nonlocal standing
            record = found.document
            if record is not None and record.get("erased"):
                raise customer_erased(customer_id)
            log = RequestLog.of(record)
            known = log.find(stamp)
            if known is not None:
                # One that this very call may have written is not a replay.
                saved = self._reader.saved(record, customer_id)
                return Done(Outcome(saved=saved, facts=facts_of(known), replayed=not found.unsure))
            log.check_fresh(stamp, self._clock())
            if record is not None and (undone := _undone(record, passed)):
                # The way that led here is no more: it is for the customer who is there again, as soon as they are.
                on_their_way = {entry["merge_id"] for entry in record.get("releasing", ())}
                return Wait() if undone in on_their_way else Done(Elsewhere(passed[undone]))
            if record is not None and record["merged_into"]:
                # Deciding before the survivor has what was here would be deciding on half a customer.
                settled = await self._reader.is_settled(record, deadline)
                return Done(Elsewhere(record["merged_into"], record["merge_id"])) if settled else Wait()
            if record is None and self._admit is not None:
                # Asked once: while an insert here may still arrive, the command may not go elsewhere.
                standing = standing or await self._admit(customer_id)
                if standing != customer_id:
                    # A slower copy of this command that was let in before the merge must not insert here any more.
                    return Write(self._versions.signpost(customer_id, standing), Elsewhere(standing))
            return self._carried_out(found, customer_id, stamp, decide)

        return plan

    def _carried_out(
        self, found: Found, customer_id: str, stamp: Stamp, decide: Decide[State, Event]
    ) -> Write[Outcome[State] | Elsewhere]:
        record = found.document or new_record(customer_id)
        decision = decide(self._reader.saved(found.document, customer_id))
        version = self._versions.decided(record, decision, stamp, read_bytes=found.read_bytes)
        saved = self._reader.saved(version.document, customer_id)
        return Write(version, Outcome(saved=saved, facts=dict(decision.facts), replayed=False))


def _undone(record: Document, passed: Mapping[str, str]) -> str:
    """Name a merge by which the command was led to this record, and which was undone since; empty where none was."""
    released = (
        merge_id for merge_id in record.get("released", ()) if passed.get(merge_id, record["_id"]) != record["_id"]
    )
    return next(released, "")
