"""Settings come from the environment, have safe defaults, and are refused where they make no sense."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from libs.settings import ServiceSettings


def test_names_follow_from_service_and_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ServiceSettings().database_name("cart") == "omnithread_cart"
    assert ServiceSettings().topic("context") == "omnithread.context.v1.events"
    monkeypatch.setenv("OMNITHREAD_TOPIC_PREFIX", "t7.")
    monkeypatch.setenv("OMNITHREAD_MONGO_DATABASE", "t7")
    settings = ServiceSettings()
    assert settings.topic("cart") == "t7.omnithread.cart.v1.events"
    assert settings.group("messaging") == "t7.omnithread.messaging"
    assert settings.database_name("cart") == "t7"


def test_sasl_needs_a_login() -> None:
    with pytest.raises(ValidationError, match="kafka_user and kafka_password_file"):
        ServiceSettings(kafka_security_protocol="SASL_SSL")
    ServiceSettings(kafka_security_protocol="SASL_SSL", kafka_user="cart", kafka_password_file=Path("password"))
    with pytest.raises(ValidationError, match="kafka_token_file"):
        ServiceSettings(kafka_security_protocol="SASL_SSL", kafka_sasl_mechanism="OAUTHBEARER")
    ServiceSettings(
        kafka_security_protocol="SASL_SSL", kafka_sasl_mechanism="OAUTHBEARER", kafka_token_file=Path("token")
    )


def test_every_setting_says_what_it_is_for() -> None:
    assert all(field.description for field in ServiceSettings.model_fields.values())


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        ServiceSettings().listen = "0.0.0.0:1"


def test_plaintext_stays_on_this_machine_unless_it_is_allowed_for_an_upgrade() -> None:
    assert ServiceSettings(listen="127.0.0.1:50052").tls_files is None
    with pytest.raises(ValidationError, match="beyond this machine only with tls_certificate_file"):
        ServiceSettings(listen="10.0.0.4:50052")
    assert ServiceSettings(listen="10.0.0.4:50052", plaintext_allowed=True).tls_files is None
