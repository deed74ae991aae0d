"""Writes messages into a folder in place of sending them: for trials, and for whoever wants to read them first.

One file for each message, named by its key and put there in one step: so the same message twice is one file, and
whether it was taken can be seen.
"""

import asyncio
import json
import os
import re
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from libs.clock import Clock
from services.messaging.delivery.adapters import Look, NotTaken, Parcel, Refused, Taken, Unsure, nothing_to_look_at
from services.messaging.delivery.mail import MailServer, compose
from services.messaging.delivery.parcels import parcel_data

KEY = re.compile(r"[A-Za-z0-9_-]{1,100}")


class FileSink:
    """Takes each key once."""

    can_look_up = True
    takes_once = True

    def __init__(self, folder: Path, *, clock: Clock, mail_from: MailServer | None = None) -> None:
        self._folder = folder
        self._clock = clock
        self._mail_from = mail_from
        """Whose mails they are, where mails are written as mails; None writes JSON for all."""

    async def hand_over(self, parcel: Parcel, last_look: Look = nothing_to_look_at) -> Taken:
        """Write a file, unless it is there. Raises Refused, NotTaken, CalledOff."""
        path = self._path(parcel.idempotency_key)
        if self._mail_from is not None:
            content = compose(self._mail_from, parcel, now=self._clock()).content
        else:
            content = json.dumps(parcel_data(parcel), ensure_ascii=False, sort_keys=True).encode() + b"\n"
        await last_look()
        try:
            await asyncio.to_thread(_put, path, content)
        except OSError as error:
            raise NotTaken(type(error).__name__) from None
        return Taken(provider_ref=path.name)

    async def look_up(self, idempotency_key: str) -> Taken | None:
        """Say whether there is a file. Raises Unsure."""
        path = self._path(idempotency_key)
        try:
            await asyncio.to_thread(path.stat)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unsure(type(error).__name__) from None
        return Taken(provider_ref=path.name)

    async def close(self) -> None:
        """Nothing is open."""

    def _path(self, key: str) -> Path:
        if not KEY.fullmatch(key):
            raise Refused("no key for a file")
        return self._folder / f"{key}{'.eml' if self._mail_from is not None else '.json'}"


def _put(path: Path, content: bytes) -> None:
    """Put a whole file where there is none: a link to it appears at once or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".part", delete=False) as part:
        part.write(content)
        part.flush()
        os.fsync(part.fileno())
    try:
        with suppress(FileExistsError):
            os.link(part.name, path)
    finally:
        Path(part.name).unlink(missing_ok=True)
