"""Makes providers of what the file of providers, or the settings for mail, say of them."""

import random
from datetime import timedelta
from pathlib import Path

from libs.clock import Clock
from libs.webhooks.addresses import AddressForbidden, AddressRules, networks_from
from libs.webhooks.client import WebhookClient, WebhookTarget, WebhookTimeouts
from services.messaging.delivery.adapters import Adapter
from services.messaging.delivery.circuit import Circuit
from services.messaging.delivery.file_sink import FileSink
from services.messaging.delivery.mail import MailServer
from services.messaging.delivery.providers import Provider, Providers
from services.messaging.delivery.providers_file import (
    FileTerms,
    SmtpTerms,
    WebhookTerms,
    read_secrets,
    read_terms,
)
from services.messaging.delivery.smtp import SmtpAdapter
from services.messaging.delivery.turns import Turns
from services.messaging.delivery.webhook import WebhookAdapter, WebhookPlace
from services.messaging.settings import MessagingSettings
from services.messaging.values import DeliveryKind

SMTP = "smtp"
"""The only provider where there is no file: the mail server of the settings."""
MOST_MAILS_IN_FLIGHT = 8
LONGEST_CONNECT_SECONDS = 5.0


def make_providers(settings: MessagingSettings, *, clock: Clock, random: random.Random) -> Providers:
    """Read who there is. ValueError where the file says what cannot be, OSError where a secret cannot be read.

    Nobody may take longer than half of the lease, else the lease would end while they do.
    """
    file = settings.providers_file
    if file is None:
        terms = {SMTP: _mail_terms(settings)} if settings.smtp_host else {}
        folder = Path()
    else:
        terms, folder = read_terms(file), file.parent
    made = [_provider(name, one, folder, clock=clock, random=random) for name, one in terms.items()]
    for name, one in terms.items():
        if not isinstance(one, FileTerms) and one.timeout_seconds > settings.send_lease_seconds:
            raise ValueError(f"providers_file: {name}: timeout_seconds has to be within send_lease_seconds")
    return Providers(made)


def _mail_terms(settings: MessagingSettings) -> SmtpTerms | WebhookTerms | FileTerms:
    return SmtpTerms(
        adapter="smtp",
        kinds=(DeliveryKind.EMAIL,),
        host=settings.smtp_host,
        port=settings.smtp_port,
        tls=settings.smtp_tls,
        user=settings.smtp_user,
        password_file=settings.smtp_password_file,
        timeout_seconds=settings.smtp_timeout_seconds,
        from_address=settings.from_address,
        from_name=settings.from_name,
        max_in_flight=MOST_MAILS_IN_FLIGHT,
    )


def _provider(
    provider_id: str,
    terms: SmtpTerms | WebhookTerms | FileTerms,
    folder: Path,
    *,
    clock: Clock,
    random: random.Random,
) -> Provider:
    secrets_file = terms.receipt_secrets_file
    return Provider(
        provider_id=provider_id,
        adapter_name=terms.adapter,
        kinds=terms.kinds,
        adapter=_adapter(terms, folder, clock),
        circuit=Circuit(terms.circuit_failures, timedelta(seconds=terms.circuit_seconds), random),
        turns=Turns(terms.rate_per_second, terms.burst),
        most_in_flight=terms.max_in_flight,
        receipt_secrets=read_secrets(folder / secrets_file) if secrets_file else (),
    )


def _adapter(terms: SmtpTerms | WebhookTerms | FileTerms, folder: Path, clock: Clock) -> Adapter:
    match terms:
        case SmtpTerms():
            return SmtpAdapter(mail_server(terms, folder), clock=clock)
        case WebhookTerms():
            return _webhook(terms, folder, clock)
        case FileTerms():
            mail_from = MailServer("", 0, "none", "", "", 1.0, terms.from_address, "") if terms.from_address else None
            return FileSink(folder / terms.folder, clock=clock, mail_from=mail_from)


def mail_server(terms: SmtpTerms, folder: Path) -> MailServer:
    """Give where mails go. OSError where the password cannot be read."""
    file = terms.password_file
    return MailServer(
        host=terms.host,
        port=terms.port,
        tls=terms.tls,
        user=terms.user,
        password=(folder / file).read_text(encoding="utf-8").splitlines()[0] if file else "",
        timeout_seconds=terms.timeout_seconds,
        from_address=terms.from_address,
        from_name=terms.from_name,
    )


def _webhook(terms: WebhookTerms, folder: Path, clock: Clock) -> WebhookAdapter:
    secrets = read_secrets(folder / terms.secrets_file)
    headers: tuple[tuple[str, str], ...] = ()
    if terms.authorization_file:
        value = (folder / terms.authorization_file).read_text(encoding="utf-8").strip()
        headers = (("Authorization", value),)
    rules = AddressRules(allow_http=terms.allow_http, allowed_networks=networks_from(terms.allowed_networks))
    for url in filter(None, (terms.url, terms.look_up_url)):
        try:
            rules.check_url(url)
        except AddressForbidden as error:
            raise ValueError(f"providers_file: {error.why}") from None
    seconds = terms.timeout_seconds
    client = WebhookClient(
        rules=rules,
        timeouts=WebhookTimeouts(connect=min(LONGEST_CONNECT_SECONDS, seconds), step=seconds, total=seconds),
        ca_file=folder / terms.ca_file if terms.ca_file else None,
    )
    place = WebhookPlace(
        deliver=WebhookTarget(terms.url, secrets, headers=headers),
        look_up=WebhookTarget(terms.look_up_url, secrets, headers=headers) if terms.look_up_url else None,
        takes_once=terms.takes_once or bool(terms.look_up_url),
    )
    return WebhookAdapter(place, client=client, clock=clock)
