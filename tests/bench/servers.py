"""The servers of the benchmark as processes: the stub of the database, the sink of spans, and the references."""

import asyncio
import json
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.local.ports import LOOPBACK, accepts, free_port
from deploy.local.server import Server
from tests.bench.where import ROOT

START_SECONDS = 600.0


class Module(Server[str]):
    """One module of ours, which serves at the port that it is told first. Its address is `host:port`."""

    def __init__(
        self,
        module: str,
        *arguments: str,
        folder: Path,
        name: str,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        port = free_port()
        super().__init__(
            command=[sys.executable, "-m", module, str(port), *arguments],
            data_dir=folder / f"{name}-{port}",
            address=f"{LOOPBACK}:{port}",
            port=port,
            responds=lambda _: accepts(port),
            name=name,
            environment=environment,
            cwd=ROOT,
            start_timeout_seconds=START_SECONDS,
        )

    @property
    def process_id(self) -> int:
        """Of the process that runs."""
        assert self.pid is not None
        return self.pid

    @property
    def log(self) -> str:
        """What it said."""
        return (self._data_dir / "server.log").read_text(encoding="utf-8", errors="replace")


class MongoStub(Module):
    """Holds what was recorded into a folder."""

    def __init__(self, recorded: Path, *, folder: Path, keeps_outbox: bool = True) -> None:
        more: Sequence[str] = () if keeps_outbox else ("--forgets-outbox",)
        super().__init__("tests.bench.stub", str(recorded), *more, folder=folder, name="mongo-stub")

    @property
    def uri(self) -> str:
        """For drivers."""
        return f"mongodb://{self.address}/?directConnection=true&serverMonitoringMode=poll"

    def check(self) -> None:
        """See that it understood all that it was asked. Raises RuntimeError with what it did not."""
        if refused := sorted({line.partition(": ")[2] for line in self.log.splitlines() if line.startswith("refused")}):
            raise RuntimeError(f"the stub of MongoDB does not understand {refused}")


class Sink(Module):
    """Takes spans."""

    def __init__(self, *, folder: Path) -> None:
        super().__init__("tests.bench.sink", folder=folder, name="sink")

    @property
    def endpoint(self) -> str:
        """For exporters."""
        return f"http://{self.address}"

    async def told(self) -> dict[str, Any]:  # JSON
        """Give how many spans came since this was asked last, and what they look like."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> dict[str, Any]:
        with urllib.request.urlopen(self.endpoint, timeout=5) as answer:  # noqa: S310  our own http address
            return dict(json.load(answer))
