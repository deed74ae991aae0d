"""The house that the play is given in: a suite that answers, and where its mails and traces arrive.

Either one that the launcher has just started, or one that runs elsewhere and is named in the environment.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

import omnithread
from deploy.local.granting import usual_scopes
from deploy.local.keys import Keys, mint_channel_token
from deploy.local.suite import CALL_TIMEOUT_SECONDS, Suite
from deploy.local.traces import TraceReceiver
from services.console.spans.values import Span


class Mails(Protocol):
    """Where mails are kept that went out."""

    def mails(self, *, recipient: str = "") -> list[EmailMessage]:
        """Give those that arrived, oldest first; with `recipient`, only those that were addressed to it."""


class Traces(Protocol):
    """Where spans are kept."""

    async def trace(self, trace_id: str) -> list[Span]:
        """Give the spans of a trace that have arrived, by start."""


@dataclass(frozen=True, slots=True)
class House:
    """One suite, as the presenter and the channels reach it."""

    addresses: Mapping[str, str]
    """Of the five services, for channels."""
    root_certificates_file: Path
    keys: Keys
    """Sign the tokens of the channels."""
    spans_endpoint: str
    """Where the channels send their spans, over OTLP/HTTP."""
    mailbox: Mails
    traces: Traces

    def token(self, channel: str, *, actor: str = "", scopes: Iterable[str] | None = None) -> str:
        """Mint a token for a channel; without `scopes` it may do what channels of its kind usually do."""
        granted = usual_scopes(channel) if scopes is None else scopes
        return mint_channel_token(self.keys.state, channel, actor=actor, scopes=granted)

    def connect(self, channel: str, *, scopes: Iterable[str]) -> omnithread.Omnithread:
        """Connect as a channel, through the client package, inside the running loop; the caller closes it."""
        return omnithread.connect(
            omnithread.Addresses(
                profile=self.addresses["profile"],
                cart=self.addresses["cart"],
                preference=self.addresses["preference"],
                messaging=self.addresses["messaging"],
                context=self.addresses["aggregator"],
            ),
            token=lambda: self.token(channel, scopes=scopes),
            root_certificates=self.root_certificates_file.read_bytes(),
            timeout_seconds=CALL_TIMEOUT_SECONDS,
        )


def house_of(suite: Suite, traces: TraceReceiver) -> House:
    """Give the house that a launched suite is."""
    return House(
        addresses={name: service.address for name, service in suite.services.items()},
        root_certificates_file=suite.authority.file,
        keys=suite.keys,
        spans_endpoint=traces.address,
        mailbox=suite.mailbox,
        traces=traces,
    )
