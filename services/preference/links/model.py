"""Decides what a press of a button behind a link does. Pure.

The token proves that whoever presses reads at its address, so a yes that is said there needs no other confirmation.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from libs.mongo.values import Decision
from libs.purposes import PurposeTable
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL, DELIVERY_KIND_SMS, DeliveryKind
from services.preference import errors
from services.preference.events import Event
from services.preference.links.standing import find, keys_of_yes, state_at
from services.preference.links.tokens import Link
from services.preference.model import MAX_CONSENTS, Act, Change, Statement, set_consent, update
from services.preference.values import (
    GRANTED,
    IN_CENTRE,
    PENDING,
    REVOKED,
    ConsentKey,
    Pause,
    Preferences,
    QuietHours,
    sorted_consents,
)

MOST_AT_ONCE = 20
"""How many noes are noted in one write; a record announces 64 events at most before they are relayed."""
SAME_NO = timedelta(hours=1)
"""A no that is said again so soon needs no proof of its own."""
MAX_PAUSES = 20
ROOM_FOR_NOES = 2 * MAX_CONSENTS
"""A no by a link is never refused for want of room."""


@dataclass(frozen=True, slots=True)
class Page:
    """What the customer saw, for the proof."""

    wording: str
    wording_version: str
    source: str

    def statement(self, key: ConsentKey, state: int) -> Statement:
        """Give what was said there."""
        return Statement(key, state, self.wording, self.wording_version, self.source)


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of the preference centre, as it was saved."""

    purpose: str
    way: DeliveryKind.ValueType
    granted: bool


@dataclass(frozen=True, slots=True)
class Choices:
    """All that was saved in the preference centre."""

    choices: tuple[Choice, ...] = ()
    set_quiet_hours: bool = False
    quiet_hours: QuietHours | None = None
    set_pause: bool = False
    pause_until: datetime | None = None
    language: str = ""


RecordIds = Callable[[int], str]
"""Gives the id of the proof at a place; the same for the same place."""


def unsubscribe(preferences: Preferences, link: Link, page: Page, *, act: Act, record_ids: RecordIds) -> Change:
    """Let the purpose end by the way of the link: at its address, and at every one where a yes for all stands.

    A no that is said again within an hour is the same one, said now: mail programs repeat it, and whoever has the link
    may, and a proof for each would fill the chain.
    """
    noes, standing = _noes_at(preferences, link.key), find(preferences, link.key)
    if noes != [link.key] or standing is None or standing.state != REVOKED:
        return _say_no(preferences, noes, page, act=act, record_ids=record_ids)
    if act.time - standing.update_time >= SAME_NO:
        return _say_no(preferences, noes, page, act=act, record_ids=record_ids)
    others = [consent for consent in preferences.consents if consent.key != link.key]
    again = replace(standing, update_time=max(standing.update_time, act.said_time))
    return Decision(replace(preferences, consents=sorted_consents([*others, again])))


def unsubscribe_from_all(
    preferences: Preferences, link: Link, page: Page, *, purposes: PurposeTable, act: Act, record_ids: RecordIds
) -> Change:
    """Let all marketing end, 20 noes at a time; the fact `left` says how many are still to be said."""
    noes = dict.fromkeys(_noes_at(preferences, link.key) if state_at(preferences, link.key) != REVOKED else ())
    for consent in preferences.consents:
        purpose = purposes.get(consent.key.purpose)
        if consent.state != REVOKED and (purpose is None or not purpose.is_transactional):
            noes[consent.key] = None
    change = _say_no(preferences, list(noes)[:MOST_AT_ONCE], page, act=act, record_ids=record_ids)
    return Decision(change.state, change.events, facts={"left": str(max(len(noes) - MOST_AT_ONCE, 0))})


def unsubscribe_at(
    preferences: Preferences,
    link: Link,
    page: Page,
    *,
    purposes: PurposeTable,
    everything: bool,
    act: Act,
    record_ids: RecordIds,
) -> Change:
    """Let what comes to the link's address end there and nowhere else: its purpose, or 20 purposes of marketing."""
    noes = list[ConsentKey]()
    for name in dict.fromkeys(consent.key.purpose for consent in preferences.consents):
        purpose, key = purposes.get(name), replace(link.key, purpose=name)
        meant = name == link.key.purpose or (everything and (purpose is None or not purpose.is_transactional))
        if meant and state_at(preferences, key) in (GRANTED, PENDING):
            noes.append(key)
    return _say_no(preferences, noes[:MOST_AT_ONCE], page, act=act, record_ids=record_ids)


def save(
    preferences: Preferences,
    link: Link,
    choices: Choices,
    page: Page,
    *,
    purposes: PurposeTable,
    act: Act,
    record_ids: RecordIds,
) -> Change:
    """Set what was chosen; what stands so already is not noted again. Raises LINK_ACTION_NOT_POSSIBLE."""
    change = _fields(preferences, choices, act=act)
    state, events = change.state, list(change.events)
    for choice in choices.choices:
        purpose = purposes.get(choice.purpose)
        if purpose is None or purpose.is_transactional:
            raise errors.link_action_not_possible()
        key = _target(link, choice)
        if choice.granted:
            if not can_grant(link, choice.purpose, choice.way, purposes):
                raise errors.link_action_not_possible()
            said = [] if state_at(state, key) == GRANTED else [(key, GRANTED)]
        else:
            said = [(no, REVOKED) for no in _noes(state, link, choice) if _has_room(state, no)]
        for one, wanted in said:
            at_link = wanted == GRANTED and choice.way == link.key.delivery_kind
            after = set_consent(
                state,
                page.statement(one, wanted),
                act=act,
                record_id=record_ids(len(events)),
                confirmation=IN_CENTRE if at_link else 0,
                max_consents=MAX_CONSENTS if wanted == GRANTED else ROOM_FOR_NOES,
            )
            state, events = after.state, [*events, *after.events]
    return Decision(state, tuple(events))


def can_grant(link: Link, purpose: str, way: int, purposes: PurposeTable) -> bool:
    """Say whether a yes can be said behind this link: by another way only where none has to confirm its address."""
    if way == link.key.delivery_kind:
        return True
    told = purposes.get(purpose)
    return told is not None and not (told.needs_double_opt_in and way in (DELIVERY_KIND_EMAIL, DELIVERY_KIND_SMS))


def _target(link: Link, choice: Choice) -> ConsentKey:
    address = link.key.contact_point if choice.way == link.key.delivery_kind else ""
    return ConsentKey(choice.purpose, choice.way, address)


def _noes(preferences: Preferences, link: Link, choice: Choice) -> Iterable[ConsentKey]:
    """Say what a no in the centre takes back: by the way of the link at its address, by another way at every one."""
    key = _target(link, choice)
    if choice.way == link.key.delivery_kind:
        return _noes_at(preferences, key) if state_at(preferences, key) != REVOKED else ()
    return list(keys_of_yes(preferences, choice.purpose, choice.way))


def _noes_at(preferences: Preferences, key: ConsentKey) -> list[ConsentKey]:
    """Give the noes by which nothing more comes: a yes for every address would let it come to another one."""
    general = ConsentKey(key.purpose, key.delivery_kind, "")
    standing = find(preferences, general)
    wide = standing is not None and standing.state != REVOKED
    return list(dict.fromkeys([key, general] if wide else [key]))


def _say_no(
    preferences: Preferences, keys: Sequence[ConsentKey], page: Page, *, act: Act, record_ids: RecordIds
) -> Change:
    state, events = preferences, list[Event]()
    for key in keys:
        if not _has_room(state, key):
            continue
        change = set_consent(
            state,
            page.statement(key, REVOKED),
            act=act,
            record_id=record_ids(len(events)),
            max_consents=ROOM_FOR_NOES,
        )
        state, events = change.state, [*events, *change.events]
    return Decision(state, tuple(events))


def _has_room(preferences: Preferences, key: ConsentKey) -> bool:
    """Say whether a no can be noted. One without room is about an address of which nothing was said.

    Then nothing comes there, or only by a yes for every address, which ends with it.
    """
    return find(preferences, key) is not None or len(preferences.consents) < ROOM_FOR_NOES


def _fields(preferences: Preferences, choices: Choices, *, act: Act) -> Change:
    mask: list[str] = []
    pauses = tuple(pause for pause in preferences.pauses if pause.purpose)
    if choices.set_quiet_hours:
        mask.append("quiet_hours")
    if choices.set_pause:
        mask.append("pauses")
        pauses = (Pause("", choices.pause_until), *pauses)[:MAX_PAUSES] if choices.pause_until else pauses
    if choices.language:
        mask.append("language")
    if not mask:
        return Decision(preferences)
    wanted = Preferences(language=choices.language, quiet_hours=choices.quiet_hours, pauses=pauses)
    return update(preferences, wanted, mask, act=act)
