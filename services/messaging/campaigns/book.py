"""What this replica knows of the campaigns that are under way: a second old at most.

Every document's version only grows, so the sum of all versions, the edition, stands for one state of all of them.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from libs.mongo.connection import Database
from libs.mongo.deadline import reading
from libs.mongo.documents import Documents
from services.messaging.campaigns.convert import definition_from_proto
from services.messaging.campaigns.definition import ActiveCampaign, CampaignState, Definition
from services.messaging.campaigns.documents import CAMPAIGN_VERSIONS, Campaign, text_from_fields, text_id
from services.messaging.campaigns.values import TriggerKind

MOST_CAMPAIGNS = 1000
MOST_OPEN = 100
ROOM_FOR_RACES = 20
"""Replicas that make campaigns at one moment may go beyond a limit by a few, which then count as well."""
OLDEST_SECONDS = 1.0
MOST_TEXTS = 200

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class KnownCampaigns:
    """The campaigns that are active or paused, as they were committed at one moment."""

    active: Mapping[TriggerKind, tuple[ActiveCampaign, ...]] = field(default_factory=dict)
    states: Mapping[str, CampaignState] = field(default_factory=dict)
    """Of those that are active or paused; all others are not under way."""
    edition: int = -1


class CampaignBook:
    """The campaigns under way, and the texts by which customers go on. Keeps the newest 200 texts."""

    def __init__(
        self,
        *,
        documents: Documents[Campaign],
        database: Database,
        monotonic: Callable[[], float] = time.monotonic,
        oldest_seconds: float = OLDEST_SECONDS,
    ) -> None:
        self._documents = documents
        self._database = database
        self._monotonic = monotonic
        self._oldest_seconds = oldest_seconds
        self._known = KnownCampaigns()
        self._looked_at: float | None = None
        self._looking = asyncio.Lock()
        self._not_active: tuple[int, tuple[ActiveCampaign, ...]] = (-1, ())
        self._texts: OrderedDict[tuple[str, int], Definition] = OrderedDict()

    async def active(self, kind: TriggerKind) -> tuple[ActiveCampaign, ...]:
        """Give the campaigns that such a trigger lets customers enter, by id. At most one small query a second."""
        return (await self._current()).active.get(kind, ())

    async def all_active(self) -> tuple[ActiveCampaign, ...]:
        """Give all campaigns that customers can enter."""
        return tuple(one for campaigns in (await self._current()).active.values() for one in campaigns)

    async def not_active(self) -> tuple[ActiveCampaign, ...]:
        """Give the campaigns that customers could enter once, and cannot now: what they said. Read anew on changes."""
        edition = (await self._current()).edition
        known_edition, known = self._not_active
        if edition != known_edition:
            found = [
                saved
                for state in (CampaignState.PAUSED, CampaignState.ENDED)
                for saved in await self._documents.page(limit=MOST_CAMPAIGNS, match={"state": state.value})
            ]
            known = tuple(
                ActiveCampaign(saved.key, saved.state.version, definition_from_proto(saved.state.text))
                for saved in found
                if saved.state.text is not None
            )
            self._not_active = edition, known
        return known

    async def state_of(self, campaign_id: str) -> CampaignState:
        """Say whether a campaign is active or paused; anything else counts as ended, which is looked up anew."""
        state = (await self._current()).states.get(campaign_id)
        if state is None:
            state = (await self.committed()).states.get(campaign_id)
        return state or CampaignState.ENDED

    async def committed(self) -> KnownCampaigns:
        """Give the campaigns as they are committed now."""
        async with self._looking:
            return await self._look()

    async def text(self, campaign_id: str, version: int) -> Definition | None:
        """Give a campaign's text of one version; it never changes. None where it was never active so.

        Raises ValueError where a newer version of the suite wrote it.
        """
        key = (campaign_id, version)
        known = self._texts.pop(key, None) or await self._find(campaign_id, version)
        if known is not None:
            self._texts[key] = known
            while len(self._texts) > MOST_TEXTS:
                self._texts.popitem(last=False)
        return known

    async def _find(self, campaign_id: str, version: int) -> Definition | None:
        saved = (await self._documents.get(campaign_id)).state
        if saved.version == version and saved.text is not None:
            return definition_from_proto(saved.text)
        with reading():
            kept = await self._database[CAMPAIGN_VERSIONS].find_one({"_id": text_id(campaign_id, version)})
        text = text_from_fields(kept["text"]) if kept else None
        return definition_from_proto(text) if text is not None else None

    async def _current(self) -> KnownCampaigns:
        if self._is_old():
            async with self._looking:
                if self._is_old():
                    await self._look()
        return self._known

    def _is_old(self) -> bool:
        return self._looked_at is None or self._monotonic() - self._looked_at >= self._oldest_seconds

    async def _look(self) -> KnownCampaigns:
        """Look whether campaigns have changed: one query, and two more where they have."""
        began = self._monotonic()
        edition = sum((await self._documents.versions(MOST_CAMPAIGNS + ROOM_FOR_RACES)).values())
        if edition != self._known.edition:
            self._known = await self._read(edition)
        self._looked_at = began
        return self._known

    async def _read(self, edition: int) -> KnownCampaigns:
        active: dict[TriggerKind, tuple[ActiveCampaign, ...]] = {}
        states: dict[str, CampaignState] = {}
        for state in (CampaignState.ACTIVE, CampaignState.PAUSED):
            found = await self._documents.page(limit=MOST_OPEN + ROOM_FOR_RACES, match={"state": state.value})
            for saved in found:
                states[saved.key] = state
                if state is CampaignState.ACTIVE and saved.state.text is not None:
                    try:
                        definition = definition_from_proto(saved.state.text)
                    except ValueError:  # written by a newer version of the suite: the replicas that know it lead it
                        log.warning("campaign_not_understood", campaign_id=saved.key)
                        continue
                    one = ActiveCampaign(saved.key, saved.state.version, definition)
                    kind = definition.trigger_kind
                    active[kind] = (*active.get(kind, ()), one)
        return KnownCampaigns(active, states, edition)
