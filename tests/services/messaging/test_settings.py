from pathlib import Path
from random import Random

import pytest
from pydantic import ValidationError

from libs.clock import system_clock
from services.messaging.delivery.making_providers import make_providers
from services.messaging.delivery.providers import Providers
from services.messaging.delivery.smtp import SmtpAdapter
from services.messaging.settings import MessagingSettings
from services.messaging.values import DeliveryKind


def test_every_setting_says_what_it_is_for() -> None:
    own = {name for name in MessagingSettings.__annotations__ if not name.startswith("_")}
    assert own
    assert all(MessagingSettings.model_fields[name].description for name in own)


def providers(settings: MessagingSettings) -> Providers:
    return make_providers(settings, clock=system_clock, random=Random(1))


def test_without_a_mail_server_no_mail_is_sent() -> None:
    assert providers(MessagingSettings()).for_kind(DeliveryKind.EMAIL) is None


def test_the_password_comes_from_the_first_line_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("hunter2\nnot this\n")
    settings = MessagingSettings(smtp_host="mail.example.com", smtp_user="shop", smtp_password_file=file)
    [provider] = providers(settings).all
    assert isinstance(provider.adapter, SmtpAdapter)
    assert (provider.adapter.server.password, provider.adapter.server.tls) == ("hunter2", "starttls")


def test_a_lease_that_ends_before_the_mail_server_has_answered_is_refused() -> None:
    with pytest.raises(ValidationError, match="send_lease_seconds"):
        MessagingSettings(smtp_host="mail.example.com", send_lease_seconds=5)


def test_a_user_without_a_password_is_refused() -> None:
    with pytest.raises(ValidationError, match="smtp_password_file"):
        MessagingSettings(smtp_user="shop")
