"""A provider that is called over HTTP, in the test's own process: it takes each key once, and misbehaves as told."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OK = b"HTTP/1.1 200 OK\r\n"
SECRET = "what the gateway and we know"


@dataclass
class Gateway:
    """`manners` says for a customer or an address how a call is answered; else it is taken."""

    port: int = 0
    manners: dict[str, str] = field(default_factory=dict)
    calls: list[dict[str, Any]] = field(default_factory=list)
    """Every call for a message, as it came."""
    taken: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What was taken, by key: its effects."""
    times: dict[str, list[float]] = field(default_factory=dict)
    """When something was taken for a customer, on the clock of `time.monotonic`."""
    asked: list[str] = field(default_factory=list)
    """The keys that somebody looked up."""
    holds: int = 0
    """How many calls are held now."""
    released: asyncio.Event = field(default_factory=asyncio.Event)
    signatures: list[str] = field(default_factory=list)
    flooded_bytes: int = 0

    def effects(self, customer_id: str) -> list[dict[str, Any]]:
        """What reached a customer."""
        return [told for told in self.taken.values() if told["customer_id"] == customer_id]

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name}
        told = json.loads(await reader.readexactly(int(headers.get("content-length", "0"))))
        self.signatures.append(headers["omnithread-signature"])
        if first.split()[1] == "/look-up":
            key = told["idempotency_key"]
            self.asked.append(key)
            found = {"taken": key in self.taken, "provider_ref": f"ref-{key}"}
            return await _say(writer, 200, found)
        self.calls.append(told)
        manner = self.manners.get(told["customer_id"], self.manners.get(told["to"], ""))
        match manner:
            case "slow":
                await reader.read()
                return False
            case "garbage":
                writer.write(b"\x00\xffSSH-2.0-OpenSSH\r\n\r\n")
                await writer.drain()
                return False
            case "hold before taking":
                await self._hold()
                return False
            case "hold after taking":
                self._take(told)
                await self._hold()
            case "redirect":
                writer.write(b"HTTP/1.1 302 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
                return True
            case "flood":
                return await self._flood(writer)
            case "drop after taking":
                self._take(told)
                return False
            case status if status.isdigit():
                return await _say(writer, int(status), {})
        self._take(told)
        return await _say(writer, 200, {"provider_ref": f"ref-{told['idempotency_key']}"})

    async def _hold(self) -> None:
        self.holds += 1
        try:
            await self.released.wait()
        finally:
            self.holds -= 1

    def _take(self, told: dict[str, Any]) -> None:
        if told["idempotency_key"] not in self.taken:
            self.taken[told["idempotency_key"]] = told
            self.times.setdefault(told["customer_id"], []).append(time.monotonic())

    async def _flood(self, writer: asyncio.StreamWriter) -> bool:
        writer.write(OK + b"Content-Length: 10737418240\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x" * 65536)
            await writer.drain()
            self.flooded_bytes += 65536
            await asyncio.sleep(0)
        return False


async def _say(writer: asyncio.StreamWriter, status: int, told: dict[str, Any]) -> bool:
    body = json.dumps(told).encode()
    writer.write(b"HTTP/1.1 %d Said\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body)
    await writer.drain()
    return True


@asynccontextmanager
async def gateway() -> AsyncIterator[Gateway]:
    """Serve on a free port while inside."""
    one = Gateway()
    server = await asyncio.start_server(one.answer, "127.0.0.1", 0)
    one.port = server.sockets[0].getsockname()[1]
    try:
        yield one
    finally:
        server.close()


def providers_file(folder: Path, gate: Gateway, *, look_up: bool = False, more: str = "") -> Path:
    """Write a file in which the gateway takes text messages and push, and a folder takes audiences."""
    (folder / "gateway.secrets").write_text(f"{SECRET}\n")
    look_up_url = f'look_up_url = "http://127.0.0.1:{gate.port}/look-up"' if look_up else ""
    file = folder / "providers.toml"
    file.write_text(
        f"""
[gateway]
adapter = "webhook"
kinds = ["SMS", "PUSH"]
url = "http://127.0.0.1:{gate.port}/messages"
secrets_file = "gateway.secrets"
receipt_secrets_file = "gateway.secrets"
allow_http = true
allowed_networks = ["127.0.0.0/8"]
timeout_seconds = 1
circuit_failures = 1000
{look_up_url}
{more}

[folder]
adapter = "file"
kinds = ["AD_AUDIENCE"]
folder = "audiences"
"""
    )
    return file
