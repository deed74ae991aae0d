"""The preference centre: what the page shows, and what is saved of what comes back."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from libs.timestamps import to_timestamp
from libs.web.bodies import read_form
from libs.web.refusals import Refused
from omnithread.preference.v1.preference_internal_service_pb2 import PreferenceCentre, PurposeChoice, SaveAction
from omnithread.preference.v1.preference_pb2 import (
    CONSENT_STATE_GRANTED,
    CONSENT_STATE_PENDING,
    CONSENT_STATE_REVOKED,
    CONSENT_STATE_UNSPECIFIED,
    QuietHours,
)
from services.door.acts.centre_form import A_MONTH, saved_of
from services.door.acts.centre_values import centre_view
from services.door.pages.looks import Look
from services.door.pages.rendering import Page, render
from tests.services.door.forms import Forms, Pairs, fields_of

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
STATES = [CONSENT_STATE_GRANTED, CONSENT_STATE_REVOKED, CONSENT_STATE_UNSPECIFIED, CONSENT_STATE_PENDING]

minutes = st.integers(min_value=0, max_value=1439)


@st.composite
def centres(draw: st.DrawFn) -> PreferenceCentre:
    keys = draw(st.sets(st.tuples(st.sampled_from(["newsletter", "cart_reminder", "x"]), st.integers(1, 7))))
    centre = PreferenceCentre(
        choices=[
            PurposeChoice(
                purpose=purpose,
                delivery_kind=kind,  # type: ignore[arg-type]  # a number of the enum's
                label=draw(st.sampled_from(["", "News & <offers>", '"'])),
                state=draw(st.sampled_from(STATES)),
                can_grant=draw(st.booleans()),
            )
            for purpose, kind in sorted(keys)
        ],
        language=draw(st.sampled_from(["", "de", "en", "fr", "pt-BR", "xx-invented"])),
        time_zone=draw(st.sampled_from(["", "Europe/Berlin", "Nowhere/Never"])),
    )
    if draw(st.booleans()):
        centre.quiet_hours.CopyFrom(QuietHours(start_minute=draw(minutes), end_minute=draw(minutes)))
    if draw(st.booleans()):
        centre.pause_until_time.CopyFrom(to_timestamp(NOW + timedelta(days=draw(st.integers(-5, 4000)))))
    return centre


def shown(centre: PreferenceCentre, language: str = "en") -> str:
    view = centre_view(centre, language=language, now=NOW)
    values = {"centre": view, "done": False, "address": "c***@e***.com", "purpose": "", "way": ""}
    return render(Page(template="centre.html", language=language, look=Look("main"), values=values))


def form_of(centre: PreferenceCentre) -> Pairs:
    return Forms(shown(centre)).found["save"]


@given(centres(), st.sampled_from(["en", "de"]))
def test_who_saves_without_changing_anything_changes_nothing(centre: PreferenceCentre, language: str) -> None:
    pairs = Forms(shown(centre, language)).found["save"]
    assert saved_of(fields_of(pairs), now=NOW) == SaveAction()


@given(centres(), st.randoms())
def test_exactly_what_was_ticked_differently_is_saved(centre: PreferenceCentre, random: object) -> None:
    pairs = form_of(centre)
    offered = [value for name, value in pairs if name == "shown"]
    before = {value for name, value in pairs if name == "choice"}
    after = {key for key in offered if random.random() < 0.5}  # type: ignore[attr-defined]  # Hypothesis's Random
    sent = [pair for pair in pairs if pair[0] != "choice"] + [("choice", key) for key in after]
    saved = saved_of(fields_of(sent), now=NOW)
    told = {f"{one.purpose}/{one.delivery_kind}": one.granted for one in saved.choices}
    assert told == {key: key in after for key in before ^ after}


def changed(pairs: Pairs, **values: str | None) -> dict[str, tuple[str, ...]]:
    kept = [pair for pair in pairs if pair[0] not in values]
    return fields_of(kept + [(name, value) for name, value in values.items() if value is not None])


PLAIN = PreferenceCentre(
    choices=[PurposeChoice(purpose="newsletter", delivery_kind=1, state=CONSENT_STATE_GRANTED, can_grant=True)],  # type: ignore[arg-type]
    language="en",
)
SET = PreferenceCentre(quiet_hours=QuietHours(start_minute=1260, end_minute=450), language="de")
SET.pause_until_time.CopyFrom(to_timestamp(NOW + timedelta(days=3)))


def test_quiet_hours_are_set_changed_and_given_up() -> None:
    set_now = saved_of(changed(form_of(PLAIN), quiet="yes", quiet_from="23:15", quiet_to="06:30"), now=NOW)
    assert set_now.set_quiet_hours
    assert set_now.quiet_hours == QuietHours(start_minute=1395, end_minute=390)
    other = saved_of(changed(form_of(SET), quiet_to="08:00"), now=NOW)
    assert other.quiet_hours == QuietHours(start_minute=1260, end_minute=480)
    none = saved_of(changed(form_of(SET), quiet=None), now=NOW)
    assert none.set_quiet_hours
    assert not none.HasField("quiet_hours")


def test_a_pause_lasts_a_month_stays_or_ends() -> None:
    month = saved_of(changed(form_of(PLAIN), pause="month"), now=NOW)
    assert month.set_pause
    assert month.pause_until_time == to_timestamp(NOW + A_MONTH)
    assert not saved_of(changed(form_of(SET), pause="keep"), now=NOW).set_pause
    over = saved_of(changed(form_of(SET), pause="off"), now=NOW)
    assert over.set_pause
    assert not over.HasField("pause_until_time")


def test_a_language_is_chosen() -> None:
    assert saved_of(changed(form_of(PLAIN), language="de"), now=NOW).language == "de"


def test_what_cannot_be_changed_here_is_not_offered() -> None:
    centre = PreferenceCentre(
        choices=[PurposeChoice(purpose="newsletter", delivery_kind=2, state=CONSENT_STATE_REVOKED, can_grant=False)]  # type: ignore[arg-type]
    )
    assert "newsletter" not in shown(centre)


@pytest.mark.parametrize(
    "values",
    [
        {"choice": "invented/1"},
        {"shown": "newsletter/99", "choice": "newsletter/99", "before": None},
        {"shown": "newsletter/0", "choice": "newsletter/0", "before": None},
        {"shown": "Newsletter/1", "choice": "Newsletter/1", "before": None},
        {"quiet": "yes", "quiet_from": "25:00"},
        {"quiet": "yes", "quiet_from": ""},
        {"pause": "forever"},
        {"language": "<script>"},
    ],
)
def test_what_our_page_does_not_send_is_refused(values: dict[str, str | None]) -> None:
    with pytest.raises(Refused) as refused:
        saved_of(changed(form_of(PLAIN), **values), now=NOW)
    assert refused.value.status == 400


async def test_a_centre_with_as_many_choices_as_there_can_be_is_saved() -> None:
    choices = [
        PurposeChoice(
            purpose=f"{'p' * 60}_{number}",
            delivery_kind=1,  # type: ignore[arg-type]  # a number of the enum's
            state=CONSENT_STATE_GRANTED,
            can_grant=True,
        )
        for number in range(200)
    ]
    pairs = Forms(shown(PreferenceCentre(choices=choices))).found["save"]
    body = urlencode(pairs).encode()

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [(b"content-type", b"application/x-www-form-urlencoded"), (b"content-length", str(len(body)).encode())]
    request = Request({"type": "http", "method": "POST", "headers": headers}, receive)
    assert saved_of(await read_form(request, within_seconds=10), now=NOW) == SaveAction()
