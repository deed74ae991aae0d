"""Another system: takes what is posted to it, checks the signature, and answers as the test wants."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from libs.webhooks.signing import check_signature

Answer = Callable[["Post"], Awaitable[int]]


@dataclass(frozen=True)
class Post:
    """One request."""

    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)  # type: ignore[no-any-return]

    @property
    def id(self) -> str:
        return str(self.event["id"])

    def check(self, secret: str) -> None:
        check_signature([secret], self.headers["omnithread-signature"], self.body, datetime.now(UTC))


async def yes(_post: Post) -> int:
    return 200


@dataclass
class Receiver:
    """One address."""

    url: str = ""
    answer: Answer = yes
    posts: list[Post] = field(default_factory=list)
    """All requests, in the order in which they came."""
    taken: list[str] = field(default_factory=list)
    """Ids of the events that were answered with 200, in order."""

    def types(self, customer_id: str) -> list[str]:
        """Short types of one customer's posts."""
        return [str(post.event["type"]).rpartition(".")[2] for post in self.of(customer_id)]

    def of(self, customer_id: str) -> list[Post]:
        return [post for post in self.posts if post.event.get("subject") == customer_id]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                assert first.startswith("POST ")
                headers = {
                    name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name
                }
                post = Post(headers, await reader.readexactly(int(headers["content-length"])))
                self.posts.append(post)
                status = await self.answer(post)
                if status == 200:
                    self.taken.append(post.id)
                writer.write(b"HTTP/1.1 %d Said\r\nContent-Length: 0\r\n\r\n" % status)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Run one on a free port."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    try:
        yield receiver
    finally:
        server.close()
