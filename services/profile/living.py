"""Who there is: a customer exists from when they were first seen until they are forgotten."""

from libs.errors import customer_not_found
from libs.mongo.record import Records
from libs.mongo.values import Saved
from services.profile.model import Profile
from services.profile.store import Announced


async def living(records: Records[Profile, Announced], customer_id: str) -> Saved[Profile]:
    """Give the customer who stands for an id today. Raises CUSTOMER_NOT_FOUND."""
    return checked(await records.get(customer_id), customer_id)


def checked(saved: Saved[Profile], customer_id: str) -> Saved[Profile]:
    """Give a record that was asked for by this id, where anybody was seen under it. Raises CUSTOMER_NOT_FOUND."""
    if saved.state.create_time is None:
        raise customer_not_found(customer_id)
    return saved
