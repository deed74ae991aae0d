"""Stamps of commands that no caller sent: a worker's, a consumer's."""

import hashlib

from libs.origin import Origin, Stamp


def internal_stamp(request_id: str, origin: Origin) -> Stamp:
    """Give the stamp under which a command is carried out once; its id is all there is of its body."""
    return Stamp(
        request_id=request_id,
        body_hash=hashlib.sha256(request_id.encode()).digest(),
        issue_time=None,
        origin=origin,
    )
