from pathlib import Path

import pytest
from pydantic import ValidationError

from services.messaging.delivery.mail import MailServer
from services.messaging.settings import MessagingSettings


def test_every_setting_says_what_it_is_for() -> None:
    own = {name for name in MessagingSettings.__annotations__ if not name.startswith("_")}
    assert own
    assert all(MessagingSettings.model_fields[name].description for name in own)


def test_without_a_mail_server_no_mail_is_sent() -> None:
    assert MailServer.of(MessagingSettings()) is None


def test_the_password_comes_from_the_first_line_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("hunter2\nnot this\n")
    settings = MessagingSettings(smtp_host="mail.example.com", smtp_user="shop", smtp_password_file=file)
    server = MailServer.of(settings)
    assert server is not None
    assert (server.password, server.tls) == ("hunter2", "starttls")


def test_a_lease_that_ends_before_the_mail_server_has_answered_is_refused() -> None:
    with pytest.raises(ValidationError, match="send_lease_seconds"):
        MessagingSettings(smtp_host="mail.example.com", send_lease_seconds=5)


def test_a_user_without_a_password_is_refused() -> None:
    with pytest.raises(ValidationError, match="smtp_password_file"):
        MessagingSettings(smtp_user="shop")
