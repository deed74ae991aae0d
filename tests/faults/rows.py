"""The rows of the table of promises (`docs/promises.md`): what each is called here, and what it promises.

A test of a row notes its figures under the row's name (`tests/faults/results.py`); `make test-faults` fails where a row
has none.
"""

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Row:
    """One promise."""

    name: str
    promise: str
    figure: str


_ALL = (
    Row(
        "kills",
        "SIGKILL of each service, the database, the broker, 20 rounds each, under mixed load from several channels",
        "0 acknowledged writes lost, 0 effects twice, 0 touchpoints missing, doubled or out of order; "
        "each back in service in 5 s; all journeys complete 15 s after the last kill",
    ),
    Row("broker", "the broker loses acknowledged records, or its whole data", "0 journeys incomplete"),
    Row(
        "retries",
        "every mutating RPC at 12 fault points or more: retried with the same id",
        "exactly one effect, and the same ids and outcome",
    ),
    Row(
        "request-ids",
        "a request_id repeated after a day, after ten thousand commands, with another body, from another caller",
        "the same ids and outcome, or refused; never run again",
    ),
    Row(
        "histories",
        "20,000 operations by 16 clients on several channels with kills every 5 s, checked per customer",
        "0 violations; the checker finds 10 of 10 planted bugs",
    ),
    Row(
        "reminders",
        "reminders whose workers are killed at the three points around sending",
        "with idempotency or lookup 0 twice and 0 missed; plain SMTP by its stated rule",
    ),
    Row(
        "quiet-hours",
        "quiet hours in all time zones over two years of edges, workers' clocks 10 minutes off; opt-outs",
        "0 wrong sends; nothing accepted more than 1 s after an opt-out; consent unreadable: marketing waits",
    ),
    Row(
        "relays",
        "three relays of one service, frozen and thawed",
        "0 missing, 0 out of first order, at most 1.2 times published",
    ),
    Row(
        "poison",
        "1 % of documents and events are poison",
        "the others' lag at most 1.5 times; all parked visible and replayable",
    ),
    Row(
        "watchers",
        "200 watchers, a third of them killed, frozen, half-open or slow",
        "survivors newest within 2 s, nobody silently stale for 6 s, the dead freed in 5 s, memory flat",
    ),
    Row(
        "overload",
        "2 and 4 times as many calls as can be served",
        "goodput 85 % and 60 % of peak or more, accepted p99 at most 3 times unloaded, opt-outs shed last, recovery",
    ),
    Row(
        "dependencies",
        "a service, MongoDB or Kafka is dead or half-open for a minute",
        "at most 1.1 attempts per call, an answer that names the section in 200 ms, or the refusal within the caller's "
        "time where there is nothing to answer with; nobody waits for Kafka; recovery in 3 s",
    ),
    Row(
        "frozen",
        "one of two replicas behind one address is frozen",
        "channels go on with the other within 25 s, services within 4 s; nothing lost, nothing twice",
    ),
    Row(
        "deadlines",
        "every outbound call, query and publish",
        "carries at most the remaining deadline; work stops when it expires",
    ),
    Row(
        "restored",
        "one service's database is restored to an earlier state",
        "consumers notice the epoch, resynchronise, and drop no news",
    ),
    Row(
        "versions",
        "the last release and this one together under load, old records and events included",
        "0 errors beyond retries; `buf breaking` finds nothing",
    ),
    Row(
        "rolling",
        "a rolling restart with SIGTERM, two replicas each, under load",
        "0 errors seen through the client package, exit in 10 s",
    ),
    Row(
        "bad-input",
        "every method, every field broken in every way; 100,000 damaged requests to each service; every place of the "
        "door and the console",
        "0 UNKNOWN, 0 INTERNAL, no document changed by what was refused, the customer's next read is fine, "
        "nothing personal in answers, logs, spans or metrics, memory flat",
    ),
    Row(
        "soak",
        "8 minutes at 60 % load",
        "memory slope near 0, records under their bound, outbox age p99 under 1 s, no unexpected log line",
    ),
)

ROWS = MappingProxyType({row.name: row for row in _ALL})
"""By name, in the order of the table."""
