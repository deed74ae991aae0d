"""Looks of brands, remembered for a while: a page never waits long for its colours, nor fails for want of them."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from services.door.pages.looks import BRAND_ID, Look

KEPT_SECONDS = 60.0
KEPT_AWAY_SECONDS = 5.0
MOST_BRANDS = 200
PLAIN = "plain"


class BrandsAway(Exception):
    """Nobody answers now who knows brands."""


FindLook = Callable[[str], Awaitable[Look | None]]
"""Asks for one brand, of an empty id for the default one; None where there is none of this id. Raises BrandsAway."""


@dataclass(frozen=True, slots=True)
class _Kept:
    look: Look
    until: float


class Brands:
    """Gives looks; what was found is used for a minute, and on while nobody answers."""

    def __init__(self, *, find: FindLook, now: Callable[[], float]) -> None:
        """Ask `find`; `now` gives seconds on a clock that does not turn back."""
        self._find = find
        self._now = now
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    async def look(self, brand_id: str) -> Look:
        """Give the look of a brand; a plain one where there is none, or nobody knows now."""
        kept, now = self._kept.get(brand_id), self._now()
        if kept is not None and now < kept.until:
            return kept.look
        if brand_id and not BRAND_ID.fullmatch(brand_id):
            return Look(PLAIN)
        try:
            look, seconds = await self._find(brand_id) or Look(brand_id or PLAIN), KEPT_SECONDS
        except BrandsAway:
            look, seconds = kept.look if kept else Look(brand_id or PLAIN), KEPT_AWAY_SECONDS
        except Exception:  # noqa: BLE001  whatever it was, the page of an error must not fail for want of colours
            structlog.get_logger(__name__).exception("brand_not_asked_for")
            look, seconds = kept.look if kept else Look(brand_id or PLAIN), KEPT_AWAY_SECONDS
        self._kept[brand_id] = _Kept(look, now + seconds)
        self._kept.move_to_end(brand_id)
        if len(self._kept) > MOST_BRANDS:
            self._kept.popitem(last=False)
        return look
