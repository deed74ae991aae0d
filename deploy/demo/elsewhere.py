"""A suite that runs already, such as that of `deploy/compose.yaml`: named in the environment, by the usual variables.

The play takes customers, carts and a campaign's numbers from nothing, so it can be given once on one suite.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from time import time
from typing import Literal

import grpc
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

import omnithread
from deploy.demo.actor import ActFailed
from deploy.demo.house import House, Traces
from deploy.local.keys import PRIVATE_KEY, Keys
from deploy.local.mail_folder import read_mail_folder
from deploy.local.plan import SERVICES
from deploy.local.state import KEYS_FOLDER
from deploy.local.traces import trace_kept_at
from omnithread.profile.v1.profile_service_pb2 import GetProfileRequest
from services.console.spans.asking import Backend, http_client
from services.console.spans.jaeger import Jaeger
from services.console.spans.source import SpansAway
from services.console.spans.values import Span

KEPT_DAYS = 1
"""How far back Jaeger is asked: the play takes a minute."""


class Elsewhere(BaseSettings):
    """What the play has to know of a suite that it did not start."""

    model_config = SettingsConfigDict(env_prefix="OMNITHREAD_", frozen=True, extra="ignore", populate_by_name=True)

    profile_address: str
    """Where profile serves channels; as the other four."""
    cart_address: str
    preference_address: str
    messaging_address: str
    aggregator_address: str
    root_certificates_file: Path
    """Who signed the certificates that the services show, in PEM."""
    state_dir: Path
    """The folder whose `keys/` sign the tokens that the suite takes."""
    mails_folder: Path
    """Where its mail server keeps what it took: `.eml` files, or a Maildir."""
    spans_from: Literal["own", "jaeger"] = "jaeger"
    """Who keeps the spans."""
    spans_address: str
    """Where that answers, `http://127.0.0.1:16686`."""
    spans_endpoint: str = Field(validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    """Where spans are sent."""


@dataclass(frozen=True, slots=True)
class MailFolder:
    """Mails in files."""

    folder: Path

    def mails(self, *, recipient: str = "") -> list[EmailMessage]:
        """Give those that arrived, oldest first."""
        return read_mail_folder(self.folder, recipient=recipient)


@dataclass(frozen=True, slots=True)
class KeptByJaeger:
    """Spans in Jaeger."""

    jaeger: Jaeger

    async def trace(self, trace_id: str) -> list[Span]:
        """Give the spans that have arrived; none while Jaeger does not answer."""
        try:
            return await self.jaeger.trace(trace_id) or []
        except SpansAway:
            return []


@dataclass(frozen=True, slots=True)
class KeptByOurs:
    """Spans in the receiver of `services.console.spans`."""

    address: str

    async def trace(self, trace_id: str) -> list[Span]:
        """Give the spans that have arrived."""
        return await trace_kept_at(self.address, trace_id)


def is_elsewhere() -> bool:
    """Whether the environment names a suite to play on."""
    return any(f"OMNITHREAD_{name.upper()}_ADDRESS" in os.environ for name in SERVICES)


@asynccontextmanager
async def house_elsewhere() -> AsyncIterator[House]:
    """Give the house that the environment names. Raises ActFailed where something of it is missing or not as wanted."""
    try:
        told = Elsewhere()  # type: ignore[call-arg]  # the environment gives what it takes
    except ValidationError as error:
        missing = ", ".join(str(fault["loc"][0]) for fault in error.errors())
        raise ActFailed(f"to play on a suite that runs elsewhere, these have to be told as well: {missing}") from None
    keys = Keys(told.state_dir / KEYS_FOLDER)
    for file in (keys.state / PRIVATE_KEY, told.root_certificates_file):
        if not file.is_file():
            raise ActFailed(f"{file} is not there: does the suite run, and was it started from this folder?")
    async with http_client(told.spans_address) as client:
        backend = Backend("Jaeger", client)
        jaeger = KeptByJaeger(Jaeger(backend=backend, now=time, kept_days=KEPT_DAYS))
        traces: Traces = jaeger if told.spans_from == "jaeger" else KeptByOurs(told.spans_address)
        yield House(
            addresses={name: str(getattr(told, f"{name}_address")) for name in SERVICES},
            root_certificates_file=told.root_certificates_file,
            keys=keys,
            spans_endpoint=told.spans_endpoint,
            mailbox=MailFolder(told.mails_folder),
            traces=traces,
        )


async def refuse_who_was_here(client: omnithread.Omnithread, card: str) -> None:
    """Raise ActFailed where somebody has the card of the play's customer already: the play was given here before."""
    try:
        await client.profile.GetProfile(GetProfileRequest(identifier=omnithread.loyalty_card(card, verified=True)))
    except grpc.aio.AioRpcError as error:
        if omnithread.details_of(error).reason != "CUSTOMER_NOT_FOUND":
            raise ActFailed(f"the suite does not answer: {omnithread.details_of(error).message}") from None
    else:
        raise ActFailed("the play was given on this suite before, and needs one without its customer: begin anew")
