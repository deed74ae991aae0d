"""Coordinates campaigns: write a draft, let it count, pause and end it. Documents that belong to no customer."""

from dataclasses import dataclass, replace
from typing import NoReturn

from libs.clock import Clock
from libs.errors import conflict, etag_mismatch
from libs.mongo.connection import Database
from libs.mongo.deadline import reading
from libs.mongo.documents import DocumentOutcome, Documents, SavedDocument
from libs.mongo.once import insert_once
from libs.mongo.values import Decision
from libs.origin import Stamp
from omnithread.messaging.v1.campaign_pb2 import CampaignDefinition
from services.messaging.campaigns import errors
from services.messaging.campaigns.book import MOST_CAMPAIGNS, MOST_OPEN, CampaignBook
from services.messaging.campaigns.checking import faults_of, template_faults
from services.messaging.campaigns.convert import definition_from_proto
from services.messaging.campaigns.definition import CampaignState, Definition
from services.messaging.campaigns.documents import (
    CAMPAIGN_VERSIONS,
    Campaign,
    text_from_fields,
    text_id,
    text_to_fields,
)
from services.messaging.campaigns.templates import known_templates
from services.messaging.texts.book import TemplateBook

MOST_TRIES = 5


class _NotPrepared(Exception):
    """The campaign has another text meanwhile than the one that was kept. No caller sees this."""


@dataclass(frozen=True, slots=True)
class Campaigns:
    """What can be done with campaigns."""

    documents: Documents[Campaign]
    database: Database
    book: CampaignBook
    templates: TemplateBook
    purposes: frozenset[str]
    """The names of the configured ones."""
    clock: Clock
    most_open: int = MOST_OPEN
    most_campaigns: int = MOST_CAMPAIGNS

    async def put(
        self, campaign_id: str, text: CampaignDefinition, *, etag: str, stamp: Stamp
    ) -> DocumentOutcome[Campaign]:
        """Write the draft of a new campaign, or of the next version of one."""
        self.check(definition_from_proto(text))
        is_full = await self._limit()

        def decide(saved: SavedDocument[Campaign]) -> Decision[Campaign, NoReturn]:
            if not saved.exists and is_full:
                raise errors.campaign_limit(is_full)
            if etag and (not saved.exists or etag != saved.etag()):
                raise etag_mismatch()
            if saved.state.state is CampaignState.ENDED:
                raise errors.campaign_state(saved.state.state)
            create_time = saved.state.create_time or self.clock()
            return Decision(replace(saved.state, draft=text, create_time=create_time))

        return await self.documents.run(campaign_id, stamp, decide)

    async def activate(self, campaign_id: str, *, etag: str, stamp: Stamp) -> DocumentOutcome[Campaign]:
        """Let the draft count as the next version, or a paused campaign go on.

        The text that counted until now is kept before it is replaced: who is under way goes on by it.
        """
        for _ in range(MOST_TRIES):
            before = (await self.documents.get(campaign_id)).state
            await self._keep_text(before)
            if before.draft is not None:
                await self._check_templates(definition_from_proto(before.draft))

            def decide(saved: SavedDocument[Campaign], prepared: Campaign = before) -> Decision[Campaign, NoReturn]:
                _check_found(saved, etag)
                campaign = saved.state
                if (campaign.version, campaign.draft) != (prepared.version, prepared.draft):
                    raise _NotPrepared
                active = CampaignState.ACTIVE
                if campaign.draft is not None and campaign.state is not CampaignState.ENDED:
                    text = campaign.draft
                    return Decision(
                        replace(campaign, state=active, version=campaign.version + 1, text=text, draft=None)
                    )
                if campaign.state is CampaignState.PAUSED:
                    return Decision(replace(campaign, state=active))
                raise errors.campaign_state(campaign.state)

            try:
                outcome = await self.documents.run(campaign_id, stamp, decide)
            except _NotPrepared:
                continue
            await self.book.committed()
            return outcome
        raise conflict()

    async def pause(self, campaign_id: str, *, etag: str, stamp: Stamp) -> DocumentOutcome[Campaign]:
        """Let nobody enter, and those under way wait."""

        def decide(saved: SavedDocument[Campaign]) -> Decision[Campaign, NoReturn]:
            _check_found(saved, etag)
            if saved.state.state not in {CampaignState.ACTIVE, CampaignState.PAUSED}:
                raise errors.campaign_state(saved.state.state)
            return Decision(replace(saved.state, state=CampaignState.PAUSED))

        outcome = await self.documents.run(campaign_id, stamp, decide)
        await self.book.committed()
        return outcome

    async def end(self, campaign_id: str, *, etag: str, stamp: Stamp) -> DocumentOutcome[Campaign]:
        """End it for good; a draft that waited goes."""

        def decide(saved: SavedDocument[Campaign]) -> Decision[Campaign, NoReturn]:
            _check_found(saved, etag)
            return Decision(replace(saved.state, state=CampaignState.ENDED, draft=None))

        outcome = await self.documents.run(campaign_id, stamp, decide)
        await self.book.committed()
        return outcome

    async def get(
        self, campaign_id: str, *, version: int = 0, draft: bool = False
    ) -> tuple[SavedDocument[Campaign], CampaignDefinition | None, int]:
        """Give a campaign with one of its texts, and of which version that is. Raises CAMPAIGN_NOT_FOUND."""
        saved = await self.documents.get(campaign_id)
        campaign = saved.state
        if not saved.exists:
            raise errors.campaign_not_found()
        if version in {0, campaign.version}:
            wants_draft = campaign.draft is not None and (draft or campaign.text is None) and not version
            return saved, campaign.draft if wants_draft else campaign.text, campaign.version
        with reading():
            kept = await self.database[CAMPAIGN_VERSIONS].find_one({"_id": text_id(campaign_id, version)})
        if kept is None:
            raise errors.campaign_not_found()
        return saved, text_from_fields(kept["text"]), version

    async def page(
        self, *, state: CampaignState | None, after_id: str, limit: int
    ) -> tuple[list[SavedDocument[Campaign]], str]:
        """Give one page by id, and the id after which the next one begins, empty at the end."""
        match = {"state": state.value} if state else {}
        found = await self.documents.page(after_key=after_id, limit=limit + 1, match=match)
        return found[:limit], found[limit - 1].key if len(found) > limit else ""

    def check(self, definition: Definition) -> None:
        """Raise CAMPAIGN_INVALID where the text is not consistent."""
        faults = faults_of(definition, purposes=self.purposes)
        if faults:
            raise errors.campaign_invalid(faults)

    async def _check_templates(self, definition: Definition) -> None:
        self.check(definition)
        faults = template_faults(definition, await known_templates(self.templates, definition))
        if faults:
            raise errors.campaign_invalid(faults)

    async def _limit(self) -> int:
        """Give the limit that is reached; 0 where none is."""
        if len(await self.documents.versions(self.most_campaigns)) >= self.most_campaigns:
            return self.most_campaigns
        opened = 0
        for state in (CampaignState.DRAFT, CampaignState.ACTIVE, CampaignState.PAUSED):
            opened += len(await self.documents.page(limit=self.most_open, match={"state": state.value}))
        return self.most_open if opened >= self.most_open else 0

    async def _keep_text(self, campaign: Campaign) -> None:
        """Keep the text that counts, or counted last: under its version it never changes."""
        if campaign.text is not None:
            text = {"_id": text_id(campaign.campaign_id, campaign.version), "text": text_to_fields(campaign.text)}
            await insert_once(self.database[CAMPAIGN_VERSIONS], text)


def _check_found(saved: SavedDocument[Campaign], etag: str) -> None:
    if not saved.exists:
        raise errors.campaign_not_found()
    if etag and etag != saved.etag():
        raise etag_mismatch()
