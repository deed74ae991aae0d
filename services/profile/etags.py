"""What a profile's etag stands for: what callers said of a customer.

Facts are counted moments after a visit began. Whoever read the profile in that visit shall still be able to change it.
"""

from libs.mongo.values import Saved, etag_of
from services.profile.model import Profile


def profile_etag(saved: Saved[Profile]) -> str:
    """Give the etag: it stays while only facts and memberships change, and never comes again."""
    return etag_of(saved.epoch, saved.customer_id, saved.version - saved.state.silent_count)
