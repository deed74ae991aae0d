"""A process that ends in the middle of its work."""

from typing import NoReturn


class Crash(Exception):
    """The process is gone."""


async def crash(*_given: object, **_named: object) -> NoReturn:
    """Take the place of a step that is never reached."""
    raise Crash
