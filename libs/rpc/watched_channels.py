"""The registry of channels, read again when its file changes: no channel waits for a restart, coming or going.

A file that cannot be read is left alone, and what was registered before counts: one line in the log for each change,
and a metric for as long as it is so. It is to be put in place whole (renamed): half a file may be a good one, too.
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry, Gauge

from libs.rpc.channels import Channel, ChannelRegistry, read_channels
from libs.rpc.watched_file import WatchedFile


def watched_channels(
    path: Path, *, registry: CollectorRegistry, monotonic: Callable[[], float] = time.monotonic
) -> ChannelRegistry:
    """Give the channels of a file as it is whenever they are asked for; it is looked at once a second at most.

    Raises ChannelsInvalid: a service that knows no channels must not start.
    """
    ChannelRegistry.load(path)  # which names the file in what it raises
    file = WatchedFile(path, read_channels, monotonic=monotonic)
    refused = Gauge(
        "omnithread_channels_file_refused",
        "1 while the file of channels, as it is now, cannot be read, and what was registered before counts.",
        registry=registry,
    )
    refused.set_function(lambda: float(file.is_stale))
    told = file.get()

    def now() -> Mapping[str, Channel]:
        nonlocal told
        found = file.get()
        if found is not told:
            told = found
            structlog.get_logger(__name__).info("channels_reloaded", channels=len(found))
        return found

    return ChannelRegistry(told, now=now)
