"""How far events have come, compared. Pure."""

from omnithread.common.v1.event_pb2 import Head


def reaches(known: Head | None, head: Head) -> bool:
    """Say whether what is known has come as far as this; what begins anew after a restore has not."""
    if head.seq == 0:
        return True
    return known is not None and known.epoch == head.epoch and known.seq >= head.seq
