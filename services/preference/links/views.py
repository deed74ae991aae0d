"""Translates words: what the contract says of links, and what the model says."""

from collections.abc import Iterator

from libs.purposes import PurposeTable
from libs.timestamps import EPOCH, from_timestamp, to_timestamp
from omnithread.common.v1.delivery_pb2 import DeliveryKind
from omnithread.preference.v1 import preference_internal_service_pb2 as pb
from omnithread.preference.v1 import preference_pb2
from services.preference.confirming.confirmations import Confirmation
from services.preference.convert import contact_point_from, language_from, quiet_hours_to_proto
from services.preference.links.model import Choice, Choices, Page, can_grant
from services.preference.links.operations import View
from services.preference.links.standing import label_of, masked, state_at
from services.preference.links.tokens import Link, LinkKind
from services.preference.values import REVOKED, ConsentKey, Preferences, QuietHours

KINDS = {
    LinkKind.UNSUBSCRIBE: pb.LINK_KIND_UNSUBSCRIBE,
    LinkKind.PREFERENCES: pb.LINK_KIND_PREFERENCES,
    LinkKind.CONFIRM: pb.LINK_KIND_CONFIRM,
}
MOST_CHOICES = 200


def view_to_proto(view: View, purposes: PurposeTable) -> pb.LinkView:
    """Write what a page shows."""
    link = view.link
    shown = pb.LinkView(
        kind=KINDS[link.kind],
        standing=pb.LinkStanding.Value(f"LINK_STANDING_{view.standing}"),
        brand=link.brand,
        language=link.language,
    )
    if view.saved is None:
        return shown
    preferences = view.saved.state
    shown.language = preferences.language or link.language
    shown.purpose = link.key.purpose
    shown.purpose_label = label(link.key.purpose, purposes, shown.language)
    shown.delivery_kind = link.key.delivery_kind
    shown.masked_contact_point = masked(link.key.contact_point)
    shown.state = preference_pb2.ConsentState.ValueType(state_at(preferences, link.key))
    shown.expire_time.CopyFrom(to_timestamp(link.expire_time))
    if link.kind is LinkKind.PREFERENCES:
        shown.centre.CopyFrom(_centre(link, preferences, purposes, shown.language))
    return shown


def label(purpose: str, purposes: PurposeTable, language: str) -> str:
    """Say what a purpose is called."""
    told = purposes.get(purpose)
    return label_of(purpose, told.labels if told is not None else {}, language)


def choices_from_proto(said: pb.SaveAction) -> Choices:
    """Read what was saved. Raises LANGUAGE_UNKNOWN."""
    hours = said.quiet_hours
    has_pause = said.HasField("pause_until_time")
    return Choices(
        choices=tuple(Choice(one.purpose, one.delivery_kind, one.granted) for one in said.choices),
        set_quiet_hours=said.set_quiet_hours,
        quiet_hours=QuietHours(hours.start_minute, hours.end_minute) if said.HasField("quiet_hours") else None,
        set_pause=said.set_pause,
        pause_until=from_timestamp(said.pause_until_time, field="save.pause_until_time") if has_pause else None,
        language=language_from(said.language),
    )


def page_from_proto(request: pb.UseLinkRequest) -> Page:
    """Read what the customer saw."""
    return Page(request.wording, request.wording_version, request.source)


def message_link(request: pb.CreateMessageLinksRequest) -> Link:
    """Read whose message it is; each link that is made has its own kind and time. Raises CONTACT_POINT_INVALID."""
    return Link(
        kind=LinkKind.UNSUBSCRIBE,
        customer_id=request.customer_id,
        key=ConsentKey(request.purpose, request.delivery_kind, contact_point_from(request)),
        expire_time=EPOCH,
        message_id=request.message_id,
        brand=request.brand,
        language=request.language,
    )


def confirmation_link(confirmation: Confirmation, language: str) -> Link:
    """Give the link by which a yes is confirmed."""
    return Link(
        kind=LinkKind.CONFIRM,
        customer_id=confirmation.customer_id,
        key=confirmation.key,
        expire_time=confirmation.link_expire_time,
        confirmation_id=confirmation.confirmation_id,
        brand=confirmation.brand,
        language=language,
    )


def _centre(link: Link, preferences: Preferences, purposes: PurposeTable, language: str) -> pb.PreferenceCentre:
    pause = next((one for one in preferences.pauses if not one.purpose), None)
    return pb.PreferenceCentre(
        choices=list(_choices(link, preferences, purposes, language))[:MOST_CHOICES],
        preferred_channels=preferences.preferred_channels,
        quiet_hours=quiet_hours_to_proto(preferences.quiet_hours),
        pause_until_time=to_timestamp(pause.until_time) if pause else None,
        language=preferences.language,
        time_zone=preferences.time_zone,
    )


def _choices(link: Link, preferences: Preferences, purposes: PurposeTable, language: str) -> Iterator[pb.PurposeChoice]:
    marketing = [name for name in sorted(purposes) if not purposes[name].is_transactional]
    own = link.key.delivery_kind
    for name in marketing:
        key = ConsentKey(name, own, link.key.contact_point)
        yield _choice(key, state_at(preferences, key), purposes, language, may_grant=True)
    for name in marketing:
        for way in sorted({one.key.delivery_kind for one in preferences.consents if one.key.purpose == name} - {own}):
            may_grant = can_grant(link, name, way, purposes)
            key = ConsentKey(name, way, "")
            yield _choice(key, _widest(preferences, name, way), purposes, language, may_grant=may_grant)


def _widest(preferences: Preferences, purpose: str, way: int) -> int:
    """Give what stands by another way than the link's: a yes where there is one for any address."""
    keys = [one.key for one in preferences.consents if (one.key.purpose, one.key.delivery_kind) == (purpose, way)]
    states = [state_at(preferences, key) for key in keys]
    return next((state for state in states if state != REVOKED), REVOKED)


def _choice(key: ConsentKey, state: int, purposes: PurposeTable, language: str, *, may_grant: bool) -> pb.PurposeChoice:
    return pb.PurposeChoice(
        purpose=key.purpose,
        label=label(key.purpose, purposes, language),
        delivery_kind=DeliveryKind.ValueType(key.delivery_kind),
        state=preference_pb2.ConsentState.ValueType(state),
        can_grant=may_grant,
    )
