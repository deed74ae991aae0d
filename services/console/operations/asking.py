"""Asks one process how it is: its health, and its numbers. What does not answer is said to, with why."""

import asyncio
from dataclasses import dataclass

import grpc
import httpx
from grpc import aio
from grpc_health.v1 import health_pb2

from omnithread.addresses import authority_options
from services.console.operations.figures import WANTED, Reading, reading_of
from services.console.operations.samples import NotMetrics, samples_of

ANSWER_SECONDS = 2.0
MOST_BYTES = 4 * 1024 * 1024
HEALTH_CHECK = "/grpc.health.v1.Health/Check"  # the stub of the health package has no types
PROBE_OPTIONS = (("grpc.use_local_subchannel_pool", 1),)  # else a refused probe slows down the next one


@dataclass(frozen=True, slots=True)
class NotAnswering:
    """Nothing usable came."""

    why: str
    """In words, without what the other side wrote."""


async def numbers_at(address: str, http: httpx.AsyncClient, *, now: float) -> Reading | NotAnswering:
    """Read what a process tells Prometheus at `host:port`; at most 4 MiB, within 2 s."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            async with http.stream("GET", f"http://{address}/metrics") as answer:
                if answer.status_code != httpx.codes.OK:
                    return NotAnswering(f"answers with status {answer.status_code}")
                body = bytearray()
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > MOST_BYTES:
                        return NotAnswering("tells more than can be read")
        text = body.decode("utf-8", errors="replace")
        # Reading takes milliseconds, and pages of others are kept up to date meanwhile.
        return await asyncio.to_thread(lambda: reading_of(samples_of(text, wanted=WANTED), time=now))
    except TimeoutError:
        return NotAnswering(f"no answer within {ANSWER_SECONDS:g} s")
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError):
        return NotAnswering("cannot be reached")
    except NotMetrics as error:
        return NotAnswering(f"tells what cannot be read: {error}")


async def health_at(address: str, *, credentials: grpc.ChannelCredentials | None) -> str | NotAnswering:
    """Give what gRPC health says of a service at its public address: `serving` or `not serving`."""
    options = (*PROBE_OPTIONS, *authority_options(address))
    opened = (
        aio.insecure_channel(address, options=options)
        if credentials is None
        else aio.secure_channel(address, credentials, options=options)
    )
    async with opened as channel:
        check = channel.unary_unary(
            HEALTH_CHECK,
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        try:
            answer = await check(health_pb2.HealthCheckRequest(), timeout=ANSWER_SECONDS)
        except aio.AioRpcError as error:
            if error.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
                return NotAnswering(f"no answer within {ANSWER_SECONDS:g} s")
            return NotAnswering("cannot be reached")
    return "serving" if answer.status == health_pb2.HealthCheckResponse.SERVING else "not serving"


async def ready_at(address: str, http: httpx.AsyncClient) -> str | NotAnswering:
    """Give what an HTTP process says of itself at `host:port/readyz`."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS), http.stream("GET", f"http://{address}/readyz") as answer:
            return "serving" if answer.status_code == httpx.codes.OK else "not serving"
    except TimeoutError:
        return NotAnswering(f"no answer within {ANSWER_SECONDS:g} s")
    except (httpx.HTTPError, httpx.InvalidURL):
        return NotAnswering("cannot be reached")
