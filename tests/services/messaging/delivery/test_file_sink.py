import json
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from libs.clock import system_clock
from services.messaging.delivery.adapters import NotTaken, Refused
from services.messaging.delivery.file_sink import FileSink
from tests.services.messaging.delivery.parcels import parcel
from tests.services.messaging.delivery.test_mail import SERVER


async def test_the_same_message_twice_is_one_file_and_the_first_stays(tmp_path: Path) -> None:
    sink = FileSink(tmp_path / "out", clock=system_clock)
    assert await sink.look_up("msg_1") is None
    taken = await sink.hand_over(parcel())
    await sink.hand_over(parcel("other@example.com"))
    assert await sink.look_up("msg_1") == taken
    [file] = (tmp_path / "out").iterdir()
    told = json.loads(file.read_text(encoding="utf-8"))
    assert (file.name, told["to"], told["subject"]) == ("msg_1.json", "zoe@example.com", "Grüezi")


async def test_mails_can_be_read_as_mails(tmp_path: Path) -> None:
    sink = FileSink(tmp_path, clock=system_clock, mail_from=SERVER)
    await sink.hand_over(parcel())
    mail = message_from_bytes((tmp_path / "msg_1.eml").read_bytes(), policy=policy.default)
    assert (mail["To"], mail["Subject"]) == ("zoe@example.com", "Grüezi")


async def test_a_key_that_would_lead_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        await FileSink(tmp_path, clock=system_clock).hand_over(parcel(idempotency_key="../x"))


async def test_where_there_is_no_room_for_files_the_message_waits(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file, not a folder")
    with pytest.raises(NotTaken):
        await FileSink(tmp_path / "out", clock=system_clock).hand_over(parcel())
