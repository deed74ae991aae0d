"""What can be done with subscriptions: made, changed, deleted, and given a new secret."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NoReturn

from libs.clock import Clock
from libs.errors import FieldFault, etag_mismatch
from libs.ids import NewId
from libs.mongo.documents import DocumentOutcome, Documents, SavedDocument
from libs.mongo.values import Decision
from libs.origin import Stamp
from libs.webhooks.addresses import AddressForbidden, AddressRules
from services.messaging.subscriptions import errors
from services.messaging.subscriptions.event_types import exists
from services.messaging.subscriptions.health import Healths
from services.messaging.subscriptions.values import (
    MOST_NAMES,
    MOST_OLD_SECRETS,
    MOST_SUBSCRIPTIONS,
    NOTHING,
    SECRET_OVERLAP,
    Secret,
    Subscription,
    Wanted,
)

HOOK_ID = "hook_id"
SECRET_VERSION = "secret_version"  # noqa: S105  the name of a fact
SECRET_BYTES = 32


def new_secret() -> str:
    """Draw a secret: 256 bits, with a prefix by which a leaked one is found."""
    return f"whsec_{secrets.token_urlsafe(SECRET_BYTES)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriptions:
    """The subscriptions, and who may be subscribed to."""

    documents: Documents[Subscription]
    healths: Healths
    rules: AddressRules
    clock: Clock
    new_id: NewId
    new_secret: Callable[[], str] = field(default=new_secret)

    async def put(
        self, subscription_id: str, wanted: Wanted, *, etag: str, stamp: Stamp
    ) -> DocumentOutcome[Subscription]:
        """Make or change one; a receiver that rested is tried at once.

        Raises SUBSCRIPTION_INVALID, SUBSCRIPTION_LIMIT, ETAG_MISMATCH.
        """
        check(wanted, self.rules)
        live = await self.documents.page(limit=MOST_SUBSCRIPTIONS, match={"is_deleted": False})
        names = await self.documents.versions(MOST_NAMES)
        is_full = len(live) >= MOST_SUBSCRIPTIONS or (len(names) >= MOST_NAMES and subscription_id not in names)
        hook_id, secret, now = self.new_id("hok"), self.new_secret(), self.clock()

        def decide(saved: SavedDocument[Subscription]) -> Decision[Subscription, NoReturn]:
            if etag and (not is_live(saved) or etag != saved.etag()):
                raise etag_mismatch()
            if is_live(saved):
                return Decision(replace(saved.state, wanted=wanted))
            if is_full:
                raise errors.subscription_limit(MOST_SUBSCRIPTIONS)
            version = saved.state.last_secret_version + 1
            made = Subscription(
                subscription_id=subscription_id,
                hook_id=hook_id,
                wanted=wanted,
                secrets=(Secret(version, secret),),
                last_secret_version=version,
                create_time=now,
            )
            return Decision(made, facts={HOOK_ID: hook_id, SECRET_VERSION: str(version)})

        outcome = await self.documents.run(subscription_id, stamp, decide)
        await self.healths.forget(outcome.saved.state.hook_id)
        return outcome

    async def rotate(self, subscription_id: str, *, stamp: Stamp) -> DocumentOutcome[Subscription]:
        """Make a new secret; the old one signs for another day. Raises SUBSCRIPTION_NOT_FOUND."""
        text, now = self.new_secret(), self.clock()

        def decide(saved: SavedDocument[Subscription]) -> Decision[Subscription, NoReturn]:
            _check(saved, "")
            rotated = with_new_secret(saved.state, text, now)
            facts = {HOOK_ID: rotated.hook_id, SECRET_VERSION: str(rotated.last_secret_version)}
            return Decision(rotated, facts=facts)

        return await self.documents.run(subscription_id, stamp, decide)

    async def delete(self, subscription_id: str, *, etag: str, stamp: Stamp) -> DocumentOutcome[Subscription]:
        """End one; its name, and nothing else, is kept. Raises SUBSCRIPTION_NOT_FOUND, ETAG_MISMATCH."""

        def decide(saved: SavedDocument[Subscription]) -> Decision[Subscription, NoReturn]:
            _check(saved, etag)
            return Decision(replace(saved.state, wanted=NOTHING, secrets=(), is_deleted=True))

        outcome = await self.documents.run(subscription_id, stamp, decide)
        await self.healths.forget(outcome.saved.state.hook_id)
        return outcome

    async def get(self, subscription_id: str) -> SavedDocument[Subscription]:
        """Read one. Raises SUBSCRIPTION_NOT_FOUND."""
        saved = await self.documents.get(subscription_id)
        _check(saved, "")
        return saved

    async def all(self) -> list[SavedDocument[Subscription]]:
        """Read all, by their ids."""
        return await self.documents.page(limit=2 * MOST_SUBSCRIPTIONS, match={"is_deleted": False})


def is_live(saved: SavedDocument[Subscription]) -> bool:
    """Whether there is such a subscription now."""
    return saved.exists and not saved.state.is_deleted


def secret_told(outcome: DocumentOutcome[Subscription]) -> str:
    """Give the secret that a request made, also to a retry of it; empty where it made none, or it is gone."""
    subscription, facts = outcome.saved.state, outcome.facts
    if facts.get(HOOK_ID, "") != subscription.hook_id or SECRET_VERSION not in facts:
        return ""
    return subscription.secret_of(int(facts[SECRET_VERSION]))


def with_new_secret(subscription: Subscription, text: str, now: datetime) -> Subscription:
    """Put a new secret first, and let the old ones end: the present one in a day."""
    version = subscription.last_secret_version + 1
    ending = (replace(one, until_time=one.until_time or now + SECRET_OVERLAP) for one in subscription.secrets)
    old = tuple(one for one in ending if one.until_time and one.until_time > now)[:MOST_OLD_SECRETS]
    return replace(subscription, secrets=(Secret(version, text), *old), last_secret_version=version)


def check(wanted: Wanted, rules: AddressRules) -> None:
    """Return where it can be subscribed to. Raises SUBSCRIPTION_INVALID."""
    faults = [
        FieldFault(field=f"event_types[{index}]", description="no such event")
        for index, pattern in enumerate(wanted.event_types)
        if not exists(pattern)
    ]
    try:
        rules.check_url(wanted.url)
    except AddressForbidden as error:
        faults.insert(0, FieldFault(field="url", description=error.why))
    if faults:
        raise errors.subscription_invalid(tuple(faults))


def _check(saved: SavedDocument[Subscription], etag: str) -> None:
    if not is_live(saved):
        raise errors.subscription_not_found(saved.key)
    if etag and etag != saved.etag():
        raise etag_mismatch()
