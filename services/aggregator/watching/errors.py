"""What can go wrong with watching, one function per reason."""

from libs.errors import OmnithreadError, aborted, resource_exhausted, unavailable


def watch_limit(limit: str, most: int) -> OmnithreadError:
    """Refuse one watcher too many; `limit` is `process`, `channel` or `customer`."""
    return resource_exhausted(
        "WATCH_LIMIT",
        f"At most {most} may watch at once per {limit} on this replica.",
        metadata={"limit": limit, "most": str(most)},
    )


def watch_stopped() -> OmnithreadError:
    """Send a watcher to another replica."""
    return unavailable("WATCH_STOPPED", "This replica stops; go on with the resume_token.")


def watch_parted() -> OmnithreadError:
    """End a stream of one who is not whom the watcher has been shown any more."""
    return aborted("WATCH_PARTED", "The merge that the watcher followed was undone; find out anew who is there.")
