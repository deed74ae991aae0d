"""The next version of a customer's record, with its events. Pure but for the time and the ids that it is given."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Generic

from libs.clock import Clock
from libs.ids import NewId
from libs.mongo.connection import Document
from libs.mongo.merge_reports import report_member
from libs.mongo.next_version import MAX_MERGED_BYTES, Change, NextVersion, next_version
from libs.mongo.outbox import member_entry, outbox_entry
from libs.mongo.requests import RequestLog, milliseconds, request_entry
from libs.mongo.shapes import RESERVED_FIELDS, ReleasingEntry
from libs.mongo.values import Decision, Event, Member, RecordShape, State
from libs.origin import Origin, Stamp

MAX_REPORT_BYTES = 2 * 1024 * 1024
"""What a merge's report, or a share on its way back, may add for some moments to a record that cannot refuse it."""
_UNSEALED: Document = {"merged_into": "", "merge_id": "", "absorption_done": False}


def new_record(customer_id: str) -> Document:
    """Give the record of a customer for whom nothing was written yet: version 0."""
    return {
        "_id": customer_id,
        "version": 0,
        "seq": 0,
        "outbox": [],
        "requests": [],
        "floors": [],
        "lineage": [],
        "absorbed": [],
        "merged_into": "",
        "merge_id": "",
        "absorption_done": False,
        "releasing": [],
        "released": [],
    }


class RecordVersions(Generic[State, Event]):
    """Makes new versions of one service's records. Raises OUTBOX_FULL and RECORD_TOO_LARGE."""

    def __init__(self, *, shape: RecordShape[State, Event], clock: Clock, new_id: NewId, epoch: str) -> None:
        self._shape = shape
        self._clock = clock
        self._new_id = new_id
        self._epoch = epoch

    def decided(
        self, record: Document, decision: Decision[State, Event], stamp: Stamp, *, read_bytes: int = 0
    ) -> NextVersion:
        """Take a decision, and remember the request with its facts; `read_bytes` as in `Change`."""
        request = request_entry(stamp, version=record["version"] + 1, facts=decision.facts)
        state, events = self._with_consequences(decision.state, decision.events)
        change = Change(fields=self._fields(state), request=request, read_bytes=read_bytes)
        return self._announcing(events, record, change, stamp.origin)

    def merged(
        self,
        record: Document,
        decision: Decision[State, Event],
        origin: Origin,
        *,
        lineage: Sequence[str],
        absorbed: Sequence[str],
        merge_id: str,
        source_customer_id: str,
    ) -> NextVersion:
        """Take what a sealed record brings; `lineage` and `absorbed` are added to the record's own.

        What was done, and what the record was before, travels with the last event as the merge's report.
        """
        before = self._shape.empty(record["_id"]) if not record["version"] else self._shape.from_document(record)
        report = report_member(
            merge_id=merge_id,
            source_customer_id=source_customer_id,
            things=decision.merged,
            policy=decision.policy,
            before=self._fields(before),
            now=milliseconds(self._clock()),
        )
        appended = {"lineage": lineage, "absorbed": absorbed}
        state, events = self._with_consequences(decision.state, decision.events)
        change = Change(fields=self._fields(state), appended=appended, most_bytes=MAX_MERGED_BYTES + MAX_REPORT_BYTES)
        return self._announcing(events, record, change, origin, report=report)

    def parted(
        self,
        record: Document,
        state: State,
        events: Sequence[Event],
        origin: Origin,
        *,
        lineage: Sequence[str],
        share: ReleasingEntry,
    ) -> NextVersion:
        """Give up what a merge had brought: the source's share is on its way from here."""
        merge_id = share["merge_id"]
        appended: dict[str, Sequence[Any]] = {"releasing": [share], "released": [merge_id]}
        if merge_id not in record["absorbed"]:
            appended["absorbed"] = [merge_id]  # whoever is still about to absorb it finds it done
        state, events = self._with_consequences(state, events)
        fields = {**self._fields(state), "lineage": list(lineage)}
        change = Change(fields=fields, appended=appended, most_bytes=MAX_MERGED_BYTES + MAX_REPORT_BYTES)
        return self._announcing(events, record, change, origin)

    def reopened(
        self, record: Document, event: Event, origin: Origin, *, share: ReleasingEntry, log: RequestLog
    ) -> NextVersion:
        """Open a sealed record again, with its share, and with what `log` remembers of requests."""
        shared = self._shape.from_document({**record, **share["fields"]})
        state, events = self._with_consequences(shared, (event,))
        fields = {**self._fields(state), **_UNSEALED, "requests": list(log.requests), "floors": list(log.floors)}
        appended = {"released": [share["merge_id"]]}
        change = Change(fields=fields, appended=appended, most_bytes=MAX_MERGED_BYTES)
        return self._announcing(events, record, change, origin)

    def never_to_be_absorbed(self, record: Document, merge_id: str, *, log: RequestLog) -> NextVersion:
        """Note a merge that was undone before it came here; a signpost that it left no longer points anywhere."""
        fields: Document = {"requests": list(log.requests), "floors": list(log.floors)}
        if not record["merge_id"]:
            fields["merged_into"] = ""
        if record["version"] == 0:
            fields |= self._fields(self._shape.empty(record["_id"]))
        change = Change(fields=fields, appended={"released": [merge_id]}, most_bytes=MAX_MERGED_BYTES)
        return next_version(record, change, now=self._clock())

    def share(self, merge_id: str, source_customer_id: str, state: State) -> ReleasingEntry:
        """Give what is to be the source's."""
        return ReleasingEntry(merge_id=merge_id, source_id=source_customer_id, fields=self._fields(state))

    def sealed(self, record: Document, seal: Event, origin: Origin, *, merge_id: str, survivor_id: str) -> NextVersion:
        """Close a record in favour of the survivor, or of the one that it points to already."""
        fields: Document = {"merged_into": record["merged_into"] or survivor_id, "merge_id": merge_id}
        if record["version"] == 0:
            fields |= self._fields(self._shape.empty(record["_id"]))
        return self._announcing((seal,), record, Change(fields=fields, closing=True), origin)

    def erased(self, record: Document, event: Event, origin: Origin, *, erasure_id: str) -> NextVersion:
        """Leave only a tombstone of a record: what names it, its numbers, and the empty state.

        What is not known here is taken away too. Of the outbox only the events stay (`libs.mongo.tombstones`).
        """
        empty = self._fields(self._shape.empty(record["_id"]))
        fields: Document = {**empty, "requests": [], "floors": [], "erased": erasure_id}
        version = self._announcing((event,), record, Change(fields=fields, closing=True), origin)
        unknown = sorted(record.keys() - RESERVED_FIELDS - empty.keys())
        document = {name: value for name, value in version.document.items() if name not in unknown}
        update = version.update | ({"$unset": dict.fromkeys(unknown, "")} if unknown else {})
        return replace(version, update=update, document=document)

    def signpost(self, customer_id: str, survivor_id: str) -> NextVersion:
        """Point from a merged customer, for whom nothing was written here, to the survivor."""
        fields = {**self._fields(self._shape.empty(customer_id)), "merged_into": survivor_id}
        return next_version(new_record(customer_id), Change(fields=fields), now=self._clock())

    def _announcing(
        self,
        events: Sequence[Event],
        record: Document,
        change: Change,
        origin: Origin,
        *,
        report: Member | None = None,
    ) -> NextVersion:
        now = milliseconds(self._clock())
        entries = [
            outbox_entry(
                event,
                shape=self._shape,
                customer_id=record["_id"],
                seq=seq,
                version=record["version"] + 1,
                epoch=self._epoch,
                event_id=self._new_id("evt"),
                now=now,
                origin=origin,
            )
            for seq, event in enumerate(events, start=record["seq"] + 1)
        ]
        if report is not None and entries:  # a merge that nobody hears of changed nothing
            entries[-1]["members"].append(member_entry(report, record["_id"]))
        fields = {**change.fields, "seq": record["seq"] + len(entries)}
        return next_version(record, replace(change, fields=fields, outbox=entries), now=now)

    def _with_consequences(self, state: State, events: Sequence[Event]) -> tuple[State, Sequence[Event]]:
        if self._shape.consequences is None:
            return state, events
        state, more = self._shape.consequences(state, milliseconds(self._clock()))
        return state, (*events, *more)

    def _fields(self, state: State) -> Document:
        fields = self._shape.to_fields(state)
        if not RESERVED_FIELDS.isdisjoint(fields):
            raise ValueError(f"a record's own fields: {sorted(RESERVED_FIELDS.intersection(fields))}")
        return fields
