"""What a customer sends from the preference centre, read into what is to be saved. Pure."""

import re
from datetime import datetime, timedelta
from typing import cast

from libs.timestamps import to_timestamp
from libs.web.bodies import Fields, one
from libs.web.refusals import bad_request
from omnithread.common.v1.delivery_pb2 import DeliveryKind
from omnithread.preference.v1.preference_internal_service_pb2 import SaveAction, SaveChoice
from omnithread.preference.v1.preference_pb2 import QuietHours

A_MONTH = timedelta(days=30)
MOST_CHOICES = 50
KEY = re.compile(r"([a-z][a-z0-9_]{0,63})/([0-9]{1,3})")
TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(:[0-5][0-9])?")
TAG = re.compile(r"[A-Za-z0-9-]{1,35}")
PAUSES = frozenset({"", "off", "keep", "month"})


def saved_of(fields: Fields, *, now: datetime) -> SaveAction:
    """Give what changed on the page. Raises BAD_REQUEST for what our page does not send.

    Only what differs from what the page showed is saved: what another channel changed in between, of which this
    customer saw nothing, stays.
    """
    action = SaveAction(choices=_choices(fields))
    if one(fields, "quiet_before") != _quiet_now(fields):
        action.set_quiet_hours = True
        if one(fields, "quiet"):
            action.quiet_hours.CopyFrom(
                QuietHours(start_minute=_minute(one(fields, "quiet_from")), end_minute=_minute(one(fields, "quiet_to")))
            )
    pause = one(fields, "pause")
    if pause not in PAUSES:
        raise bad_request()
    if pause == "month":
        action.set_pause = True
        action.pause_until_time.CopyFrom(to_timestamp(now + A_MONTH))
    elif pause == "off" and one(fields, "paused_before"):
        action.set_pause = True
    language = one(fields, "language")
    if language and not TAG.fullmatch(language):
        raise bad_request()
    if language != one(fields, "language_before"):
        action.language = language
    return action


def _choices(fields: Fields) -> list[SaveChoice]:
    shown, before, ticked = (set(fields.get(name, ())) for name in ("shown", "before", "choice"))
    if not (before <= shown and ticked <= shown):
        raise bad_request()
    changed = sorted(before ^ ticked)
    if len(changed) > MOST_CHOICES:
        raise bad_request()
    return [_choice(key, granted=key in ticked) for key in changed]


def _choice(key: str, *, granted: bool) -> SaveChoice:
    match = KEY.fullmatch(key)
    if match is None or int(match[2]) not in DeliveryKind.values() or match[2] == "0":
        raise bad_request()
    kind = cast("DeliveryKind.ValueType", int(match[2]))
    return SaveChoice(purpose=match[1], delivery_kind=kind, granted=granted)


def _quiet_now(fields: Fields) -> str:
    """Give the quiet hours as the page writes those that it showed: `22:00-08:00`, or nothing."""
    return f"{one(fields, 'quiet_from')}-{one(fields, 'quiet_to')}" if one(fields, "quiet") else ""


def _minute(text: str) -> int:
    match = TIME.fullmatch(text)
    if match is None:
        raise bad_request()
    return int(match[1]) * 60 + int(match[2])
