"""What can go wrong with campaigns, one function per reason of `omnithread.messaging.v1.ErrorReason`."""

from libs.errors import FieldFault, OmnithreadError, failed_precondition, invalid_argument, not_found
from services.messaging.campaigns.definition import CampaignState


def campaign_not_found() -> OmnithreadError:
    """Say that there is no such campaign, or no such version of it."""
    return not_found("CAMPAIGN_NOT_FOUND", "There is no such campaign, or no such version of it.")


def campaign_invalid(faults: tuple[FieldFault, ...]) -> OmnithreadError:
    """Refuse a campaign, naming each place and what is wrong there."""
    return invalid_argument(
        "CAMPAIGN_INVALID",
        f"The campaign has {len(faults)} faults, the first at {faults[0].field}: {faults[0].description}",
        field_faults=faults,
    )


def campaign_limit(limit: int) -> OmnithreadError:
    """Refuse one campaign too many."""
    return failed_precondition(
        "CAMPAIGN_LIMIT", f"There are {limit} campaigns already.", metadata={"limit": str(limit)}
    )


def campaign_state(state: CampaignState) -> OmnithreadError:
    """Refuse what cannot be done with a campaign that stands so."""
    return failed_precondition(
        "CAMPAIGN_STATE", "This cannot be done with the campaign as it stands.", metadata={"state": state.value}
    )


def enrolment_not_found() -> OmnithreadError:
    """Say that the customer is not in that campaign."""
    return not_found("ENROLMENT_NOT_FOUND", "The customer is not in that campaign.")
