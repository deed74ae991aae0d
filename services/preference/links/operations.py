"""Coordinates links: makes them for a message, shows what is behind one, and does what was pressed there."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

from libs.errors import OmnithreadError
from libs.ids import derived_id
from libs.mongo.values import Outcome, Saved
from libs.origin import Origin, Stamp
from libs.purposes import PurposeTable
from libs.telemetry.journey import add_journey_labels
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_WEB
from services.preference import errors
from services.preference.chain.sealing import sealed
from services.preference.confirming.model import Proof, Which, waiting
from services.preference.confirming.operations import Confirming
from services.preference.links.model import (
    Choices,
    Page,
    RecordIds,
    save,
    unsubscribe,
    unsubscribe_at,
    unsubscribe_from_all,
)
from services.preference.links.parted import MOST_PARTED, sources_of, was_two
from services.preference.links.standing import find, has_yes_at, state_at
from services.preference.links.tokens import LIFETIMES, Link, LinkKind, LinkTokens
from services.preference.model import Act, Change
from services.preference.operations import PreferenceBook
from services.preference.values import BY_LINK, GRANTED, PENDING, REVOKED, Preferences

PUBLIC_PAGES = "public-pages"
"""The channel on which customers act behind links."""
GONE = frozenset({"CUSTOMER_NOT_FOUND", "CUSTOMER_ERASED"})
MOST_ROUNDS = 20


class Standing(StrEnum):
    """Whether a link still does what it is for."""

    OPEN = "OPEN"
    DONE = "DONE"
    EXPIRED = "EXPIRED"
    ENDED = "ENDED"
    NOTHING_KEPT = "NOTHING_KEPT"


@dataclass(frozen=True, slots=True)
class View:
    """What a page shows."""

    link: Link
    standing: Standing
    saved: Saved[Preferences] | None = None
    """The customer's preferences; None where they are not shown."""


@dataclass(frozen=True, slots=True)
class Used:
    """What became of a press."""

    view: View
    replayed: bool


Decide = Callable[[Preferences, RecordIds], Change]
"""What a press does; it names the proofs of it."""


@dataclass(frozen=True, slots=True)
class Links:
    """What can be done with links."""

    book: PreferenceBook
    confirming: Confirming
    tokens: LinkTokens | None
    """None where the installation has no keys: then there are no links, and none is valid."""
    purposes: PurposeTable

    def of_message(self, link: Link) -> tuple[str, str]:
        """Give the addresses to unsubscribe and of the preference centre; `link` says whose message it is. No I/O."""
        if self.tokens is None:
            return "", ""
        now = self.book.clock()
        unsubscribing, centre = (
            self.tokens.url(replace(link, kind=kind, expire_time=now + LIFETIMES[kind]))
            for kind in (LinkKind.UNSUBSCRIBE, LinkKind.PREFERENCES)
        )
        return unsubscribing, centre

    def of_confirmation(self, link: Link) -> str:
        """Give the address of the page that confirms. No I/O."""
        return self.tokens.url(link) if self.tokens is not None else ""

    async def show(self, token: str) -> View:
        """Say what a page shows. Changes nothing. Raises LINK_INVALID."""
        return await self._view(self._read(token))

    async def unsubscribe(self, token: str, page: Page, *, everything: bool, stamp: Stamp) -> Used:
        """End the purpose of a message by its way, or all marketing. Raises LINK_INVALID."""
        link = self._read(token)
        act = self._act(stamp)
        deciding = partial(unsubscribe, link=link, page=page, act=act)
        if not everything:
            used, _ = await self._carry_out(link, _with_ids(deciding), stamp)
            return await self._also_of_parted(link, page, used, everything=False, stamp=stamp)
        all_of_it = partial(unsubscribe_from_all, link=link, page=page, act=act, purposes=self.purposes)
        replayed = True
        for number in range(MOST_ROUNDS):
            round_stamp = replace(stamp, request_id=derived_id("all", stamp.request_id, str(number)))
            used, outcome = await self._carry_out(link, _with_ids(all_of_it), round_stamp)
            replayed = replayed and used.replayed
            if outcome is None or outcome.facts.get("left", "0") == "0":
                break
        used = Used(await self._view(link), replayed)
        return await self._also_of_parted(link, page, used, everything=True, stamp=stamp)

    async def confirm(self, token: str, page: Page, *, stamp: Stamp) -> Used:
        """Confirm a yes; where it waits no more, nothing is done. Raises LINK_INVALID, LINK_ACTION_NOT_POSSIBLE."""
        link = self._read(token)
        if link.kind is not LinkKind.CONFIRM:
            raise errors.link_action_not_possible()
        view = await self._view(link)
        if view.saved is None:
            return Used(view, replayed=False)
        proof = Proof(BY_LINK, page.source, page.wording, page.wording_version)
        which = Which(confirmation_id=link.confirmation_id)
        try:
            outcome = await self.confirming.carry_out(view.saved.customer_id, which, proof, stamp=self._stamped(stamp))
        except OmnithreadError as error:
            if error.reason != "CONSENT_NOT_PENDING" and error.reason not in GONE:
                raise
            return Used(await self._view(link), replayed=False)
        return Used(await self._view(link), outcome.replayed)

    async def save(self, token: str, choices: Choices, page: Page, *, stamp: Stamp) -> Used:
        """Set what was chosen in the preference centre.

        Raises LINK_INVALID, LINK_ACTION_NOT_POSSIBLE, CONSENT_LIMIT.
        """
        link = self._read(token)
        if link.kind is not LinkKind.PREFERENCES:
            raise errors.link_action_not_possible()
        if await self._is_of_two(link):
            return Used(View(link, Standing.EXPIRED), replayed=False)
        act = self._act(stamp)
        deciding = partial(save, link=link, choices=choices, page=page, act=act, purposes=self.purposes)
        return (await self._carry_out(link, _with_ids(deciding), stamp))[0]

    def _read(self, token: str) -> Link:
        link = self.tokens.read(token) if self.tokens is not None else None
        if link is None:
            raise errors.link_invalid()
        add_journey_labels(customer_id=link.customer_id)
        return link

    async def _carry_out(self, link: Link, decide: Decide, stamp: Stamp) -> tuple[Used, Outcome[Preferences] | None]:
        if self.book.clock() >= link.expire_time:
            return Used(View(link, Standing.EXPIRED), replayed=False), None
        name, seed = self.book.new_id("con"), self.book.new_seed()

        def decide_saved(saved: Saved[Preferences]) -> Change:
            change = decide(saved.state, lambda place: derived_id("con", name, str(place)))
            return sealed(change, chain_id=saved.customer_id, seed=seed)

        try:
            outcome = await self.book.records.run(link.customer_id, self._stamped(stamp), decide_saved)
        except OmnithreadError as error:
            if error.reason not in GONE:
                raise
            return Used(View(link, Standing.NOTHING_KEPT), replayed=False), None
        return Used(View(link, _standing(link, outcome.saved.state), outcome.saved), outcome.replayed), outcome

    async def _view(self, link: Link) -> View:
        if self.book.clock() >= link.expire_time:
            return View(link, Standing.EXPIRED)
        customer_id = link.customer_id
        if link.kind is LinkKind.CONFIRM:  # whose it is may have changed since, where two were taken for one
            confirmation = await self.confirming.confirmations.find(link.confirmation_id)
            customer_id = confirmation.customer_id if confirmation is not None else customer_id
        try:
            saved = await self.book.get(customer_id)
        except OmnithreadError as error:
            if error.reason not in GONE:
                raise
            return View(link, Standing.NOTHING_KEPT)
        add_journey_labels(customer_id=saved.customer_id)
        if link.kind is LinkKind.PREFERENCES and await self._is_of_two(link):
            return View(link, Standing.EXPIRED)
        standing = _standing(link, saved.state)
        if standing is Standing.DONE and link.kind is LinkKind.UNSUBSCRIBE and await self._parted_hear_of(link):
            standing = Standing.OPEN
        return View(link, standing, saved)

    async def _is_of_two(self, link: Link) -> bool:
        """Say whether two were one when a link was made who are not any more: neither sets the other one's wishes."""
        exact = await self.book.records.get_exact(link.customer_id)
        return await was_two(self.book.database, exact, link.expire_time - LIFETIMES[LinkKind.PREFERENCES])

    async def _parted_hear_of(self, link: Link) -> bool:
        """Say whether one who was parted from the link's customer still gets such mails at its address."""
        return any(state_at(saved.state, link.key) in (GRANTED, PENDING) for saved in await self._parted(link))

    async def _also_of_parted(self, link: Link, page: Page, used: Used, *, everything: bool, stamp: Stamp) -> Used:
        """Say the no also for those who were parted from the link's customer: the mail may have been theirs."""
        if used.view.saved is None:
            return used
        act = self._act(stamp)
        for saved in await self._parted(link):
            saying = partial(
                unsubscribe_at, link=link, page=page, act=act, purposes=self.purposes, everything=everything
            )
            one_stamp = replace(stamp, request_id=derived_id("also", stamp.request_id, saved.customer_id))
            await self._carry_out(replace(link, customer_id=saved.customer_id), _with_ids(saying), one_stamp)
        return replace(used, view=await self._view(link))

    async def _parted(self, link: Link) -> list[Saved[Preferences]]:
        """Give those with a yes at the link's address who were one with its customer once, and are not any more.

        A mail from that time names the customer who remained then, and may have gone to the other one's address.
        """
        found, asked = list[Saved[Preferences]](), list[str]([link.customer_id])
        for customer_id in asked:
            exact = await self.book.records.get_exact(customer_id)
            for other in await sources_of(self.book.database, exact.released, known=asked):
                asked.append(other)
                saved = await self.book.records.standing(other)
                if not saved.erased and link.customer_id not in saved.lineage and has_yes_at(saved.state, link.key):
                    found.append(saved)
            if len(asked) > MOST_PARTED:
                break
        return found

    def _act(self, stamp: Stamp) -> Act:
        """Say that it is said now: a clock of the door that is slow is not to weaken a no."""
        return self.book.act(replace(self._stamped(stamp), issue_time=None))

    def _stamped(self, stamp: Stamp) -> Stamp:
        """Say that it was the customer's own act, on the public pages.

        What the door says of when it was pressed tells old presses from new ones, but is never ahead of us: no clock
        is to turn a no away.
        """
        origin = Origin(PUBLIC_PAGES, CHANNEL_KIND_WEB, traceparent=stamp.origin.traceparent)
        return replace(stamp, origin=origin, issue_time=stamp.issue_time and min(stamp.issue_time, self.book.clock()))


def _with_ids(decide: Callable[..., Change]) -> Decide:
    return lambda state, record_ids: decide(state, record_ids=record_ids)


def _standing(link: Link, preferences: Preferences) -> Standing:
    if link.kind is LinkKind.UNSUBSCRIBE:
        return Standing.DONE if state_at(preferences, link.key) == REVOKED else Standing.OPEN
    if link.kind is LinkKind.PREFERENCES:
        return Standing.OPEN
    if waiting(preferences, Which(confirmation_id=link.confirmation_id)) is not None:
        return Standing.OPEN
    consent = find(preferences, link.key)
    confirmed = consent is not None and consent.state == GRANTED and consent.confirmation_id == link.confirmation_id
    return Standing.DONE if confirmed and state_at(preferences, link.key) == GRANTED else Standing.ENDED
