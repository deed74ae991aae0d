"""The file of providers: what it may say, and what is refused at the start in place of being found out at night."""

from pathlib import Path
from random import Random

import pytest

from libs.clock import system_clock
from services.messaging.delivery.making_providers import make_providers
from services.messaging.delivery.providers import Providers
from services.messaging.settings import MessagingSettings
from services.messaging.values import DeliveryKind

SECRET = "a secret of some length"
GOOD = """
[mail]
adapter = "smtp"
kinds = ["EMAIL"]
host = "mail.example.com"

[texts]
adapter = "webhook"
kinds = ["SMS", "PUSH"]
url = "https://sms.example.com/messages"
look_up_url = "https://sms.example.com/look-up"
secrets_file = "texts.secrets"
receipt_secrets_file = "texts.secrets"
rate_per_second = 20

[trial]
adapter = "file"
kinds = ["AD_AUDIENCE", "SMS"]
folder = "outgoing"
"""


def read(folder: Path, text: str) -> Providers:
    (folder / "texts.secrets").write_text(f"{SECRET} new\n\n{SECRET} old\n")
    (folder / "short.secrets").write_text("short\n")
    file = folder / "providers.toml"
    file.write_text(text)
    return make_providers(MessagingSettings(providers_file=file), clock=system_clock, random=Random(1))


def test_each_way_is_taken_by_the_first_who_has_it_and_ours_need_nobody(tmp_path: Path) -> None:
    providers = read(tmp_path, GOOD)
    taken = {kind: provider.provider_id for kind in DeliveryKind if (provider := providers.for_kind(kind))}
    assert taken == {"EMAIL": "mail", "SMS": "texts", "PUSH": "texts", "AD_AUDIENCE": "trial"}
    assert providers.kinds == ("EMAIL", "SMS", "PUSH", "AD_AUDIENCE", "IN_APP", "STORE_DISPLAY")
    texts = providers.find("texts")
    assert texts is not None
    assert (texts.adapter.can_look_up, texts.adapter.takes_once) == (True, True)
    assert texts.receipt_secrets == (f"{SECRET} new", f"{SECRET} old")
    assert SECRET not in repr(texts)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("not toml", "providers_file"),
        ('[Mail]\nadapter = "smtp"\nkinds = ["EMAIL"]\nhost = "x"', "Mail"),
        ('[mail]\nadapter = "pigeon"\nkinds = ["EMAIL"]', "pigeon"),
        ('[mail]\nadapter = "smtp"\nkinds = ["EMAIL"]', "host"),
        ('[mail]\nadapter = "smtp"\nkinds = []\nhost = "x"', "kinds"),
        ('[mail]\nadapter = "smtp"\nkinds = ["SMS"]\nhost = "x"', "EMAIL only"),
        ('[mail]\nadapter = "smtp"\nkinds = ["EMAIL"]\nhost = "x"\nprot = 25', "prot"),
        ('[box]\nadapter = "file"\nkinds = ["IN_APP"]\nfolder = "x"', "built in"),
        ('[sms]\nadapter = "webhook"\nkinds = ["SMS"]\nurl = "https://a.example/"', "secrets_file"),
        (
            '[sms]\nadapter = "webhook"\nkinds = ["SMS"]\nurl = "http://a.example/"\nsecrets_file = "texts.secrets"',
            "not_https",
        ),
        (
            '[sms]\nadapter = "webhook"\nkinds = ["SMS"]\nurl = "https://10.0.0.1/"\nsecrets_file = "texts.secrets"',
            "address_not_public",
        ),
        (
            '[sms]\nadapter = "webhook"\nkinds = ["SMS"]\nurl = "https://a.example/"\nsecrets_file = "short.secrets"',
            "16 characters",
        ),
        (
            '[mail]\nadapter = "smtp"\nkinds = ["EMAIL"]\nhost = "x"\nrate_per_second = -1',
            "rate_per_second",
        ),
    ],
)
def test_a_file_that_says_what_cannot_be_is_refused_at_the_start(tmp_path: Path, wrong: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read(tmp_path, wrong)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    settings = MessagingSettings(providers_file=tmp_path / "nothing.toml")
    with pytest.raises(ValueError, match="providers_file"):
        make_providers(settings, clock=system_clock, random=Random(1))
