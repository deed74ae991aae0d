"""What can go wrong with subscriptions, one function per reason."""

from libs.errors import FieldFault, OmnithreadError, failed_precondition, invalid_argument, not_found


def subscription_not_found(subscription_id: str) -> OmnithreadError:
    """Say that there is no such subscription, or no more."""
    return not_found(
        "SUBSCRIPTION_NOT_FOUND", "No subscription has this id.", metadata={"subscription_id": subscription_id}
    )


def subscription_invalid(faults: tuple[FieldFault, ...]) -> OmnithreadError:
    """Refuse a subscription, naming each place and what is wrong there."""
    return invalid_argument(
        "SUBSCRIPTION_INVALID",
        f"The subscription has {len(faults)} faults, the first at {faults[0].field}: {faults[0].description}",
        field_faults=faults,
    )


def subscription_limit(limit: int) -> OmnithreadError:
    """Refuse one subscription too many."""
    return failed_precondition(
        "SUBSCRIPTION_LIMIT", f"There are {limit} subscriptions.", metadata={"limit": str(limit)}
    )


def delivery_not_found() -> OmnithreadError:
    """Say that the subscription has no such delivery, or that it is too old."""
    return not_found("SUBSCRIPTION_DELIVERY_NOT_FOUND", "The subscription has no such delivery.")
