"""Who is let in when there is more to do than can be done: the less important is turned away first, and cheaply.

Each call holds a slot while it is answered; there are as many as `limit.py` finds right. Bulk work may fill some of
them, everyday calls most, and what must not fail (checkouts, opt-outs, erasures) all; none is for bulk work while an
everyday call found no slot a moment ago. Who finds no slot waits a moment, the most important first: a burst is taken
in that way. While the overload lasts nobody waits but what must not fail:
a queue that is never empty only makes everybody slower. Whoever is turned away is told when to come again, before
their token is checked or their message read.
While three quarters are taken no channel gets more than half of the slots, if others have called lately; what must not
fail is exempt. However many urgent calls there are, a tenth is left to everyday ones while some come.
Who has waited for another service for a while holds no slot while our own loop is on time: it costs us nothing.
"""

import asyncio
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from statistics import median
from types import MappingProxyType

from libs.errors import OmnithreadError, overloaded
from libs.rpc.importance import Importance
from libs.rpc.limit import Limit
from libs.rpc.slots import Slot

SHARES: Mapping[Importance, float] = MappingProxyType(
    {Importance.BULK: 0.5, Importance.NORMAL: 0.85, Importance.URGENT: 1.0}
)
"""Which share of the slots calls of each importance may fill."""
WAITED_FOR = (Importance.NORMAL, Importance.URGENT)
RESERVED = 0.1
"""Which share is left to everyday calls by those that must not fail, one slot at least ..."""
WANTED_SECONDS = 1.0
"""... for so long after an everyday call came."""
CHANNEL_SHARE = 0.5
"""Which share of the slots one channel may hold while most are taken."""
MOST_TAKEN = 0.75
OTHERS_SECONDS = 10.0
"""For so long others want some after they called: a flood that has all slots must not make them be nobody."""
WAIT_SECONDS = 0.5
MOST_WAITING = 500
"""Of one importance and those above it."""
LASTING_SECONDS = 0.5
"""An overload lasts once somebody has been waiting or turned away for so long ..."""
CALM_SECONDS = 0.2
"""... without such a pause between."""
BEAT_SECONDS = 0.05
LATE_BEATS = 5
"""Half of so many beats have to be late for the loop to be so."""
AWAY_SECONDS = 0.3
"""Who has waited so long for another service is away: far more than a service takes to answer that is well."""
MOST_AWAY = 1000
LOOK_SECONDS = 0.1
MOST_LOOKS = 20
"""So often what nobody waits for looks for room, and then goes on without."""
RETRY_SECONDS = 0.5
LASTING_RETRY_SECONDS = 2.0


async def _look_until(holds: Callable[[], bool]) -> None:
    for _ in range(MOST_LOOKS):
        if holds():
            return
        await asyncio.sleep(LOOK_SECONDS)


def _nobody_counts(_importance: str) -> None:
    pass


PACE: ContextVar[Callable[[], Awaitable[None]] | None] = ContextVar("omnithread_pace", default=None)
"""What a stream of bulk work waits for before each piece of it."""


class Admission:
    """The entrance of one process."""

    def __init__(
        self,
        *,
        limit: Limit,
        on_shed: Callable[[str], None] = _nobody_counts,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`on_shed` is told the importance of each call that is turned away."""
        self._limit = limit
        self._on_shed = on_shed
        self._now = now
        self._slots: set[Slot] = set()
        self._busy: Counter[Importance] = Counter()
        """Places that are taken, but for those who are away."""
        self._away = 0
        self._late: deque[float] = deque(maxlen=LATE_BEATS)
        self._wanted = float("-inf")
        """When an everyday call came last."""
        self._by_channel: Counter[str] = Counter()
        self._seen: OrderedDict[str, float] = OrderedDict()
        """When each channel called last, the newest at the end: of registered ones only."""
        self._waiting: dict[Importance, deque[asyncio.Future[None]]] = {
            importance: deque() for importance in sorted(Importance, reverse=True)
        }
        self._strains = {importance: Strain() for importance in Importance}

    @property
    def in_flight(self) -> int:
        """How many calls are answered now, those that wait for another service among them."""
        return self._busy.total() + self._away

    @property
    def limit(self) -> float:
        """How many may be."""
        return self._limit.value

    async def watch_loop(self) -> None:
        """Measure how late the event loop wakes up, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            asked = loop.time() + BEAT_SECONDS
            await asyncio.sleep(BEAT_SECONDS)
            self.beat(max(0.0, loop.time() - asked))

    def beat(self, late_seconds: float) -> None:
        """Take in how late the event loop woke up, and look who waits for another service."""
        self._limit.note_late(late_seconds)
        self._late.append(late_seconds)
        # Where we are late ourselves, the answer may have come, and nobody has had the time to look.
        is_late = median(self._late) > self._limit.bounds.late_seconds
        for slot in self._slots:
            waits = not is_late and slot.waits_seconds() >= AWAY_SECONDS
            if waits and not slot.is_away and self._away < MOST_AWAY:
                slot.is_away = True
                self._away += 1
                self._count(slot, -1)
            elif slot.is_away and not waits:
                self._come_back(slot)
        self._call_next()

    async def give_way(self) -> None:
        """Wait until there is room for bulk work, for two seconds at most: so that what runs for long gives way too."""
        await _look_until(lambda: self._is_free(Importance.BULK))

    async def calm(self) -> None:
        """Wait while calls find no slot, for two seconds at most: for what nobody waits for.

        Unlike bulk work it waits for no slot of its own, and loses nothing while there is no overload.
        """
        await _look_until(lambda: not any(self._strains[one].is_on(self._now()) for one in WAITED_FOR))

    def is_closed(self, importance: Importance) -> bool:
        """Say whether a call that comes now is turned away in any case: asked before it is read."""
        self._note_wanted(importance)
        return not self._is_free(importance) and self._lasts(importance)

    def turn_away(self, importance: Importance) -> OmnithreadError:
        """Count a call that is turned away, and give what it is told (OVERLOADED)."""
        return overloaded(retry_seconds=self.count_turned_away(importance))

    def count_turned_away(self, importance: Importance) -> float:
        """Count a call that is turned away, and give after how many seconds it may come again."""
        self._on_shed(importance.name)
        return LASTING_RETRY_SECONDS if self._strains[importance].lasts else RETRY_SECONDS

    async def enter(self, method: str, importance: Importance, *, remaining_seconds: float | None = None) -> Slot:
        """Take a slot, after a wait where there is none, of half of the caller's time at most. Raises OVERLOADED."""
        self._note_wanted(importance)
        if self._is_free(importance):
            self._busy[importance] += 1
        else:
            await self._wait(importance, remaining_seconds)
        slot = Slot(
            method=method,
            importance=importance,
            began=self._now(),
            beside=self._busy.total(),
            now=self._now,
            came_back=self._come_back,
        )
        self._slots.add(slot)
        return slot

    def claim(self, slot: Slot, channel_id: str) -> OmnithreadError | None:
        """Say whose call it is; OVERLOADED where that channel crowds out the others. What must not fail never does."""
        self._seen[channel_id] = self._now()
        self._seen.move_to_end(channel_id)
        limit = self._limit.value
        crowds = self._by_channel[channel_id] >= limit * CHANNEL_SHARE and self._busy.total() > limit * MOST_TAKEN
        if crowds and slot.importance is not Importance.URGENT and self._others_came(channel_id):
            return self.turn_away(slot.importance)
        slot.channel_id = channel_id
        if not slot.is_away:
            self._by_channel[channel_id] += 1
        return None

    def leave(self, slot: Slot, *, counts: bool) -> None:
        """Give the slot back; `counts` says whether the time that it took is that of a call carried out."""
        self._slots.discard(slot)
        if slot.is_away:
            slot.is_away = False  # work that it has left behind may still wait
            self._away -= 1
        else:
            self._count(slot, -1)
        if counts:
            self._limit.note(slot.method, slot.own_seconds(), in_flight=slot.beside, now=self._now())
        self._call_next()

    def _others_came(self, channel_id: str) -> bool:
        newest = next((at for other, at in reversed(self._seen.items()) if other != channel_id), None)
        return newest is not None and self._now() - newest < OTHERS_SECONDS

    def _count(self, slot: Slot, by: int) -> None:
        self._busy[slot.importance] += by
        if slot.channel_id:
            self._by_channel[slot.channel_id] += by
            if not self._by_channel[slot.channel_id]:
                del self._by_channel[slot.channel_id]

    def _come_back(self, slot: Slot) -> None:
        slot.is_away = False
        self._away -= 1
        self._count(slot, 1)

    def _note_wanted(self, importance: Importance) -> None:
        if importance is Importance.NORMAL:
            self._wanted = self._now()

    def _is_free(self, importance: Importance) -> bool:
        if importance is Importance.BULK and self._strains[Importance.NORMAL].is_on(self._now()):
            return False
        share, limit, everyday = SHARES[importance], self._limit.value, self._busy[Importance.NORMAL]
        reserved, kept = max(1.0, limit * RESERVED), 0.0
        if importance is Importance.NORMAL and everyday < reserved:
            share = 1.0
        elif importance is Importance.URGENT and self._now() - self._wanted < WANTED_SECONDS:
            kept = max(0.0, reserved - everyday)
        return self._busy.total() + kept < max(1.0, limit * share)

    def _lasts(self, importance: Importance) -> bool:
        lasts = self._strains[importance].note(self._now())
        return lasts and importance is not Importance.URGENT

    async def _wait(self, importance: Importance, remaining_seconds: float | None) -> None:
        if self._lasts(importance) or self._waiting_before(importance) >= MOST_WAITING:
            raise self.turn_away(importance)
        seconds = WAIT_SECONDS if remaining_seconds is None else min(WAIT_SECONDS, remaining_seconds / 2)
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue = self._waiting[importance]
        queue.append(called)
        try:
            async with asyncio.timeout(seconds):
                await called
        except TimeoutError:
            if not called.done() or called.cancelled():  # else it was called in the last moment, and goes in
                self._strains[importance].goes_on(self._now())
                raise self.turn_away(importance) from None
        except BaseException:
            if called.done() and not called.cancelled():  # it was called, and is gone: the next one has its turn
                self._busy[importance] -= 1
                self._call_next()
            raise
        finally:
            if called in queue:
                queue.remove(called)

    def _waiting_before(self, importance: Importance) -> int:
        return sum(len(queue) for other, queue in self._waiting.items() if other >= importance)

    def _call_next(self) -> None:
        for importance, queue in self._waiting.items():
            while queue and self._is_free(importance):
                called = queue.popleft()
                if not called.done():
                    self._busy[importance] += 1  # the place is taken at once: nobody else slips in before
                    called.set_result(None)


@dataclass(slots=True)
class Strain:
    """Since when calls of one importance find no slot."""

    since: float = 0.0
    last: float = float("-inf")

    @property
    def lasts(self) -> bool:
        """Whether that has been so for long."""
        return self.last - self.since > LASTING_SECONDS

    def is_on(self, now: float) -> bool:
        """Say whether one found none a moment ago."""
        return now - self.last <= CALM_SECONDS

    def note(self, now: float) -> bool:
        """Note that a call finds none now; say whether that has been so for long."""
        if not self.is_on(now):
            self.since = now
        self.last = now
        return self.lasts

    def goes_on(self, now: float) -> None:
        """Note that one who has found none has waited for it in vain until now."""
        self.last = max(self.last, now)
