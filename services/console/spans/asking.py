"""One question to a back end over HTTP: bounded in time and size, and every failure said in a sentence."""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from services.console.spans.source import SpansAway

MAX_ANSWER_BYTES = 32 * 1024 * 1024
ANSWER_SECONDS = 8.0

Plain = dict[str, Any]  # JSON
HEADER = re.compile(r"([A-Za-z0-9-]{1,64}):([ -~]{1,4096})")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    kind: str
    """The content type, without its parameters."""
    body: bytes

    def json(self, who: str) -> Plain:
        """Read it as a JSON object. Raises SpansAway."""
        try:
            read = json.loads(self.body)
        except (ValueError, RecursionError):
            read = None
        if not isinstance(read, dict):
            raise SpansAway(f"{who} gave an answer that cannot be read")
        return read


@dataclass(frozen=True, slots=True)
class Backend:
    """Where a back end answers, and what it is called in sentences."""

    name: str
    client: httpx.AsyncClient
    """With the address as its base; it follows no redirects."""
    answer_seconds: float = ANSWER_SECONDS
    max_bytes: int = MAX_ANSWER_BYTES

    async def ask(
        self, path: str, wanted: Mapping[str, str | int] | None = None, *, accept: str = "application/json"
    ) -> Answer:
        """Ask, and give 200, 400 or 404 with its body. Raises SpansAway for everything else."""
        headers: Mapping[str, str] = {"accept": accept}
        body = bytearray()
        try:
            async with (
                asyncio.timeout(self.answer_seconds),
                self.client.stream("GET", path, params=dict(wanted or {}), headers=headers) as answer,
            ):
                if answer.status_code not in {HTTPStatus.OK, HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}:
                    raise SpansAway(f"{self.name} answered with status {answer.status_code}")
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > self.max_bytes:
                        raise SpansAway(f"{self.name} gave more than can be shown")
        except TimeoutError:
            raise SpansAway(f"{self.name} did not answer within {self.answer_seconds:g} seconds") from None
        except httpx.HTTPError:
            raise SpansAway(f"{self.name} cannot be reached") from None
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Answer(status=answer.status_code, kind=kind, body=bytes(body))


def http_client(address: str, headers_file: Path | None = None) -> httpx.AsyncClient:
    """Connect to a back end; the caller closes it. No proxies and no credentials from the environment.

    Raises OSError where the file cannot be read, ValueError where a line of it is no header.
    """
    limits = httpx.Limits(max_connections=16, max_keepalive_connections=4)
    headers = {} if headers_file is None else headers_in(headers_file.read_text(encoding="utf-8"))
    return httpx.AsyncClient(base_url=address, headers=headers, trust_env=False, timeout=ANSWER_SECONDS, limits=limits)


def headers_in(text: str) -> dict[str, str]:
    """Read headers, a line each. Raises ValueError, without showing what may be a secret."""
    headers: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        found = HEADER.fullmatch(line)
        if found is None:
            raise ValueError(f"spans_headers_file: line {number} is no header")
        headers[found[1]] = found[2].strip()
    return headers
