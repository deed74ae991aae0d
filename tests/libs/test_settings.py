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


def test_every_setting_says_what_it_is_for() -> None:
    assert all(field.description for field in ServiceSettings.model_fields.values())


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        ServiceSettings().listen = "0.0.0.0:1"
