"""Forms as browsers, mail providers and people with bad intentions send them."""

import contextlib
import time

import pytest

from libs.web.bodies import MOST_FORM_BYTES, _multipart
from libs.web.refusals import Refused

FORM = "multipart/form-data; boundary=b"
FIELD = b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n'
ONE_CLICK = [("List-Unsubscribe", "One-Click")]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (FORM, FIELD + b"--b--\r\n"),
        (FORM, FIELD + b"--b--"),
        ('multipart/form-data; charset=utf-8; boundary="b"', FIELD.replace(b"\r\n", b"\n") + b"--b--\n"),
        (FORM, b"this is a form\r\n" + FIELD + b"--b--\r\nthat was it"),
        (
            FORM,
            b'--b\r\ncontent-type: text/plain\r\ncontent-disposition: form-data; name=x; filename="y"\r\n\r\nz\r\n'
            + FIELD
            + b"--b--",
        ),
        (FORM, b"--b\r\n\r\nwithout a name\r\n" + FIELD + b"--b--"),
        (
            FORM,
            b"--b\r\nA: b\r\nContent-Disposition: form-data; name=List-Unsubscribe\r\n\r\nOne-Click\r\n--b--",
        ),
    ],
)
def test_a_one_click_is_understood_however_a_mail_provider_packs_it(content_type: str, body: bytes) -> None:
    assert _multipart(body, content_type) == ONE_CLICK


@pytest.mark.parametrize(
    "body", [b"", b"garbage", FIELD, b"--b--", b"--c\r\n\r\n--c--", b"--b\r\n\r\n\r\n" * 1000 + b"--b--"]
)
def test_what_is_no_such_form_is_refused(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        _multipart(body, FORM)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "mark", [b"(", b'"', b";", b";a=", b"; name=", b"\\", b"=?utf-8?q?", b"<", b" ", b"--b", b"\n--b"]
)
@pytest.mark.parametrize(
    "head",
    [
        b"Content-Disposition: form-data; ",
        b"Content-Disposition: form-data",
        b"Content-Type: ",
        b"Content-Transfer-Encoding: ",
        b"",
    ],
)
def test_no_form_however_it_is_made_keeps_the_door_busy(head: bytes, mark: bytes) -> None:
    body = b"--b\r\n" + head + mark * ((MOST_FORM_BYTES - 100) // len(mark)) + b"\r\n\r\nx\r\n--b--"
    content_type = f"{FORM}; {mark.decode() * (8000 // len(mark))}".replace("\n", "")
    began = time.process_time()
    for kind in (FORM, content_type, content_type.removeprefix(FORM)):
        with contextlib.suppress(Refused):
            _multipart(body, kind)
    assert time.process_time() - began < 0.3
